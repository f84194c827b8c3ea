"""A command that is forked, as the tests have most of them, is as one that a user types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from apod_pipeline.dataset.spans import Span
from forked import forkable, forked
from lab import TODAY

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--version",), {}),
        (("nonsense",), {}),
        (("run", "--help"), {}),
        (("status", "--json"), {}),
        (("coverage",), {}),
        (("run",), {"APOD_HTTP_RETRIES": "many"}),
        (("run",), {"APOD_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}),
        (("rebuild",), {"APOD_KILL_AT": "write apod_data.csv"}),
    ],
)
def test_it_says_and_ends_as_one_that_is_started_anew(lab, words, told):
    """The same words on both streams, the same exit code or signal."""
    lab.filled(Span(TODAY, TODAY))
    variables = lab.environment(**told)
    assert forkable(variables)
    fork = forked(words, variables, 60)
    anew = subprocess.run(
        [sys.executable, "-m", "apod_pipeline.cli", *words], env=variables, capture_output=True, text=True, check=False
    )
    assert (fork.returncode, fork.stdout, fork.stderr) == (anew.returncode, anew.stdout, anew.stderr)


def test_its_process_of_dvc_does_what_one_that_is_started_anew_does(lab, other):
    """A forked run, whose DVC is forked too, leaves the same pointers, objects and settings of DVC as a run anew."""
    words = ("run", "--from", str(TODAY), "--to", str(TODAY))
    assert forked(words, lab.environment(), 60).returncode == 0
    anew = [sys.executable, "-m", "apod_pipeline.cli", *words]
    subprocess.run(anew, env=other.environment(), check=True, capture_output=True)
    assert _tracked(lab.root) == _tracked(other.root)


def _tracked(root: Path) -> tuple[list[bytes], set[str], int]:
    """What DVC wrote of the CSV and what it hides, the names of all that it wrote, and how many objects it pushed."""
    written = {path.name: path for path in (*root.rglob("*.dvc"), root / ".dvcignore", *(root / ".dvc").glob("*"))}
    objects = [path for path in root.with_name(f"{root.name}-remote").rglob("*") if path.is_file()]
    alike = [written[name].read_bytes() for name in ("apod_data.csv.dvc", ".dvcignore", ".gitignore")]
    return alike, {*written}, len(objects)


def test_what_an_interpreter_reads_at_its_start_is_not_told_to_a_fork(lab):
    """Other modules or another language need another interpreter."""
    assert not forkable(lab.environment(PYTHONPATH="/elsewhere"))
    assert not forkable(lab.environment(LC_ALL="tr_TR.UTF-8"))


def test_a_fork_that_does_not_end_is_ended(lab):
    """What takes too long raises as `subprocess.run` does."""
    lab.nasa.fault("timeout", seconds=20.0)
    with pytest.raises(subprocess.TimeoutExpired):
        forked(("run",), lab.environment(APOD_HTTP_TIMEOUT="30"), 2)
