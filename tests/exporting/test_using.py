"""`docs/using.md` does what it says: every block of it is executed over a real archive."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator.approaches import SimulatedJpl
from set_lab import SetLab

PAGE = (Path(__file__).parents[2] / "docs" / "using.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
BIN = Path(sys.executable).parent


@pytest.fixture
def room(lab, tmp_path):
    """A month of entries in `apod-archive`, and close approaches in its database; gives how a program is run there."""
    span = Span(lab.nasa.today.replace(month=12, day=1), lab.nasa.today)
    lab.filled(span)
    with SimulatedJpl() as jpl:
        assert SetLab(jpl, tmp_path / "approaches", lab.database, name="approaches").run(jpl.span).exit_code == 0
    (tmp_path / "apod-archive").exists() or (tmp_path / "apod-archive").symlink_to(lab.root)
    environment = lab.environment() | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_every_kind_of_use_is_there():
    """Python, SQL and the shell, in as many blocks as the page has."""
    assert [kind for kind, _ in BLOCKS] == ["python", "python", "python", "sql", "sql", "sql", "sh", "sh"]


def test_every_block_runs(lab, room):
    """Each of them ends well and says something."""
    for kind, block in BLOCKS:
        if kind == "python":
            assert room(sys.executable, "-W", "error", "-c", block).strip()
        elif kind == "sh":
            for line in block.splitlines():
                said = room("bash", "-c", line)
                assert said.strip() or "-o " in line, line
        else:
            with psycopg.connect(lab.database) as connection:
                for statement in block.split(";\n"):
                    if statement.strip():
                        connection.execute(statement).fetchall()
