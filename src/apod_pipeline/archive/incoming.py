"""The way of a reply from the wire into `data/raw`: received, judged, then promoted or dropped, never lost.

Takes finished downloads, gives files. A reply is written beside a note of where it came from before anything is
parsed; the note goes last. So whoever finds a note after a kill knows what is left to do. Never judges.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.kill_points import kill_point
from apod_pipeline.archive.ledger import line_of_reply, reply_of_line
from apod_pipeline.archive.packs import unpack
from apod_pipeline.archive.replies import Replies
from apod_pipeline.archive.writing import move, replacing, sweep
from apod_pipeline.dataset.sources import Request
from apod_pipeline.model import Reply
from apod_pipeline.ports import Answer

NOTE = ".note"


@dataclass(eq=False, repr=False)
class Incoming:
    """Replies on their way in.

    Attributes:
        archive: where they come to.
        taken: the names that replies have already: of those that lie elsewhere, a folder does not tell.
    """

    archive: Archive
    taken: Collection[str] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _downloads: int = 0

    def slot(self) -> Path:
        """A fresh place for a body that is being downloaded."""
        with self._lock:
            self._downloads += 1
            return self.archive.incoming / f"{self._downloads}.download"

    def receive(self, request: Request, answer: Answer, source: str, body: Path, suffix: str = ".json") -> Reply:
        """Give a finished download its name, and note where it came from."""
        name = self._free_name(f"{self.archive.dataset.name}_raw_{answer.at:%Y%m%d_%H%M%S}", suffix)
        reply = Reply(
            file=name,
            source=source,
            address=request.address,
            asked=request.asked,
            form=request.form,
            status=answer.status,
            at=answer.at,
            size=answer.size,
            sha256=answer.sha256,
        )
        body.replace(self.archive.incoming / name)
        with replacing(self.archive.incoming / f"{name}{NOTE}", durable=False) as file:
            file.write(json.dumps(line_of_reply(reply)).encode())
        kill_point("reply-received")
        return reply

    def _free_name(self, stem: str, suffix: str) -> str:
        number = 1
        while True:
            name = f"{stem}{f'_{number}' if number > 1 else ''}{suffix}"
            places = (self.archive.raw / name, self.archive.incoming / name)
            if name not in self.taken and not any(place.exists() for place in places):
                return name
            number += 1

    def body(self, reply: Reply) -> Path:
        """Where the bytes of a reply lie: promoted, still incoming, or copied out of a pack until the next run."""
        promoted, waiting = self.archive.raw / reply.file, self.archive.incoming / reply.file
        if promoted.exists() or waiting.exists() or (pack := Replies(self.archive).packs.get(reply.file)) is None:
            return promoted if promoted.exists() else waiting
        copy = self.archive.incoming / f"packed-{reply.file}"
        if not copy.exists():
            unpack(pack, reply.file, copy, reply.size)
        return copy

    def promote(self, reply: Reply) -> None:
        """Move a reply to where it stays. The ledger's line comes next, then `forget`."""
        waiting = self.archive.incoming / reply.file
        if waiting.exists():
            move(waiting, self.archive.raw / reply.file)
        kill_point("reply-promoted")

    def forget(self, reply: Reply) -> None:
        """The reply's way is at its end: written into the ledger, or not worth keeping."""
        (self.archive.incoming / reply.file).unlink(missing_ok=True)
        (self.archive.incoming / f"{reply.file}{NOTE}").unlink(missing_ok=True)

    def left_behind(self) -> Iterator[Reply]:
        """Replies that a killed run had received whole; what it had not is removed."""
        sweep(self.archive.incoming)
        notes = sorted(self.archive.incoming.glob(f"*{NOTE}"))
        known = {note.name.removesuffix(NOTE) for note in notes}
        for path in self.archive.incoming.iterdir():
            if path.name.removesuffix(NOTE) not in known:
                path.unlink()
        for note in notes:
            reply = reply_of_line(json.loads(note.read_bytes()))
            if self.body(reply).exists():
                yield reply
            else:
                note.unlink()  # killed while it was forgotten
