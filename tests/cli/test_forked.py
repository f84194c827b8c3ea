"""A command that is forked, as the tests have most of them, is as one that a user types."""

from __future__ import annotations

import subprocess
import sys

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


def test_what_an_interpreter_reads_at_its_start_is_not_told_to_a_fork(lab):
    """Other modules or another language need another interpreter."""
    assert not forkable(lab.environment(PYTHONPATH="/elsewhere"))
    assert not forkable(lab.environment(LC_ALL="tr_TR.UTF-8"))


def test_a_fork_that_does_not_end_is_ended(lab):
    """What takes too long raises as `subprocess.run` does."""
    lab.nasa.fault("timeout", seconds=20.0)
    with pytest.raises(subprocess.TimeoutExpired):
        forked(("run",), lab.environment(APOD_HTTP_TIMEOUT="30"), 2)
