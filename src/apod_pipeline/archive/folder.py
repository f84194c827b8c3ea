"""Where things lie in an archive, who may write there, and how a file comes to be there whole.

Takes the archive's folder and its data set, gives paths, the lock, atomic writes and safe appends.
Never knows a field, a service or a table: the same folder holds any data set.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from apod_pipeline.archive.marks import Changes, Marks
from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.errors import ArchiveBusy, SettingsError

DEMO_MARK = "this-is-a-demo"  # a file in the private folder of an archive whose entries and pictures are made up


@dataclass(frozen=True)
class Archive:
    """The folder with `data/`, `.dvc/` and `.git/` in it; never the project's own checkout.

    Attributes:
        root: the folder.
        dataset: what it is an archive of; its name is the prefix of the files.
    """

    root: Path
    dataset: DataSet

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
        return self.root / "data" / "processed" / f"{self.dataset.name}_data.csv"

    @cached_property
    def json(self) -> Path:
        """The same as JSON."""
        return self.root / "data" / "processed" / f"{self.dataset.name}_transformed.json"

    @cached_property
    def parquet(self) -> Path:
        """Every field of the whole data set."""
        return self.root / "data" / "processed" / f"{self.dataset.name}_entries.parquet"

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

    def witness(self, **others: Unpack[Changes]) -> None:
        """Write down how the processed files look now that they are right, and other marks with it."""
        others["files"] = self._stamps()
        self.advance(**others)

    @property
    def untouched(self) -> bool:
        """True when nobody has written to the processed files since `witness`."""
        return self.marks().files == self._stamps()

    # ---- progress of the stages ----------------------------------------------------------
    def marks(self) -> Marks:
        """Where the parts of this archive stand; what is unknown is made again."""
        return Marks.of(self._marked())

    def _marked(self) -> dict[str, Any]:
        try:
            content = json.loads((self.private / "progress.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def advance(self, **changes: Unpack[Changes]) -> None:
        """Set marks anew."""
        marked = {**self._marked(), **changes}
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
                f"{folder} is writable by others (its mode is {mode:04o}) and cannot be made private: "
                f"{error.strerror}. Nothing was touched; have its owner type: chmod {allowed:o} "
                f"{shlex.quote(str(folder))}"
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


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None
