"""The design document's five steps, run naively: a process for every step, the tools' own commands, one folder.

Takes the CSV of a whole archive, gives a folder that stands where a naive pipeline would after so many days, and the
commands of its next day. No check, no history, no second source, no look back.
"""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path

from measuring import Command, cost_of_all
from surroundings import BIN, HERE, Surroundings

CSV = "data/processed/apod_data.csv"


@dataclass(frozen=True)
class NaiveArchive:
    """One folder with `data/`, `.dvc/` and `.git/`, and one database.

    Attributes:
        place: where all this takes place.
        name: of the folder and the database.
        loads: `all` rows of the CSV every day, or only the `new` one.
        database: its URL.
    """

    place: Surroundings
    name: str
    loads: str
    database: str

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.place.work / self.name

    def begin(self, csv: Path) -> None:
        """Stand where the steps would stand after the days of a CSV: tracked, pushed and committed."""
        (self.folder / CSV).parent.mkdir(parents=True)
        shutil.copyfile(csv, self.folder / CSV)
        remote = self.folder.with_name(f"{self.folder.name}-remote")
        first = ("git init -q", "dvc init -q", f"dvc remote add -q -d storage {remote}")
        cost_of_all([self._command(*words.split()) for words in first] + self._versioned("begin"))

    def next_day(self, day: dt.date) -> list[Command]:
        """The five steps for one day."""
        extract, transform, load = (
            self._command(self.place.peers / "python", HERE / "naive" / f"{step}.py", *words)
            for step, words in (("extract", [str(day)]), ("transform", []), ("load", [self.loads]))
        )
        return [extract, transform, load, *self._versioned(str(day))]

    def _versioned(self, message: str) -> list[Command]:
        return [
            self._command(BIN / "dvc", "add", "-q", CSV),
            self._command(BIN / "dvc", "push", "-q"),
            self._command("git", "add", f"{CSV}.dvc", "data/processed/.gitignore", ".dvc/config"),
            self._command("git", "commit", "-q", "-m", message),
        ]

    def _command(self, *words: str | Path) -> Command:
        return Command(words, self.place.environ(DATABASE_URL=self.database), self.folder)
