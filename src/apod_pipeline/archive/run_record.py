"""What a run did, as JSON and back: what `--json` prints, the untracked log keeps, and steps hand to one another.

Takes an outcome, gives plain values, and the other way round. Pure; never decides where they are kept.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.dataset.spans import Span
from apod_pipeline.model import Asked, Outcome, Stage

TOLD_OTHERWISE = {"from", "to", "finished", "error"}  # than by an attribute of the same name


def as_json(outcome: Outcome) -> dict[str, Any]:
    """A run's outcome as `--json` prints it and the log keeps it."""
    return {
        "run": outcome.run,
        "command": outcome.command,
        "started": timestamp(outcome.started),
        "from": str(outcome.span.first) if outcome.span else None,
        "to": str(outcome.span.last) if outcome.span else None,
        "inserted": outcome.inserted,
        "changed": outcome.changed,
        **({"gone": outcome.gone} if outcome.gone else {}),
        "unchanged": outcome.unchanged,
        "refused": outcome.refused,
        "missing": {str(day): why for day, why in outcome.missing.items()},
        **({"denied": [str(day) for day in sorted(outcome.denied)]} if outcome.denied else {}),
        "version": outcome.version,
        "csv_md5": outcome.csv_md5,
        "exit_code": outcome.exit_code,
        "seconds": outcome.seconds,
        **({"asked": {name: asked._asdict() for name, asked in outcome.asked.items()}} if outcome.asked else {}),
    }


def from_json(said: Mapping[str, Any]) -> Outcome:
    """The outcome that `as_json` wrote down."""
    span = Span(*(dt.date.fromisoformat(said[end]) for end in ("from", "to"))) if said["from"] else None
    missing = {dt.date.fromisoformat(day): why for day, why in said["missing"].items()}
    rest = {name: value for name, value in said.items() if name not in TOLD_OTHERWISE}
    asked = {name: Asked(**told) for name, told in said.get("asked", {}).items()}
    denied = {dt.date.fromisoformat(day) for day in said.get("denied", ())}
    read = {"started": instant(said["started"]), "span": span, "missing": missing, "denied": denied, "asked": asked}
    return Outcome(**rest | read)


@contextmanager
def timed(outcome: Outcome, stage: str) -> Iterator[None]:
    """Count the seconds of what is done inside as a stage's, and keep when that was."""
    began, start, ended_by = dt.datetime.now(dt.UTC), time.perf_counter(), ""
    try:
        yield
    except BaseException as error:
        outcome.stopped_in = outcome.stopped_in or stage
        ended_by = f"{type(error).__name__}: {error}"
        raise
    finally:
        seconds = time.perf_counter() - start
        outcome.seconds[stage] = round(outcome.seconds.get(stage, 0.0) + seconds, 3)
        outcome.stages.append(Stage(stage, began, seconds, ended_by))
