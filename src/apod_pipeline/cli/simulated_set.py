"""The main job of any data set, shown on its own simulator.

Takes a folder's name and a data set's, leaves an archive in the folder. Needs no network, no key and no server. Never
knows of a data set but what it says of itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import Table
from apod_pipeline.cli.presentation import tell
from apod_pipeline.cli.walk import Walk
from apod_pipeline.dataset.acting import Simulation
from apod_pipeline.dataset.installed import data_set, simulation
from apod_pipeline.dataset.readings import Row
from apod_pipeline.errors import ApodError
from apod_pipeline.jobs.verify import verify
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import pipeline, today


def show(folder: Path, name: str) -> None:
    """Take any data set on the walk: all of it, nothing new, an edit, a lie that is refused, the truth, an audit.

    Raises:
        SettingsError: no such data set is installed, nobody acts it out, or the folder is not to be used.
        ApodError: what was shown is not what had to come.
    """
    about = data_set(name).about
    with simulation(name) as acted:
        walk = Walk(folder)
        settings = walk.settings(dataset=name, **acted.settings)
        span, every = acted.span, f"--from {acted.span.first} --to {acted.span.last}"
        walk.say(f"apod init --dataset {name} --archive {folder}", f"{about.title}; simulated, so no entry is real")
        archive = walk.begin(settings)
        with pipeline(settings, tell) as wired:
            wired.prepare()
        click.echo(f"   asked: {', '.join(about.origins[one].title for one in settings.sources)}")

        walk.say(f"apod backfill {every}", "everything that its simulated services tell")
        _expect(walk.run("backfill", settings, Wanted("backfill", span, only_missing=True)), 0, version=True)
        walk.say(f"apod run {every}", "again: nothing is new, so nothing changes: no row, no file, no version")
        run = Wanted(f"run {every}", span)
        _expect(walk.run("nothing new", settings, run), 0, version=False)
        _show_edit(walk, archive, acted, lambda: walk.run("one edit", settings, run), f"apod run {every}")
        _show_lie(walk, acted, lambda name: walk.run(name, settings, run), f"apod run {every}")
        _show_audit(walk, settings)
    served = "its pages at http://127.0.0.1:8000, and at /docs what programs can ask"
    walk.sum_up(archive, today(settings), [("apod serve --archive {folder}", served)])


def _show_edit(walk: Walk, archive: Archive, acted: Simulation, run: Callable[[], Outcome], command: str) -> None:
    before = _entries(archive)
    day = _day_with_entries(archive, acted, before)
    acted.edit(day)
    walk.say(command, f"an entry of {day} is edited: a second revision, the first one stays")
    _expect(run(), 0, version=True)
    key = next(key for key, row in _entries(archive).items() if before.get(key) != row)
    walk.history(archive, key)


def _show_lie(walk: Walk, acted: Simulation, run: Callable[[str], Outcome], command: str) -> None:
    acted.lie(on=True)
    walk.say(command, "its services lie, with a success that is none: refused, and nothing that is here changes")
    _expect(run("a lie"), 3, version=False)
    acted.lie(on=False)
    walk.say(command, "they tell the truth again: what was refused is asked for again, and believed")
    _expect(run("the truth"), 0, version=False)


def _show_audit(walk: Walk, settings: Settings) -> None:
    walk.say(f"apod verify --archive {walk.folder}", "is every byte and row what it was?")
    findings = verify(settings)
    width = max(len(one.what) for one in findings)
    for one in findings:
        click.echo(f"   {one.what:<{width}}  {'ok' if one.well else 'WRONG'}  {one.says}")
    if wrong := [one.what for one in findings if not one.well]:
        raise ApodError(f"{', '.join(wrong)}: not what it was. The archive stays as it is in {walk.folder}.")


def _expect(outcome: Outcome, exit_code: int, *, version: bool) -> None:
    if (outcome.exit_code, bool(outcome.version)) != (exit_code, version):
        wanted = "a version" if version else "no version"
        raise ApodError(
            f"`{outcome.command}` ended with {outcome.exit_code}, where {exit_code} and {wanted} had to come: the data "
            "set or its simulator is at fault. The archive stays as it is."
        )


def _entries(archive: Archive) -> dict[str, Row]:
    return {row[archive.dataset.columns.key]: row for row in Table.of(archive).rows()}


def _day_with_entries(archive: Archive, acted: Simulation, entries: Mapping[str, Row]) -> dt.date:
    """The first day that has an entry, the first two of the simulation aside: what is edited is no end of anything."""
    days = (dt.date.fromisoformat(str(row[archive.dataset.columns.day])[:10]) for row in entries.values())
    return min(day for day in days if acted.span.first + dt.timedelta(days=2) <= day <= acted.span.last)
