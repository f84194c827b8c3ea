"""Where things lie in an archive, who may write there, and how a file comes to be there whole.

Takes the archive's folder and a data set's name, gives paths, the lock, atomic writes and safe appends.
Never knows a field, a service or a table: the same folder holds any data set.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import shlex
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import orjson

from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.errors import ArchiveBusy, ArchiveDamaged, SettingsError


@dataclass(frozen=True)
class Archive:
    """The folder with `data/`, `.dvc/` and `.git/` in it; never the project's own checkout.

    Attributes:
        root: the folder.
        dataset: prefix of the data set's files.
    """

    root: Path
    dataset: str = "apod"

    def __post_init__(self) -> None:
        # Git and DVC know a folder by its own name: behind a link they would see one that lies elsewhere.
        object.__setattr__(self, "root", self.root.resolve())

    @cached_property
    def raw(self) -> Path:
        """Replies, byte for byte."""
        return self.root / "data" / "raw"

    @cached_property
    def incoming(self) -> Path:
        """Replies that were not judged yet; untracked."""
        return self.raw / ".incoming"

    @cached_property
    def ledger(self) -> Path:
        """Append-only JSON lines: what was told, what became of it, and when."""
        return self.root / "data" / "ledger"

    @cached_property
    def csv(self) -> Path:
        """The output fields of the whole data set."""
        return self.root / "data" / "processed" / f"{self.dataset}_data.csv"

    @cached_property
    def json(self) -> Path:
        """The same as JSON."""
        return self.root / "data" / "processed" / f"{self.dataset}_transformed.json"

    @cached_property
    def parquet(self) -> Path:
        """Every field of the whole data set."""
        return self.root / "data" / "processed" / f"{self.dataset}_entries.parquet"

    @cached_property
    def quality_report(self) -> Path:
        """What the quality rules found."""
        return self.root / "data" / "reports" / "quality.json"

    @cached_property
    def private(self) -> Path:
        """This machine's own state: lock, progress, embedded PostgreSQL, log. Untracked."""
        return self.root / ".apod"

    @cached_property
    def log(self) -> Path:
        """One JSON line a run, also for those that found nothing new. Untracked."""
        return self.private / "runs.jsonl"

    @property
    def exists(self) -> bool:
        """True when the folder was made an archive."""
        return self.private.is_dir()

    def is_marked(self, name: str) -> bool:
        """True when the private folder holds a file of a name; not for who may not look into it."""
        return os.access(self.private / name, os.F_OK)

    def relative(self, path: Path) -> str:
        """A path inside the archive as it is written into ledgers and Git."""
        return path.relative_to(self.root).as_posix()

    def create_folders(self) -> None:
        """Make the folders that are missing; the private one last, because it says that the archive is whole."""
        for folder in (self.incoming, self.ledger, self.csv.parent, self.quality_report.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.close_private()

    def close_private(self) -> None:
        """Make the private folder where it is missing, and see that it gives nothing to others.

        Raises:
            SettingsError: it belongs to somebody else, and others may write there.
        """
        close_folder(self.private, shared_like=self.root)

    # ---- one writer at a time ------------------------------------------------------------
    @contextmanager
    def locked(self, patience: float = 0.0) -> Iterator[None]:
        """Hold the archive against other runs; the kernel lets go of it when the process dies.

        Args:
            patience: how many seconds to wait for another run to end.

        Raises:
            ArchiveBusy: when another run holds it for longer.
            SettingsError: others may write to the private folder, and it cannot be closed.
        """
        self.close_private()
        descriptor = os.open(self.private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                _hold(descriptor, patience)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 40, 0).decode(errors="replace").strip() or "unknown"
                raise ArchiveBusy(
                    f"{self.root} is held by another run (process {holder}). Nothing was changed; "
                    "wait for it to end, then type the same command again."
                ) from error
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    # ---- files that were written by us --------------------------------------------------
    def _stamps(self) -> list[list[int]]:
        paths = (self.csv, self.json, self.parquet)
        return [[s.st_size, s.st_mtime_ns] if (s := _stat(path)) else [] for path in paths]

    def witness(self, **marks: str) -> None:
        """Write down how the processed files look now that they are right, and other marks with it."""
        self.advance(files=self._stamps(), **marks)

    @property
    def untouched(self) -> bool:
        """True when nobody has written to the processed files since `witness`."""
        return self.progress().get("files") == self._stamps()

    # ---- progress of the stages ----------------------------------------------------------
    def progress(self) -> dict[str, Any]:
        """Which version each local artefact stands at: `{}` when unknown, then it is made again."""
        try:
            content = json.loads((self.private / "progress.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def advance(self, **marks: str | int | list[list[int]] | None) -> None:
        """Write down that artefacts now stand at a version."""
        marked = self.progress() | marks
        with replacing(self.private / "progress.json") as file:
            file.write(json.dumps(marked, indent=1).encode())


def close_folder(folder: Path, shared_like: Path) -> None:
    """Make a folder where it is missing, and let nobody in but its owner, and its group where that is meant.

    What lies there is believed by who opens it: another program's caches are code to whoever reads them.

    Args:
        folder: what is closed, also where it was there already.
        shared_like: the folder whose group may write here too, if it may there.

    Raises:
        SettingsError: it belongs to somebody else, and others may write there.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    allowed = 0o770 if shared_like.stat().st_mode & stat.S_IWGRP else 0o700
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        folder.chmod(allowed | folder.stat().st_mode & stat.S_ISGID)  # whatever the umask is
    mode = stat.S_IMODE(folder.stat().st_mode)
    if not mode & 0o777 & ~allowed:
        return
    try:
        folder.chmod(allowed | mode & stat.S_ISGID)
    except OSError as error:
        if mode & ~allowed & 0o022:
            raise SettingsError(
                f"{folder} may be written by others (its mode is {mode:04o}) and cannot be closed: {error.strerror}. "
                f"Nothing was touched; let its owner type: chmod {allowed:o} {shlex.quote(str(folder))}"
            ) from error


def _hold(descriptor: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)  # the kernel's own wait knows no deadline


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """Write a file whole or not at all: a temporary neighbour, flushed to disk, takes its name at the end.

    A failure leaves the old file and no neighbour; a kill leaves the old file and a neighbour that
    `sweep` removes. What is not `durable` survives a kill of the process, but perhaps not of the machine.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.partial")
    try:
        with neighbour.open("wb") as file:
            yield file
            kill_point(f"write {path.name}")
            file.flush()
            if durable:
                os.fsync(file.fileno())
        neighbour.replace(path)
    except BaseException:
        neighbour.unlink(missing_ok=True)
        raise
    if durable:
        _sync(path.parent)


def sha256(path: Path) -> str:
    """A file's SHA-256, hexadecimal, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move(path: Path, target: Path) -> None:
    """Give a finished file its place, and see that it and its name are on the disk."""
    _sync(path)
    path.replace(target)
    _sync(target.parent)


def sweep(folder: Path) -> None:
    """Remove what a killed writer left behind."""
    for neighbour in folder.glob(".*.partial"):
        neighbour.unlink()


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---- append-only JSON lines ----------------------------------------------------------------
def append_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    """Add lines to a ledger. A torn last line of a killed writer is cut off first."""
    lines = b"".join(_line(value) for value in values)
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        _cut_torn_line(file)
        half = len(lines) // 2
        file.write(lines[:half])
        file.flush()
        kill_point(f"write {path.parent.name}")
        file.write(lines[half:])
        file.flush()
        os.fsync(file.fileno())


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def lines_in(content: bytes) -> list[bytes]:
    """The whole lines of a ledger's bytes, each with its end; a torn last one is left out.

    Only a line feed ends a line: the reasons and texts in a ledger may hold whatever else Unicode, or `splitlines`,
    takes for an end of line.
    """
    *whole, _ = content.split(b"\n")
    return [line + b"\n" for line in whole]


def parsed_lines(content: bytes, whose: Path) -> Iterator[dict[str, Any]]:
    """The values in a ledger's bytes, oldest first; a torn last line does not count.

    Args:
        content: of the file, wherever it was read.
        whose: the file, to be named.

    Raises:
        ArchiveDamaged: when a line is not JSON.
    """
    for number, line in enumerate(lines_in(content), 1):
        try:
            yield _parsed(line)
        except ValueError as error:
            raise ArchiveDamaged(
                f"{whose}, line {number} is not JSON. The archive's other files are untouched; "
                f"`git -C {whose.parent} checkout -- {whose.name}` brings the last committed ledger back."
            ) from error


def mend_torn_lines(folder: Path) -> None:
    """Cut off the torn last line that a killed writer left in a ledger: no version is to hold it."""
    for path in folder.glob("*.jsonl"):
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            if not end:
                continue
            file.seek(end - 1)
            torn = file.read(1) != b"\n"
        if torn:
            with path.open("ab+") as file:
                _cut_torn_line(file)
                os.fsync(file.fileno())


def _cut_torn_line(file: IO[bytes]) -> None:
    end = file.seek(0, os.SEEK_END)
    if not end:
        return
    file.seek(end - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    file.truncate(file.read().rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a ledger, oldest first; a torn last line does not count.

    Raises:
        ArchiveDamaged: when a line is not JSON.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    yield from parsed_lines(content, path)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = orjson.loads(line)
    except ValueError:
        value = json.loads(line)  # slower, and knows half a surrogate pair
    return value


def timestamp(instant: dt.datetime) -> str:
    """An instant as the ledgers write it: UTC, `Z` at the end, microseconds only where there are any."""
    return instant.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> dt.datetime:
    """The instant that `timestamp` wrote.

    Raises:
        ArchiveDamaged: it wrote something else.
    """
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ArchiveDamaged(
            f"the ledger tells of {text!r} where an instant belongs. Nothing was changed; `apod recover ledger` "
            "makes it whole again."
        ) from error
