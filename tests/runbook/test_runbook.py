"""The runbook, performed: every command of `docs/runbook.md` in its order, and what was really said.

It is compared with the page (`make test-runbook`), or written into it (`make runbook`).
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
BLOCK = re.compile(r"```console\n(.*?)```|<!-- drill: (.*?) -->", re.DOTALL)
CHANGING = (
    r"^seconds: .*$",
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00| UTC)?",
    r"\b\d{8}T\d{6,12}Z|(?<!\d)\d{8}_\d{6}(?:_\d+)?",
    r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b(?:\.dir)?",
    r"\b\d+(?:\.\d+)? (?:seconds|s|ms|bytes|kB|KB|MB|GB)\b",
    r"\b\d+\.\d\d\b",
    r"(?<=Could not read from remote repository\.).*?(?=apod doctor)",  # cut where a path leaves no more room
)
MAY_FAIL = (
    *("apod verify", "apod run --date 2018-12-28", "APOD_GIT_REMOTE=$PWD/forge.git"),
    *("apod run --date 2018-12-30", "apod run --date 2018-12-27"),
)


@pytest.fixture
def shell(past):
    """Runs a command line beside the archive, as a user would; gives what was said, and how it ended."""
    past.flags["database_url"] = ""
    past.flags["today"] = "2018-12-31"
    base = past.root.parent
    environment = past.environment(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", COLUMNS="120")

    def run(line: str) -> tuple[str, int]:
        done = subprocess.run(
            ["bash", "-c", line], cwd=base, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        said = (done.stdout + done.stderr).replace(str(base), "/srv/apod").replace("<script>alert(1)</script>", "")
        return re.sub(
            r"127\.0\.0\.1:\d+", "127.0.0.1", re.sub(r"[ \t]+$", "", said, flags=re.MULTILINE)
        ), done.returncode

    assert run("apod recover database")[1] == 0
    return run


def _lasting(text: str) -> list[str]:
    """The page's lines without what is another at every performance: instants, hashes, seconds, sizes."""
    for changing in CHANGING:
        text = re.sub(changing, "…", text, flags=re.MULTILINE)
    return [" ".join(line.split()) for line in text.splitlines()]  # columns are as wide as what stands in them


def _arrange(nasa, words):
    """What the services are to do from here on: `edit DAY field=value`, `hide DAY` or `show DAY`."""
    what, day, *rest = words.split(" ", 2)
    fields = dict([rest[0].split("=", 1)]) if rest else {}
    getattr(nasa, what)(dt.date.fromisoformat(day), **fields)


def test_every_procedure_is_performed(shell, past):
    """Each command is typed in its order; only those may fail that look for what was lost; all is well at the end."""

    def performed(block: re.Match[str]) -> str:
        if block[2]:
            _arrange(past.nasa, block[2])
            return block[0]
        lines = []
        for line in block[1].splitlines():
            if not line.startswith("$ "):
                continue
            said, code = shell(line[2:])
            assert not code or "WRONG" in line or line[2:].startswith(MAY_FAIL), (line, said)
            lines += [line, *said.splitlines()]
        return "```console\n" + "\n".join(lines) + "\n```"

    page = RUNBOOK.read_text(encoding="utf-8")
    text = BLOCK.sub(performed, page)
    assert shell("apod verify")[1] == 0
    if os.environ.get("APOD_RUNBOOK") == "write":
        RUNBOOK.write_text(text, encoding="utf-8")
        return
    differences = difflib.unified_diff(_lasting(page), _lasting(text), "the page", "what is said now", lineterm="", n=1)
    assert not (told := "\n".join(differences)), f"{told}\n`make runbook` writes the page anew"
