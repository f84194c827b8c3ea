"""A walk through an archive's main job: what each step of it prints.

Takes a folder's name and settings, leaves an archive in the folder. Never touches a folder that no walk made, nor knows
of which data set it is.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from shlex import quote
from typing import Any

import click

from apod_pipeline.archive.folder import DEMO_MARK, Archive
from apod_pipeline.cli.presentation import progress, seconds, table, tell
from apod_pipeline.errors import SettingsError
from apod_pipeline.jobs import questions
from apod_pipeline.model import Outcome
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import Settings, resolve
from apod_pipeline.versions.wording import as_text
from apod_pipeline.wiring import initialise, pipeline

SHOWN = 80  # letters of a value
NEXT = (
    ("apod status", "the archive in a dozen numbers"),
    ("apod coverage", "every day since {since}, one line per year"),
    ("apod log", "its versions"),
    ("apod diff HEAD~1", "what the last one changed, word by word"),
    ("apod verify", "is every byte and row unchanged?"),
)


class Walk:
    """The steps of one walk, as they are printed, with their times.

    Raises:
        SettingsError: when the folder holds something that no walk made.
    """

    def __init__(self, folder: Path) -> None:
        make_room(folder)
        self.folder, self.times = folder, dict[str, Mapping[str, float]]()
        self._steps, self._begin = 0, time.perf_counter()

    def settings(self, **flags: Any) -> Settings:  # noqa: ANN401 - values of any setting
        """Settings that owe nothing to the user's own surroundings: a walk must not write into anything of theirs."""
        return resolve({"archive": self.folder, **flags}, environ={}, dotenv=None)

    def begin(self, settings: Settings) -> Archive:
        """Make an archive's folder, and mark it as a walk's."""
        archive = initialise(settings)
        (archive.private / DEMO_MARK).touch()
        return archive

    def say(self, command: str, why: str = "") -> None:
        """What would be typed, and what for."""
        self._steps += 1
        line = f"\n{self._steps}. $ {click.style(command, bold=True)}"
        click.echo(f"{line}    {why}" if why else line)

    def run(self, name: str, settings: Settings, wanted: Wanted) -> Outcome:
        """Ask for days, and print what came of it."""
        total = len(wanted.span) if wanted.span else 1
        with progress("   asking", total) as advance, pipeline(settings, _indented, advance) as wired:
            outcome = wired.run(wanted)
        version = f"version {outcome.version[:10]}" if outcome.version else "nothing new, no version"
        refused = f", {outcome.refused} refused" if outcome.refused else ""
        counts = f"{outcome.inserted} new, {outcome.changed} changed, {outcome.unchanged} unchanged{refused}"
        click.echo(f"   {outcome.span}: {counts}; {version}")
        self.times[name] = outcome.seconds
        return outcome

    def others(self, settings: Settings) -> None:
        """What extras add to the walk: functions of it and its settings, by the entry points of their distributions."""
        for point in entry_points(group="apod_pipeline.walks"):
            self.times[point.name] = point.load()(self, settings)

    def history(self, archive: Archive, key: str, fields: Sequence[str] = ()) -> None:
        """Every state of an entry: when it was so, and some of its fields, or those that ever changed."""
        self.say(f"apod history {key} --archive {self.folder}")
        states = questions.history(archive, key)
        shown = fields or sorted({name for state in states for name in state["changed"]})
        for number, state in enumerate(states, 1):
            changed = f"  changed: {', '.join(state['changed'])}" if state["changed"] else ""
            click.echo(f"   {number}. from {state['from']} to {state['to'] or 'now'}{changed}")
            for name in shown:
                click.echo(f"      {name}: {_short(as_text(state['entry'][name]))}")

    def sum_up(self, archive: Archive, newest: dt.date, more: Sequence[tuple[str, str]] = ()) -> None:
        """The archive in numbers, how long it took, and what can be typed next."""
        state = questions.status(archive, newest)
        click.echo()
        rows = [(name, state[name]) for name in ("entries", "first", "last", "gaps", "revisions", "versions")]
        table(["archive", str(self.folder)], [*rows, ("version", state["version"]), ("csv_md5", state["csv_md5"])])
        click.echo("\nseconds per stage")
        for name, stages in self.times.items():
            click.echo(f"  {name:<12} {seconds(stages)}")
        click.echo(f"  total        {time.perf_counter() - self._begin:.1f}")
        since = archive.dataset.calendar.first_day.year
        apod, folder = _program(), quote(str(self.folder))
        lines = [(f"{command} --archive {folder}", why.format(since=since)) for command, why in NEXT]
        lines += [(command.format(folder=folder), why) for command, why in more]
        lines = [(re.sub(r"^apod(?= )", lambda _: apod, command), why) for command, why in lines]
        width = max(len(command) for command, _ in lines)
        click.echo("\nnext:")
        for command, why in lines:
            click.echo(f"  {command:<{width}}  {why}")
        sys.stdout.flush()


def _program() -> str:
    """The command as it can be typed here: its name where that is found, else the way in which this one was started."""
    started = Path(sys.argv[0])
    found = shutil.which("apod")
    if found and (started.name != "apod" or Path(found).samefile(started)):
        return "apod"
    if started.name == "apod" and started.exists():
        return quote(os.path.relpath(started) if started.absolute().is_relative_to(Path.cwd()) else str(started))
    return f"{quote(sys.executable)} -m apod_pipeline.cli"


def make_room(folder: Path) -> None:
    """Remove what an earlier walk left in a folder.

    Raises:
        SettingsError: it holds something else.
    """
    if (folder / ".apod" / DEMO_MARK).exists():
        tell(f"{folder} is an earlier demo; starting afresh")
        for old in (folder, folder.with_name(f"{folder.name}-remote")):
            shutil.rmtree(old, ignore_errors=True)
    elif folder.exists():
        raise SettingsError(
            f"{folder} exists and was not made by a demo. Nothing was touched; try --archive another-folder."
        )


def _indented(message: str) -> None:
    tell(f"   {message}")


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 4]} ..."
