"""What lasting costs: years of daily versions made, packed, thinned out, verified and restored, and what they take.

Takes years (default 10) and an empty folder, prints a JSON object a step. Every version is made by a run of today's
code over the simulator: a new day, and every tenth day an edit of an older one. Only the clock of the pipeline is moved
on; the service's replies have today's, so all of the ledger's lines are of one month. Ten years take an hour and more.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from measuring import Command, cost_of
from surroundings import BIN

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.jobs.verify import verify
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import Settings, resolve
from apod_pipeline.settings.keeping import Keep
from apod_pipeline.simulator import Simulator
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.versions.thinned import thinned
from apod_pipeline.wiring import database, initialise, pipeline, pruning

BEGIN = dt.date(2026, 11, 30)
KEEP = "last=30,monthly=12,yearly=all"
Given = TypeVar("Given")
EVERY = 100  # versions between two prunings


def main(years: float, folder: Path) -> None:
    """Make, thin out, verify, restore."""
    days = round(365.25 * years)
    with Simulator(today=BEGIN + dt.timedelta(days)) as nasa, ExitStack() as open_things:

        def settings(today: dt.date) -> Settings:
            flags = {"archive": folder / "archive", "science_url": nasa.url, "planetary_url": nasa.url, "today": today}
            return resolve(flags, {}, None)

        archive, started = initialise(settings(BEGIN)), time.monotonic()
        open_things.enter_context(database(settings(BEGIN), archive))  # one server for all runs
        for number in range(days + 1):
            today = BEGIN + dt.timedelta(number)
            if number % 10 == 5:
                nasa.edit(today - dt.timedelta(7), title=f"A better title, of {today}")
            _run(settings(today), today, Span(DATA_SET.calendar.first_day, BEGIN) if number == 0 else None)
            if number % EVERY == EVERY - 1 or number == days:
                _tell(archive, number, started, "before")
                _thin_out(settings(today))
                _tell(archive, number, started, "after")
        _prove(archive, settings(today), folder / "restored")


def _run(settings: Settings, today: dt.date, span: Span | None) -> None:
    at = dt.datetime.combine(today, dt.time(12), dt.UTC)
    with pipeline(settings, _nobody, dvc=DvcVersioner) as wired:
        outcome = dataclasses.replace(wired, now=lambda: at).run(Wanted("run", span))
    if not outcome.version:
        raise SystemExit(f"{today}: no version ({outcome.exit_code})")


def _thin_out(settings: Settings) -> None:
    with pruning(settings, _nobody) as thinning:
        done = _timed(lambda: thinning.prune(Keep.of(KEEP)))
    print(json.dumps({"pruned": done[0].as_json(), "seconds": done[1]}), flush=True)


def _prove(archive: Archive, settings: Settings, folder: Path) -> None:
    """Verify all of it, then restore the oldest version that was thinned out, in a process of its own."""
    findings, seconds = _timed(lambda: verify(settings))
    print(json.dumps({"unwell": [one.what for one in findings if not one.well], "seconds": seconds}), flush=True)
    oldest = min(thinned(archive).values(), key=lambda one: one.at)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("APOD_")}
    words: list[str | Path] = [BIN / "apod", "restore", "--archive", archive.root, "--as-of", oldest.commit, "--to"]
    timed, watched = (
        cost_of(Command([*words, folder / name], plain, folder.parent), memory=name == "watched")
        for name in ("timed", "watched")
    )
    told = {"seconds": round(timed.seconds, 1), "peak MB": round(watched.peak / 1e6)}
    print(json.dumps({"restored": str(oldest.at)} | told), flush=True)


def _timed(work: Callable[[], Given]) -> tuple[Given, float]:
    begun = time.monotonic()
    return work(), round(time.monotonic() - begun, 1)


def _size(folder: Path) -> int:
    """Bytes of a folder's files, each once, whatever names it has."""
    told = (path.lstat() for path in folder.rglob("*") if path.is_file())
    return sum({(one.st_dev, one.st_ino): one.st_size for one in told}.values())


def _tell(archive: Archive, number: int, started: float, when: str) -> None:
    parts = {
        "remote": archive.root.with_name(f"{archive.root.name}-remote"),
        "cache": archive.root / ".dvc" / "cache",
        "raw": archive.raw,
        "git": archive.root / ".git",
    }
    sizes = {name: round(_size(path) / 1e6, 1) for name, path in parts.items()}
    seconds = round(time.monotonic() - started)
    print(json.dumps({"versions": number + 1, when: sizes, "seconds": seconds}), flush=True)


def _nobody(line: str) -> None:
    """Whoever reads the figures wants no messages."""


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 10, Path(sys.argv[2]))
