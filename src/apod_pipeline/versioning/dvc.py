"""Files in, `.dvc` out, pushed and verified.

Takes an archive whose processed files and raw replies are in place; gives the `.dvc` files beside them and objects on
the DVC remote. Through DVC's own Python API, in this process: warm it is twenty times faster than its command.
DVC is imported only when there is something to track. Never commits, never deletes an object.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, chdir, contextmanager, nullcontext, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shlex import quote
from shutil import rmtree
from typing import Any

from apod_pipeline.archive.disk import Room, is_full, make_room, no_space, room
from apod_pipeline.archive.folder import Archive, close_folder
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.packs import packs_in
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import VersioningError
from apod_pipeline.versioning import dvc_folders, dvc_keeping, dvc_remote, dvc_repository, dvc_settings
from apod_pipeline.versioning.dvc_locks import release_dead_locks
from apod_pipeline.versioning.git import Git

log = logging.getLogger(__name__)

PATH_LINE = re.compile(rb"^ +path: \S.*\n", re.MULTILINE)  # the last one of a whole `.dvc` file
PACKED = b"  desc: older replies are packed; needs a program that knows packs\n"
_alone = threading.RLock()  # DVC is told by variables of the whole process: one archive at a time
MARGIN, FILES_MARGIN = 4 << 20, 100  # bytes and files that DVC's own notes may take, and Git's


@dataclass(eq=False, repr=False)
class DvcVersioner:
    """DVC over one archive, in this process: what is begun is done when the call comes back.

    Attributes:
        archive: the folder; a Git repository already.
        remote: where objects are pushed: any DVC remote URL, or a folder.
    """

    archive: Archive
    remote: str
    _open: list[Any] = field(default_factory=list, repr=False)
    _done: set[Path] = field(default_factory=set, repr=False)  # since the last `finish`

    @property
    def _tracked(self) -> list[Path]:
        return [self.archive.raw, self.archive.csv, self.archive.parquet]

    @property
    def _scratch(self) -> Path:
        # DVC's stays in the archive: a shared /var/tmp is not writable for every user, nor in every container.
        return self.archive.private / "dvc"

    def track_replies(self) -> None:
        """Track and push the raw replies.

        Raises:
            VersioningError: nothing was committed then, and the next run pushes again.
        """
        self._track([self.archive.raw])

    def track_files(self) -> None:
        """Track and push the CSV and the Parquet file.

        Not while anybody writes them. (DVC's own commands, which odd cases are left to, take a file away for a moment.)

        Raises:
            VersioningError: nothing was committed then, and the next run pushes again.
        """
        self._track([self.archive.csv, self.archive.parquet])
        kill_point("dvc-pushed")

    def track_folders(self, folders: Sequence[Path | str]) -> None:
        """Track and push other folders below `data/`; of what they held before, nothing need be here.

        Raises:
            VersioningError: nothing was committed then.
        """
        self._track([Path(folder) for folder in folders], self._keep_folders)

    def finish(self) -> str | None:
        """All is done already, and will be tracked anew when it is asked for again; gives the CSV's MD5."""
        self._done.clear()
        return tracked_hash(self.archive.csv)

    def _track(self, targets: list[Path], keep: Callable[[Any, list[Path]], None] | None = None) -> None:
        if self._done.issuperset(targets):
            return
        self._see_that_there_is_room(targets)
        with self.repository("add and push") as repo:
            dvc_settings.share(self.archive.root, self.remote)
            (keep or self._keep)(repo, targets)
            if self.archive.raw in targets:
                self._tell_of_packs()
            kill_point("dvc-added")
            wanted = self._wanted(repo, {path: hashed for path in targets if (hashed := tracked_hash(path))})
            log.info("dvc push %s: %s objects", [path.name for path in targets], dvc_remote.push(repo, wanted))
            kill_point("dvc-pushing")
            self._verify(repo, wanted)
            for folder in filter(Path.is_dir, targets):  # of files that never change; the others DVC copies
                dvc_folders.share(repo, folder, self._listing_of(repo, folder))
        self._done.update(targets)

    def _see_that_there_is_room(self, targets: list[Path]) -> None:
        # On a full disk DVC's own database of hashes asks for its lock again and again, and never ends.
        folder = self.remote.removeprefix("file://")
        times = 2 if "://" not in folder and _device(Path(folder)) == _device(self.archive.root) else 1
        new = [size for target in targets for size in _new_sizes(target)]
        octets = sum(new) * times + MARGIN
        files = len(new) * 2 * times + FILES_MARGIN  # an object often needs a folder of its own
        left = room(self.archive.root)
        if left.octets < octets or left.files < files:
            raise VersioningError(no_space(Room(octets, files), left, self.archive.root))

    def _keep(self, repo: Any, targets: list[Path]) -> None:  # noqa: ANN401 - DVC is untyped
        """Take the files into DVC's cache, and their hashes into the `.dvc` files beside them."""
        for path in self._tracked:  # DVC reads all of them to add one
            _forget_torn(Path(f"{path}.dvc"))
        folders = [path for path in targets if path.is_dir()]  # of files that nobody ever writes to
        dvc_keeping.keep(repo, folders, self._said, self._in_git, linked=True)
        dvc_keeping.keep(repo, [path for path in targets if path not in folders], self._said, self._in_git)
        log.info("dvc tracks %s", [path.name for path in targets])

    def _keep_folders(self, repo: Any, folders: list[Path]) -> None:  # noqa: ANN401 - DVC is untyped
        for path in (self.archive.root / "data").glob("*/*.dvc"):  # DVC reads all of them to add one
            _forget_torn(path)
        dvc_folders.keep(repo, folders, self._said, partial(self._listing_of, repo), self._in_git)
        log.info("dvc tracks %s", [path.name for path in folders])

    def _in_git(self) -> Collection[str]:
        return _names_in_index(self.archive.root)

    def _tell_of_packs(self) -> None:
        """Let the pointer say so: a program that knows no packs takes over no pointer that says more than it knows."""
        pointer = Path(f"{self.archive.raw}.dvc")
        if packs_in(self.archive.raw) and b" desc:" not in (told := pointer.read_bytes()):
            with replacing(pointer) as file:
                file.write(told + PACKED)

    @staticmethod
    def _listing_of(repo: Any, folder: Path) -> dict[str, str]:  # noqa: ANN401 - DVC is untyped
        oid = tracked_hash(folder)
        return dvc_folders.listing(repo, oid) if oid else {}

    def fetch(self) -> None:
        """Bring raw replies and processed files to where their `.dvc` files say; what these do not name must be away.

        Raises:
            VersioningError: when the remote does not have them all.
        """
        with self.repository("pull") as repo:
            pointers = [Path(f"{path}.dvc") for path in self._tracked]
            repo.pull(targets=[self._said(pointer) for pointer in pointers if pointer.exists()], force=True)

    @contextmanager
    def repository(self, doing: str) -> Iterator[Any]:
        """The archive as DVC's repository; its errors in the family's words, its chatter not on standard output."""
        from diskcache import Timeout
        from dulwich.file import FileLocked
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        os.environ.setdefault("DVC_NO_ANALYTICS", "1")
        logging.getLogger("dvc").setLevel(logging.WARNING)
        try:
            with (
                _alone,
                redirect_stdout(sys.stderr or io.StringIO()),
                _surroundings(self._scratch),
                self._where_paths_are_said(),
            ):
                release_dead_locks(self.archive.root)
                yield self._opened()
        except LockError as error:
            raise VersioningError(
                f"dvc {doing}: another process holds DVC's lock in {self.archive.root}. Nothing was committed; when it "
                "has ended, type the same command again."
            ) from error
        except FileLocked as error:
            raise VersioningError(
                f"dvc {doing}: another Git process is at work and holds {os.fsdecode(error.lockfilename)}. Nothing was "
                "committed; when it has ended, type the same command again. If no process is at work there, remove the "
                "file."
            ) from error
        except (DvcException, OSError, sqlite3.Error, Timeout) as error:
            mend = (
                make_room(self.archive.root)
                if is_full(error)
                else f"check that {self.remote} exists and is writable (`apod doctor`)"
            )
            raise VersioningError(
                f"dvc {doing}: {error}. Nothing was committed, the archive's files and tables are complete; {mend}, "
                "then type the same command again."
            ) from error

    @property
    def _is_odd(self) -> bool:
        return "\\" in str(self.archive.root)  # which DVC takes for a slash, in what it is asked to track

    def _said(self, path: Path) -> str:
        """A path of the archive as DVC is told of it."""
        return self.archive.relative(path) if self._is_odd else str(path)

    def _where_paths_are_said(self) -> AbstractContextManager[None]:
        return chdir(self.archive.root) if self._is_odd else nullcontext()

    def close(self) -> None:
        """Let go of the repository, if it was opened."""
        if self._open:
            self._open.pop().close()

    def _opened(self) -> Any:  # noqa: ANN401 - DVC is untyped
        if not self._open:
            self._open.append(self._fresh())
        return self._open[0]

    def _fresh(self) -> Any:  # noqa: ANN401 - DVC is untyped
        self._close_scratch()
        self._see_that_settings_are_ours()
        dvc_settings.begin(self.archive.root, self.remote)
        dvc_settings.keep_own(self.archive.root, self.remote, self._scratch)
        return dvc_repository.opened(self.archive.root, self.remote, self._scratch)

    def _see_that_none_is_hidden(self, folder: Path, listed: Collection[str]) -> None:
        hidden = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name not in listed)
        if hidden:
            what = "raw replies" if folder == self.archive.raw else "files"
            raise VersioningError(
                f"DVC left {len(hidden)} {what} out ({', '.join(hidden[:3])}): a line of "
                f"{self.archive.root / '.dvcignore'} hides them. Nothing was committed; remove that line, then type "
                "the same command again."
            )

    def _see_that_settings_are_ours(self) -> None:
        name = ".dvc/config.local"
        if name in self._in_git():
            typed = f"git -C {quote(str(self.archive.root))}"
            raise VersioningError(
                f"{self.archive.root / name} is tracked by Git: it came with somebody's push and may name commands. "
                f"Nothing was changed; check what it says, then type: {typed} rm -q -f {name} && {typed} commit -q -m "
                f"'Take {name} out'"
            )

    def _close_scratch(self) -> None:
        # DVC makes two folders that everybody may write to, and believes what it finds there: to read it is to run it.
        folders = (self._scratch, self._scratch / "repo")
        if any(folder.is_dir() and folder.stat().st_mode & 0o002 for folder in folders):
            rmtree(self._scratch)
        self.archive.close_private()
        for folder in folders:
            close_folder(folder, shared_like=self.archive.private)

    def _wanted(self, repo: Any, pointers: Mapping[Path, str]) -> set[str]:  # noqa: ANN401 - DVC is untyped
        """All that the pointers name, the files of a folder too."""
        wanted = set(pointers.values())
        for path, pointer in pointers.items():
            if pointer.endswith(".dir"):
                items = json.loads(Path(repo.cache.local.oid_to_path(pointer)).read_bytes())
                wanted.update(item["md5"] for item in items)
                self._see_that_none_is_hidden(path, {item["relpath"] for item in items})
        return wanted

    def _verify(self, repo: Any, wanted: Collection[str]) -> None:  # noqa: ANN401 - DVC is untyped
        """See with our own eyes that the remote holds every object."""
        missing = dvc_remote.missing(repo, wanted)
        if missing:
            raise VersioningError(
                f"dvc push reported success, but {len(missing)} of {len(wanted)} objects are not on {self.remote}. "
                "Nothing was committed. Check that the remote is writable, then type the same command again."
            )


@contextmanager
def _surroundings(scratch: Path) -> Iterator[None]:
    """The variables that keep a user's DVC configuration out, for as long as DVC is at work."""
    ours = dvc_settings.environment(scratch)
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _names_in_index(root: Path) -> set[str]:
    """The paths that Git's index holds; read with the library that DVC has loaded already."""
    from dulwich.index import Index

    path = root / ".git" / "index"
    try:
        return {os.fsdecode(name) for name in Index(str(path))} if path.exists() else set()
    except Exception:  # noqa: BLE001 - an index of a form that the library does not know: git itself does
        return set(Git(root).run("ls-files", "-z").split("\0"))


def _new_sizes(path: Path) -> list[int]:
    """How large the files are that DVC may have to copy: those that are newer than the `.dvc` file beside them."""
    pointer = Path(f"{path}.dvc")
    since = pointer.stat().st_mtime if pointer.exists() else 0.0
    files = [file for file in path.iterdir() if file.is_file()] if path.is_dir() else [path]
    return [told.st_size for file in files if (told := file.stat()).st_mtime >= since]


def _device(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return path.stat().st_dev


def _forget_torn(pointer: Path) -> None:
    """Remove a `.dvc` file that DVC wrote in part, as on a full disk: it is made anew from the file that it names."""
    if pointer.exists() and not (hash_in(told := pointer.read_bytes()) and PATH_LINE.search(told)):
        log.warning("%s was only partly written; it is written again", pointer)
        pointer.unlink()


def tracked_hash(path: Path) -> str | None:
    """The hash by which DVC knows a file or folder: an MD5; None where it is not tracked.

    Raises:
        VersioningError: when the `.dvc` file holds no hash.
    """
    pointer = Path(f"{path}.dvc")
    if not pointer.exists():
        return None
    if md5 := hash_in(pointer.read_bytes()):
        return md5
    raise VersioningError(f"{pointer} has no md5 line; remove it and type the same command again.")


def hash_in(pointer: bytes) -> str | None:
    """The MD5 that a `.dvc` file holds, read without a YAML parser: DVC writes one output a file."""
    found = re.search(rb"^[\s-]*md5: (\S+)\r?$", pointer, re.MULTILINE)
    return found[1].decode(errors="replace") if found else None
