"""The pictures of one archive: planned, synchronised, brought back, kept and shown.

Takes an archive, its wishes and DVC's objects; gives plans and tallies. A sync holds the pictures, never the archive:
runs go on meanwhile. What it made is kept by DVC, and told in the ledger, when a run or a command says so (`folders`,
`sealed`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing, sha256
from apod_pipeline.errors import VersioningError
from apod_pipeline.extras.pictures.plan import USUAL, Looked, Manner, Plan, Task, plan
from apod_pipeline.extras.pictures.settings import Wishes
from apod_pipeline.extras.pictures.shelf import THUMBNAIL, Shelf, name_of
from apod_pipeline.extras.pictures.told import KEPT, Line, Notes, Told
from apod_pipeline.versioning.dvc_folders import link
from apod_pipeline.versioning.git import Git
from apod_pipeline.versions.commits import pointer_hashes

if TYPE_CHECKING:
    from apod_pipeline.extras.pictures.tally import Tally
    from apod_pipeline.versions.objects import DvcObjects

FOLDER = "data/pictures/"
PARTS_LAST = 7 * 86_400.0  # seconds


@dataclass(frozen=True, eq=False, repr=False)
class Pictures:
    """The pictures of an archive.

    Attributes:
        archive: the folder.
        wishes: what was set.
        objects: what DVC keeps.
        now: the clock, UTC.
    """

    archive: Archive
    wishes: Wishes
    objects: DvcObjects
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    @property
    def shelf(self) -> Shelf:
        """Where their files are."""
        return Shelf(self.archive)

    @property
    def notes(self) -> Notes:
        """The lines that tell of them."""
        return Notes(self.shelf)

    # ---- what is to be done ----------------------------------------------------------------
    def plan(self, told: Told, how: Manner = USUAL) -> Plan:
        """What a sync is to do; as `plan.plan`."""
        here = self.shelf.names()

        def is_here(line: Line) -> bool:
            digest, kind = line["sha256"], line["type"]
            there = name_of(digest, kind) in here and f"{digest}{THUMBNAIL}" in here
            return there and (not how.hashed or self.shelf.is_sound(digest, kind))

        return plan(self.archive, told, is_here, self.now(), self._looked(), how)

    def sync(
        self,
        told: Told,
        tasks: Sequence[Task],
        *,
        most: int | None = None,
        seconds: float | None = None,
        progress: Callable[[Tally], None] = lambda _: None,
        tally: Tally | None = None,
    ) -> Tally:
        """Do tasks; the pictures are held by who calls.

        Args:
            told: of all pictures.
            tasks: of a plan.
            most: bytes that all pictures may take; as set, where it is None.
            seconds: after which nothing more is begun.
            progress: is told of every task that ended.
            tally: of tasks before these, to be counted on.
        """
        from apod_pipeline.extras.pictures.downloading import Downloads
        from apod_pipeline.extras.pictures.guard import Guard
        from apod_pipeline.extras.pictures.inspectors import Inspectors
        from apod_pipeline.extras.pictures.syncing import Sync
        from apod_pipeline.extras.pictures.tally import Tally

        wishes = self.wishes
        downloads = Downloads(
            self.shelf.incoming,
            Guard(wishes.networks),
            wishes.per_second,
            wishes.timeout,
            int(wishes.max_mb * 1e6),
            wishes.concurrency,
        )
        inspectors = Inspectors(int(wishes.max_mp * 1e6), int(wishes.alone_mp * 1e6))
        known = {line["asked_at"]: line for _, line in told.current()}
        most = int(wishes.max_gb * 1e9) if most is None else most
        looked = self._looked()
        tally = tally or Tally()
        taken = self.shelf.taken() - tally.bytes
        sync = Sync(self.shelf, self.notes, downloads, inspectors, most, taken, known, looked, progress, tally)
        try:
            return sync.run(tasks, seconds)
        finally:
            downloads.close()
            inspectors.close()
            self._keep_looked(looked)

    # ---- what is kept ------------------------------------------------------------------------
    def folders(self, told: Told) -> list[Path]:
        """Folders that hold files which DVC does not keep, as far as its listings are here, or no commit tells of."""
        lines = [*self.notes.waiting(), *self._uncommitted()]
        wanting = {self.shelf.folder(line["sha256"]) for line in lines if line["status"] == KEPT}
        listed = dict(self._listed())
        for _, line in told.current():
            names = listed.get(line["sha256"][:2], {})
            if names is not None and name_of(line["sha256"], line["type"]) not in names:
                path = self.shelf.path(line["sha256"], line["type"])
                if path.exists():
                    wanting.add(path.parent)
        return sorted(folder for folder in wanting if folder.is_dir())

    def _uncommitted(self) -> list[Line]:
        """Lines of the ledger that a killed run did not commit."""
        if lines := self.notes.uncommitted():
            git = Git(self.archive.root)
            if git.run("status", "--porcelain", "-uall", "--", FOLDER, "data/ledger").strip():
                return lines
            self.notes.committed()
        return []

    def _listed(self) -> Iterator[tuple[str, dict[str, str] | None]]:
        """By folder, the names and hashes that DVC keeps of it; None where its listing is not here."""
        for name, oid in pointer_hashes(self.archive, FOLDER).items():
            listing = self.objects.read(oid)
            told = None if listing is None else {item["relpath"]: item["md5"] for item in json.loads(listing)}
            yield name.removeprefix(FOLDER), told

    def bring_back(self, lost: dict[str, Line]) -> set[str]:
        """Put files in their place that are told of and not here, from DVC's cache or remote; gives what is nowhere.

        Raises:
            VersioningError: the remote cannot be reached.
        """
        oids, nowhere = pointer_hashes(self.archive, FOLDER) if lost else {}, set()
        for digest, line in lost.items():
            path, thumbnail = self.shelf.path(digest, line["type"]), self.shelf.thumbnail(digest)
            try:
                listing = self.objects.listing(oids[f"{FOLDER}{digest[:2]}"])
                self.objects.bring([listing[path.name], listing[thumbnail.name]])
            except (KeyError, VersioningError):
                nowhere.add(digest)
                continue
            for place in (path, thumbnail):
                if not link(self.objects.place(listing[place.name]), place):
                    self.objects.copy(listing[place.name], place)
            if sha256(path) != digest:
                path.unlink()
                nowhere.add(digest)
        return nowhere

    def show(self, conninfo: str, told: Told) -> None:
        """Let the tables of pictures tell what the ledger does; raises `DatabaseError`."""
        from apod_pipeline.database.connection import connected

        with connected(conninfo) as connection:
            self.show_in(connection, told)

    def show_in(self, connection: Any, told: Told) -> None:  # noqa: ANN401 - psycopg's
        """The same in somebody's transaction."""
        from apod_pipeline.extras.pictures.alike import alike
        from apod_pipeline.extras.pictures.table import show

        show(connection, self.archive.dataset, told, alike(self.shelf, told))

    def tell_refusals(self, patience: float) -> None:
        """Move lines into the ledger that tell of no file: the next version's commit holds them.

        Raises:
            ArchiveBusy: a run goes on for longer than so many seconds.
        """
        if self.notes.waiting():
            with self.archive.locked(patience):
                self.notes.seal()

    def sealed(self) -> str:
        """Move what waits into the ledger; gives the subject of a commit that holds it."""
        lines = self.notes.seal()
        kept = [line for line in lines if line["status"] == KEPT]
        return f"Keep {len(kept)} picture{'' if len(kept) == 1 else 's'}" if kept else "Keep what is told of pictures"

    # ---- what was looked at, on this machine ---------------------------------------------------
    def _looked(self) -> Looked:
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads((self.shelf.private / "looked.json").read_bytes())
            return Looked(dict(told["last"]), {name: (tries, at) for name, (tries, at) in told["away"].items()})
        return Looked({}, {})

    def _keep_looked(self, looked: Looked) -> None:
        with replacing(self.shelf.private / "looked.json", durable=False) as file:
            file.write(json.dumps(looked._asdict()).encode())

    @contextmanager
    def held(self) -> Iterator[Told]:
        """Hold the pictures against other syncs; gives what is told of them. Parts that nothing continued go."""
        with self.shelf.held():
            for part in self.shelf.incoming.iterdir():
                if part.stat().st_mtime < self.now().timestamp() - PARTS_LAST or part.suffix == ".webp":
                    part.unlink()
            yield self.notes.told()
