"""The main job, shown from beginning to end on the bundled simulator.

Takes a folder's name, leaves an archive in it. Needs no network, no key and no server. Never touches a folder that it
did not make itself.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import time
from pathlib import Path

import click

from apod_pipeline.archive.folder import DEMO_MARK, Archive
from apod_pipeline.cli.presentation import progress, seconds, table, tell
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.jobs import questions
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import Settings, resolve
from apod_pipeline.simulator import Simulator
from apod_pipeline.wiring import archive_of, initialise, pipeline

# The eve of the day on which NASA archives the old API.
LAST_DAY = dt.date(2026, 11, 30)
FIRST_DAY = data_set(Settings.dataset).calendar.first_day
EDITED = dt.date(2026, 11, 26)
ONE_DAY = dt.timedelta(days=1)


def show(folder: Path) -> None:
    """Fill an archive, run one more day, run it again, let NASA edit an entry, and sum up.

    Raises:
        SettingsError: when the folder holds something that no demo made.
    """
    _make_room(folder)
    begin = time.perf_counter()
    times: dict[str, dict[str, float]] = {}
    with Simulator(today=LAST_DAY - ONE_DAY, local_pictures=True) as nasa:
        first = _settings(folder, nasa.url, LAST_DAY - ONE_DAY)
        (initialise(first).private / DEMO_MARK).touch()
        _say(1, f"apod backfill --from {FIRST_DAY}", "everything the simulated NASA ever published")
        everything = Wanted("backfill", Span(FIRST_DAY, LAST_DAY - ONE_DAY), only_missing=True)
        times["backfill"] = _step(first, everything).seconds

        nasa.today = LAST_DAY
        settings = _settings(folder, nasa.url, LAST_DAY)
        _say(2, "apod run", "the next morning: one new day, the last ten read again")
        times["one new day"] = _step(settings, Wanted("run")).seconds

        _say(3, "apod run", "again: nothing is new, so nothing changes: no row, no file, no version")
        times["nothing new"] = _step(settings, Wanted("run")).seconds

        title = "The Same Sky, Under a Better Title"
        nasa.edit(EDITED, title=title)
        _say(4, "apod run", f"NASA edits the entry of {EDITED}: a second revision, the first one stays")
        times["one edit"] = _step(settings, Wanted("run")).seconds
    _history(archive_of(settings), folder)
    _sum_up(archive_of(settings), folder, times, time.perf_counter() - begin)


def _make_room(folder: Path) -> None:
    if (folder / ".apod" / DEMO_MARK).exists():
        tell(f"{folder} is an earlier demo; starting afresh")
        for old in (folder, folder.with_name(f"{folder.name}-remote")):
            shutil.rmtree(old, ignore_errors=True)
    elif folder.exists():
        raise SettingsError(
            f"{folder} exists and was not made by a demo. Nothing was touched; try --archive another-folder."
        )


def _settings(folder: Path, address: str, today: dt.date) -> Settings:
    flags = {
        "archive": folder,
        "science_url": address,
        "planetary_url": address,
        "nasa_api_key": "DEMO_KEY",
        "today": today,
    }
    # Nothing of the user's own surroundings: a demo must not write into a database or a remote of theirs.
    return resolve(flags, environ={}, dotenv=None)


def _say(number: int, command: str, why: str) -> None:
    click.echo(f"\n{number}. $ {click.style(command, bold=True)}    {why}")


def _step(settings: Settings, wanted: Wanted) -> Outcome:
    total = len(wanted.span) if wanted.span else 1
    with progress("   asking", total) as advance, pipeline(settings, _indented, advance) as wired:
        outcome = wired.run(wanted)
    version = f"version {outcome.version[:10]}" if outcome.version else "nothing new, no version"
    counts = f"{outcome.inserted} new, {outcome.changed} changed, {outcome.unchanged} unchanged"
    click.echo(f"   {outcome.span}: {counts}; {version}")
    return outcome


def _indented(message: str) -> None:
    tell(f"   {message}")


def _history(archive: Archive, folder: Path) -> None:
    click.echo(f"\n5. $ {click.style(f'apod history {EDITED} --archive {folder}', bold=True)}")
    for number, revision in enumerate(questions.history(archive, str(EDITED)), 1):
        until = revision["to"] or "now"
        changed = f"  changed: {', '.join(revision['changed'])}" if revision["changed"] else ""
        click.echo(f"   {number}. from {revision['from']} to {until}{changed}")
        click.echo(f"      title: {revision['entry']['title']}")


def _sum_up(archive: Archive, folder: Path, times: dict[str, dict[str, float]], took: float) -> None:
    state = questions.status(archive, LAST_DAY)
    click.echo()
    rows = [(name, state[name]) for name in ("entries", "first", "last", "gaps", "revisions", "versions")]
    table(["archive", str(folder)], [*rows, ("version", state["version"]), ("csv_md5", state["csv_md5"])])
    click.echo("\nseconds per stage")
    for name, stages in times.items():
        click.echo(f"  {name:<12} {seconds(stages)}")
    click.echo(f"  total        {took:.1f}")
    click.echo(_next_steps(folder))
    sys.stdout.flush()


def _next_steps(folder: Path) -> str:
    lines: list[tuple[str, str]] = [
        (f"apod status --archive {folder}", "the archive in a dozen numbers"),
        (f"apod coverage --archive {folder}", "every day since 1995, one line per year"),
        (f"apod log --archive {folder}", "its versions"),
        (f"apod diff HEAD~1 --archive {folder}", "what the last one changed, word by word"),
        (f"apod verify --archive {folder}", "is every byte and row unchanged?"),
        (f"apod serve --archive {folder}", "a gallery at http://127.0.0.1:8000, and NASA's old API at /planetary/apod"),
        ("make run", "the same with the real NASA"),
    ]
    width = max(len(command) for command, _ in lines)
    return "\nnext (apod is .venv/bin/apod):\n" + "\n".join(f"  {command:<{width}}  {why}" for command, why in lines)
