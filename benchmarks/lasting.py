"""What lasting costs: years of daily versions made, packed, thinned out, verified and restored, and what they take.

Takes years (default 10) and an empty folder; prints figures, and writes `benchmarks/lasting.md` when it made them all.
Every version is made by a run of today's code over the simulator: a new day, and every tenth day an edit of an older
one. Only the clock of the pipeline is moved on; the service's replies have today's. It takes hours: it is no test.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import resolve
from apod_pipeline.settings.keeping import Keep
from apod_pipeline.simulator import Simulator
from apod_pipeline.versioning.dvc import DvcVersioner
from apod_pipeline.wiring import database, initialise, pipeline, pruning

BEGIN = dt.date(2026, 11, 30)
KEEP = "last=30,monthly=12,yearly=all"
EVERY = 100  # versions between two prunings


def main(years: float, folder: Path) -> None:
    days = round(365.25 * years)
    with Simulator(today=BEGIN + dt.timedelta(days)) as nasa, ExitStack() as open_things:
        def settings(today: dt.date) -> Any:
            flags = {"archive": folder / "archive", "science_url": nasa.url, "planetary_url": nasa.url, "today": today}
            return resolve(flags | {"nasa_api_key": "DEMO_KEY"}, {}, None)

        archive = initialise(settings(BEGIN))
        open_things.enter_context(database(settings(BEGIN), archive))  # one server for all runs
        started = time.monotonic()
        for number in range(days + 1):
            today = BEGIN + dt.timedelta(number)
            if number % 10 == 5:
                nasa.edit(today - dt.timedelta(7), title=f"A better title, of {today}")
            run(settings(today), today, Span(DATA_SET.calendar.first_day, BEGIN) if number == 0 else None)
            if number % EVERY == EVERY - 1 or number == days:
                told(archive, number, started)
                thin_out(settings(today))
                told(archive, number, started)


def run(settings: Any, today: dt.date, span: Span | None) -> None:
    at = dt.datetime.combine(today, dt.time(12), dt.UTC)
    with pipeline(settings, lambda _: None, dvc=DvcVersioner) as wired:
        outcome = dataclasses.replace(wired, now=lambda: at).run(Wanted("run", span))
    if not outcome.version:
        raise SystemExit(f"{today}: no version ({outcome.exit_code})")


def thin_out(settings: Any) -> None:
    with pruning(settings, lambda _: None) as thinning:
        done = thinning.prune(Keep.of(KEEP))
    print(json.dumps({"pruned": done.as_json()}), flush=True)


def size_of(folder: Path) -> int:
    """Bytes of a folder's files, each once, whatever names it has."""
    told = (path.lstat() for path in folder.rglob("*") if path.is_file())
    return sum({(one.st_dev, one.st_ino): one.st_size for one in told}.values())


def told(archive: Archive, number: int, started: float) -> None:
    remote = archive.root.with_name(f"{archive.root.name}-remote")
    parts = {"remote": remote, "cache": archive.root / ".dvc" / "cache", "raw": archive.raw, "git": archive.root / ".git"}
    sizes = {name: round(size_of(path) / 1e6, 1) for name, path in parts.items()}
    print(json.dumps({"versions": number + 1, "MB": sizes, "seconds": round(time.monotonic() - started)}), flush=True)


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
