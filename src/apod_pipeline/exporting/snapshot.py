"""The entries of an archive's last version, or of an earlier one, held still while they are exported.

Takes an archive, gives a frame of every entry and its provenance. Never writes into the archive, and holds its lock
only for the moment in which the file is copied: a run may begin while a large export is still being written.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from apod_pipeline import __version__
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.processed import Table
from apod_pipeline.errors import ArchiveDamaged, SettingsError
from apod_pipeline.exporting.choice import Provenance
from apod_pipeline.versions.commits import hashes
from apod_pipeline.versions.states import States

if TYPE_CHECKING:
    import polars

PATIENCE = 600.0  # a run that goes on is waited for; a backfill of everything takes minutes


@contextmanager
def snapshot(archive: Archive) -> Iterator[tuple[polars.LazyFrame, Provenance]]:
    """The entries of the last version, and which one that is.

    Raises:
        SettingsError: there is no version yet.
        ArchiveDamaged: the files are not those of the last version.
        ArchiveBusy: a run goes on for longer than ten minutes.
    """
    with tempfile.TemporaryDirectory(prefix=f"{archive.dataset.name}-export-") as folder:
        copy = Path(folder) / archive.parquet.name
        with archive.locked(PATIENCE):
            provenance = _provenance(archive)
            Table.of(archive).lazy()  # says what is wrong with the file, by its own name
            shutil.copyfile(archive.parquet, copy)
        yield Table(copy, archive.dataset.columns).lazy(), provenance


def snapshot_as_of(states: States, name: str) -> tuple[polars.LazyFrame, Provenance]:
    """The entries of any version, and which one that is.

    Args:
        states: what the archive said at any version.
        name: a commit, tag, day or instant.

    Raises:
        SettingsError: there is no such version.
        VersioningError: its file is neither in the cache nor on the remote.
    """
    archive, commit = states.archive, states.version(name)
    sealed = [version for version in Ledger(archive).versions() if version.at <= commit.at]
    if not sealed:
        raise SettingsError(f"{name}: no version was sealed by then. Nothing was written; `apod log` lists them.")
    md5 = hashes(archive, commit.commit).get(archive.relative(archive.csv))
    last = sealed[-1]
    told = Provenance(last.at, commit.commit, md5, last.rules, __version__, last.today)
    return states.table(commit).lazy(), told


def _provenance(archive: Archive) -> Provenance:
    versions, marks = Ledger(archive).versions(), archive.marks()
    if not versions:
        raise SettingsError(
            f"{archive.root} has no version yet, so there is nothing to export. Nothing was written; "
            "`apod backfill` fills it."
        )
    last = versions[-1]
    if not marks.is_derived(last):
        raise ArchiveDamaged(
            f"the files of {archive.root} do not match its last version, as after a kill. Nothing is lost and nothing "
            "was written; `apod run` fixes that, then type the same command again."
        )
    commit = marks.commit if marks.is_published(last) else None
    return Provenance(last.at, commit, _md5(archive.csv), last.rules, __version__, last.today)


def _md5(path: Path) -> str | None:
    # The file's own: what DVC has written down may be of the version before, until a run is done.
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except FileNotFoundError:
        return None
