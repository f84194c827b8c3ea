"""A sync: from tasks to files on the shelf and lines that tell of them.

Takes a plan, downloads, inspectors and a shelf; gives a tally. Files come a few at a time, newest first, and are
judged on the other core meanwhile; what is refused or away is noted, and stops nothing. Interrupted at any moment it
leaves whole files, lines that wait, and parts that the next sync goes on from.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from apod_pipeline.archive.disk import is_full, make_room
from apod_pipeline.archive.writing import sha256
from apod_pipeline.dataset.pictures import Candidate
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.pictures.downloading import Downloads, Had, Refused, Unreachable
from apod_pipeline.extras.pictures.inspectors import PROCESSES, Inspectors, Unsound
from apod_pipeline.extras.pictures.plan import Looked, Task
from apod_pipeline.extras.pictures.shelf import Shelf
from apod_pipeline.extras.pictures.tally import Tally
from apod_pipeline.extras.pictures.told import KEPT, REFUSED, Line, Name, Notes, now, whole

LEAST_FREE = 1 << 30  # bytes that are left on the disk: a run must not fail for want of room
FACTS = ("sha256", "bytes", "type", "width", "height", "perceptual_hash")


class Ended(NamedTuple):
    """What became of one task.

    Attributes:
        name: of the picture.
        line: what the ledger is to tell of it; None where that is nothing.
        octets: how many bytes more the pictures take.
        changed: whether its file took the place of another one.
        away: why its host did not answer; empty where it did.
    """

    name: Name
    line: Line | None = None
    octets: int = 0
    changed: bool = False
    away: str = ""


@dataclass(eq=False, repr=False)
class Sync:
    """One sync of one archive's pictures, held against others.

    Attributes:
        shelf: where files go.
        notes: where lines go.
        downloads: the web.
        inspectors: the judges.
        most: bytes that all pictures may take.
        taken: bytes that they take already.
        known: by address, a line of the file that was had there last.
        looked: what this machine remembers of its looks; told of the new ones.
        progress: is told of every task that ended, with the bytes that came.
    """

    shelf: Shelf
    notes: Notes
    downloads: Downloads
    inspectors: Inspectors
    most: int
    taken: int
    known: dict[str, Line] = field(default_factory=dict)
    looked: Looked = field(default_factory=lambda: Looked({}, {}))
    progress: Callable[[Tally], None] = lambda _: None
    tally: Tally = field(default_factory=Tally)
    _net: threading.Semaphore = field(init=False)
    _turns: dict[str, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._net = threading.Semaphore(self.downloads.concurrency)

    def run(self, tasks: Sequence[Task], seconds: float | None = None) -> Tally:
        """Do tasks in their order, until they are done, the room or the time is used up, or somebody interrupts.

        Args:
            tasks: what to ask for.
            seconds: after which nothing more is begun.
        """
        begin = time.monotonic()
        deadline = begin + seconds if seconds else None
        waiting = iter(tasks)
        # Who waits for a judge does not keep another from asking: a few more hands than connections.
        with ThreadPoolExecutor(self.downloads.concurrency + PROCESSES, thread_name_prefix="pictures") as hands:
            running: set[Future[Ended]] = set()
            try:
                self._begin(hands, running, waiting, deadline)
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    self._end(done)
                    self._begin(hands, running, waiting, deadline)
            except BaseException:
                self.downloads.stop()
                done, _ = wait(running)
                self._end(one for one in done if not one.exception())
                raise
        self.tally.seconds += time.monotonic() - begin
        left = sum(1 for _ in waiting)
        if left and self.tally.left is None:
            self.tally.left = (left, "")
        elif self.tally.left:
            self.tally.left = (left, self.tally.left[1])
        return self.tally

    def _begin(
        self, hands: ThreadPoolExecutor, running: set[Future[Ended]], tasks: Iterator[Task], deadline: float | None
    ) -> None:
        if why := self._full(deadline):
            self.tally.left = (0, why)
            return
        wanted = self.downloads.concurrency + PROCESSES - len(running)
        running.update(hands.submit(self._done, task) for task in islice(tasks, wanted))

    def _full(self, deadline: float | None) -> str:
        """Why nothing more is begun; empty where it is."""
        if self.taken + self.tally.bytes >= self.most:
            return f"the pictures take {(self.taken + self.tally.bytes) / 1e9:.1f} GB, as much as they may (--max-gb)"
        if (left := shutil.disk_usage(self.shelf.archive.root).free) < LEAST_FREE:
            return f"only {left / 1e9:.1f} GB are free on the disk"
        if deadline is not None and time.monotonic() >= deadline:
            return "the time of this run is used up"
        return ""

    def _end(self, done: Iterable[Future[Ended]]) -> None:
        """Count and note what tasks brought."""
        ends = [one.result() for one in done]
        for one in ends:
            self._count(one)
        self.notes.note([one.line for one in ends if one.line])
        self.progress(self.tally)

    def _count(self, one: Ended) -> None:
        tally, line, name = self.tally, one.line, " ".join(one.name)
        if one.away:
            tally.away[name] = one.away
            self.looked.away[name] = (self.looked.away.get(name, (0, ""))[0] + 1, now())
            return
        self.looked.away.pop(name, None)
        if line is None:
            tally.unchanged += 1
            self.looked.last[name] = now()
        elif line["status"] == REFUSED:
            tally.refused[name] = line["why"][0]["why"]
        else:
            tally.kept += 1
            tally.changed += one.changed
            tally.same += not one.octets
            tally.bytes += one.octets
            tally.folders.add(self.shelf.folder(line["sha256"]))
            line = whole(line)
            self.known[line["asked_at"]] = line

    # ---- one task: in a thread -------------------------------------------------------------
    def _done(self, task: Task) -> Ended:
        """What became of a task."""
        try:
            return self._looked_at(task, task.kept) if task.kept else self._asked_for(task)
        except Unreachable as error:
            return Ended(task.name, away=str(error))
        except OSError as error:
            root = self.shelf.archive.root
            do = make_room(root) if is_full(error) else "put that right"
            raise ApodError(
                f"{task.key}: {error.strerror or error}. What was downloaded before is kept; {do}, then type the same "
                "command again."
            ) from error

    def _asked_for(self, task: Task) -> Ended:
        whys = []
        for candidate in task.picture.candidates():
            try:
                return self._kept(task, candidate)
            except (Refused, Unsound) as error:
                whys.append({"address": candidate.address, "why": str(error)})
        return Ended(task.name, self._line(task, REFUSED) | {"tries": task.tries + 1, "why": whys})

    def _looked_at(self, task: Task, kept: Line) -> Ended:
        """The same for a picture of which a file is kept: that one stays, whatever comes, unless another one does."""
        for candidate in task.picture.candidates():
            try:
                ended = self._kept(task, candidate)
            except (Refused, Unsound):
                if candidate.address == kept["asked_at"]:
                    break  # what comes after it is no better than what is kept
                continue
            line = ended.line
            if line and line["sha256"] != kept["sha256"]:
                return ended._replace(changed=True)
            break
        return Ended(task.name)

    def _kept(self, task: Task, candidate: Candidate) -> Ended:
        """The line of a file that was had, judged and put on the shelf.

        Raises:
            Refused, Unsound: it is not to be had, or no picture; what came is put away.
            Unreachable: its host is away.
        """
        known = self.known.get(candidate.address)
        with self._turn(candidate.address):
            with self._net:
                asked = Had(None, known["from"], known.get("etag"), known.get("modified")) if known else None
                had = self.downloads.fetch(
                    candidate.address, asked if asked and (asked.etag or asked.modified) else None
                )
            facts, octets = self._judged(had.path) if had.path else (known or {}, 0)
        told = {"kind": candidate.kind, "address": candidate.named, "asked_at": candidate.address, "from": had.place}
        about = {name: facts[name] for name in FACTS}
        said = {name: value for name, value in (("etag", had.etag), ("modified", had.modified)) if value}
        line = self._line(task, KEPT)
        elsewhere = {name: address for name, address in told.items() if address != line["asked"]}
        return Ended(task.name, line | elsewhere | about | said, octets)

    def _judged(self, file: Path) -> tuple[dict[str, Any], int]:
        """What a file is, put on the shelf; and how many bytes that took: none where it was there."""
        size, digest = file.stat().st_size, sha256(file)
        thumbnail = file.with_suffix(".webp")
        try:
            facts = self.inspectors.inspect(file, thumbnail)
        except Unsound:
            thumbnail.unlink(missing_ok=True)
            self.shelf.quarantine(file, digest)
            raise
        there = self.shelf.path(digest, facts["type"]).exists()
        octets = 0 if there else size + thumbnail.stat().st_size
        self.shelf.put(file, thumbnail, digest, facts["type"])
        return {"sha256": digest, "bytes": size, **facts}, octets

    @contextmanager
    def _turn(self, address: str) -> Iterator[None]:
        """One task at a time asks for an address: entries that show a picture again have the same."""
        with self._lock:
            turn = self._turns.setdefault(address, threading.Lock())
        with turn:
            yield

    @staticmethod
    def _line(task: Task, status: str) -> dict[str, Any]:
        asked = task.picture.address
        return {"at": now(), "key": task.key, "role": task.picture.role, "status": status, "asked": asked}
