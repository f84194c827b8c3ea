"""Which commit a kept record was measured at, and how old that is.

Takes the repository, gives a commit's short hash, and writes pages that hold it. As a program (`make check`) it says
which records of this folder are older than thirty commits to `src/`. Never fails: a record that is old is no error, and
a shallow clone knows no age.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLD = 30  # commits to src/
_STAMP = re.compile(r'at commit `?([0-9a-f]{7,40})(\+?)|"commit": "([0-9a-f]{7,40})(\+?)"')


def commit() -> str:
    """The commit that is measured; with a `+` where the sources are not what it holds."""
    changed = _git("status", "--porcelain", "--", str(HERE.parent / "src"), str(HERE.parent / "airflow"))
    return (_git("rev-parse", "--short=10", "HEAD") or "none") + ("+" if changed else "")


def write(name: str, title: str, made_by: str, lines: list[str]) -> None:
    """Print what was measured, and keep it as a page of this folder."""
    for line in lines:
        print(line)
    made = f"Made by `{made_by}` on {dt.datetime.now(dt.UTC):%Y-%m-%d} at commit {commit()}"
    made += f", on {os.cpu_count()} processors."
    (HERE / name).write_text(f"# {title}\n\n{made}\n\n" + "".join(f"- {line}\n" for line in lines), encoding="utf-8")


def records() -> Iterator[tuple[str, str]]:
    """Each kept record's name, and the commit it was measured at."""
    for file in sorted([*HERE.glob("*.md"), *(HERE / "records").glob("*.json")]):
        if found := _STAMP.search(file.read_text(encoding="utf-8")):
            yield str(file.relative_to(HERE)), found[1] or found[3]


def age(measured: str) -> int | None:
    """How many commits to `src/` there were since; None where the repository does not know that commit."""
    told = _git("rev-list", "--count", f"{measured}..HEAD", "--", str(HERE.parent / "src"))
    return int(told) if told else None


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(HERE), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def main() -> None:
    """Say which records are old."""
    for name, measured in records():
        if (commits := age(measured)) is not None and commits > OLD:
            print(f"benchmarks/{name} is {commits} commits to src/ old: `make bench-all` measures anew")


if __name__ == "__main__":
    main()
