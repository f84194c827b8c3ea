"""Chosen entries into a file or folder of a format, whole or not at all.

Takes chosen entries, the name of a format and a path; gives what was written. Never replaces what is there without
being told to, and never a folder that is not such a package.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.archive.writing import move, replacing, sha256
from apod_pipeline.errors import SettingsError
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.package import DESCRIPTOR, SUMS, write_package
from apod_pipeline.exporting.parquet import write_parquet
from apod_pipeline.exporting.sqlite import write_sqlite
from apod_pipeline.exporting.text import write_csv, write_jsonl

WRITERS: dict[str, Callable[[Choice, Path], None]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
    "sqlite": write_sqlite,
    "package": write_package,
}


class Exported(NamedTuple):
    """What was written.

    Attributes:
        path: the file or folder, absolute.
        format: a name in `WRITERS`.
        entries: how many entries it holds.
        left_out: how many were left out because of their rights.
        left_out_by_rights: the same by rights.
        bytes: size of the file, of a package of all its files.
        sha256: digest of the file; of a package that of its `SHA256SUMS`, which vouches for all others.
    """

    path: str
    format: str
    entries: int
    left_out: int
    left_out_by_rights: dict[str, int]
    bytes: int
    sha256: str


def export(choice: Choice, form: str, path: Path, *, force: bool = False) -> Exported:
    """Write chosen entries.

    Args:
        choice: the entries.
        form: a name in `WRITERS`.
        path: the file, or the package's folder; missing folders above it are made.
        force: whether what is there is replaced.

    Raises:
        SettingsError: there is no such format, something is there already, or the path cannot be written. What was
            there is still there.
    """
    if form not in WRITERS:
        raise SettingsError(f"there is no format {form!r}. Nothing was written; there are {', '.join(WRITERS)}.")
    path = path.absolute()
    _free(path, form, force=force)
    with _errors_in_words(path):
        if form == "package":
            _write_folder(choice, path)
        else:
            with replacing(path) as file:
                WRITERS[form](choice, Path(file.name))
    files = [file for file in path.rglob("*") if file.is_file()] if form == "package" else [path]
    return Exported(
        path=str(path),
        format=form,
        entries=choice.entries,
        left_out=sum(choice.left_out.values()),
        left_out_by_rights=choice.left_out,
        bytes=sum(file.stat().st_size for file in files),
        sha256=sha256(path / SUMS if form == "package" else path),
    )


def _free(path: Path, form: str, *, force: bool) -> None:
    with _errors_in_words(path):
        there, folder = path.exists(), path.is_dir()
        empty = folder and not any(path.iterdir())
    if not there or (form == "package" and empty):
        return
    if folder and not (form == "package" and (path / DESCRIPTOR).is_file() and (path / SUMS).is_file()):
        raise SettingsError(
            f"{path} is a folder, but not a package of ours. Nothing was touched; name another with --output."
        )
    if form == "package" and not folder:
        raise SettingsError(
            f"{path} is a file, but a package is a folder. Nothing was touched; name another with --output."
        )
    if not force:
        raise SettingsError(f"{path} already exists. Nothing was touched; --force replaces it, or name another.")


def _write_folder(choice: Choice, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, old = (path.with_name(f".{path.name}.{state}") for state in ("partial", "replaced"))
    for left in (partial, old):  # by a writer that was killed
        shutil.rmtree(left, ignore_errors=True)
    partial.mkdir()
    try:
        write_package(choice, partial)
        if path.exists():
            path.rename(old)
        try:
            move(partial, path)
        except BaseException:
            if old.exists():
                old.rename(path)
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _errors_in_words(path: Path) -> Iterator[None]:
    """What the system says against a path, in the family's words."""
    from polars.exceptions import PolarsError

    try:
        yield
    except (OSError, sqlite3.Error, PolarsError) as error:
        said = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.strerror else error
        raise SettingsError(
            f"{path} cannot be written ({said}). What was there is unchanged; name another place with --output."
        ) from error
