"""A tiny extra: counts in the database, beside it and in a file, and shows a page. It stands in the tests alone.

Takes settings and an archive, gives an `Extra` that uses every seam there is. What it finds in its folder, `refuse`
among it, is how a test tells it to fail.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.errors import ApodError
from apod_pipeline.model import Finding, Outcome
from apod_pipeline.ports import Extra, Loaded, Page, Select
from apod_pipeline.settings import Settings


class Hook:
    """Writes a row for every new state, where the states are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def loaded(self, connection: Any, loaded: Loaded) -> None:
        """As the port says."""
        connection.execute("CREATE TABLE IF NOT EXISTS counted (at timestamptz, states bigint)")
        connection.execute(
            f"INSERT INTO counted SELECT %(at)s, count(*) FROM {loaded.dataset}_revision"
            " WHERE observed_from > coalesce(%(since)s::timestamptz, '-infinity')",
            {"at": loaded.at, "since": loaded.since},
        )
        if (self._folder / "refuse-load").exists():
            connection.execute("SELECT 1 / 0")


class Copy:
    """Brings a version's name to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._at = folder, ""

    def begin(self, at: dt.datetime) -> None:
        """As the port says."""
        self._at = at.isoformat()

    def finish(self) -> None:
        """As the port says."""
        if (self._folder / "refuse").exists():
            raise ApodError("the copy was refused.")
        (self._folder / "copied").write_text(self._at)


class Ear:
    """Notes how runs go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begun(self, outcome: Outcome) -> None:
        """As the port says."""

    def stepped(self, outcome: Outcome, error: Exception | None) -> None:
        """As the port says."""

    def verified(self, findings: Sequence[Finding]) -> None:
        """As the port says."""
        (self._folder / "verified").write_text(str(len(findings)))

    def heard(self, outcome: Outcome, error: Exception | None) -> None:
        """As the port says."""
        with (self._folder / "heard").open("a") as file:
            file.write(f"{outcome.exit_code} {type(error).__name__}\n")
        raise ZeroDivisionError("a listener that fails")


async def _shown(select: Select) -> str:
    rows = await select("SELECT sum(states) AS states FROM counted")
    return f"<p>{rows[0]['states']} states</p>"


def counting(settings: Settings, archive: Archive) -> Extra:
    """The extra over an archive."""
    folder = archive.private
    return Extra(Hook(folder), Copy(folder), Ear(folder), (Page("/counted", "What was counted", _shown),))
