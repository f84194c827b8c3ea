"""Runs that are killed: in a process of their own, at a place that the program names.

Takes a bench and a place, gives how the run ended; None where it was killed. As a program it takes a bench and a run
from its standard input, and does that run.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from apod_pipeline.dataset.spans import Span
from apod_pipeline.model import Outcome
from kill_places import KILL_PLACES
from worlds.bench import Bench

# There is no DVC and no Git here. Files are called as the data set.
KILLED = [place for place in KILL_PLACES if not place.startswith(("dvc", "git", "committed"))]


def killed_run(bench: Bench, place: str, span: Span | None, how: Mapping[str, Any]) -> Outcome | None:
    """A run that is killed at a place, if it passes there."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=pickle.dumps((bench, span, how)),
        env={**os.environ, "APOD_KILL_AT": place.replace("apod_", f"{bench.name}_")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, f"a run in a process of its own breaks: {done.stderr.decode()[-300:]}"
    outcome: Outcome = pickle.loads(done.stdout)  # noqa: S301 - our own
    return outcome


if __name__ == "__main__":
    there, days, settings = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own
    sys.stdout.buffer.write(pickle.dumps(there.run(days, **settings)))
