"""What the alerts remember: incidents, silences, what waits to be delivered, and who was told when.

Takes an archive, gives the notebook while nobody else writes in it. It is no projection of anything: `recover`,
`rebuild` and `migrate` leave it alone. One that cannot be read is set aside, never thrown away.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import ArchiveDamaged
from apod_pipeline.extras.alerts.incidents import Incident, Silence
from apod_pipeline.extras.alerts.messages import Message

FORM = 1
NAME = "alerts.json"
MOST_KEPT = 20  # messages that were delivered
log = logging.getLogger(__name__)


@dataclass
class Waiting:
    """A message that one channel has still to deliver.

    Attributes:
        channel: its name.
        message: what.
        written: when it was written.
        again: not before then is it tried again.
        tries: how often it was tried.
        failed: why the last try failed, without a secret.
    """

    channel: str
    message: Message
    written: dt.datetime
    again: dt.datetime
    tries: int = 0
    failed: str = ""


@dataclass
class Notebook:
    """All that is remembered.

    Attributes:
        incidents: what is wrong, and what was until lately.
        silences: what is not told for a time.
        waiting: what is to be delivered.
        delivered: what was, the newest last: when, through which channel, which subject.
        verified: when the archive was verified last, and whether all was well.
    """

    incidents: list[Incident] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    delivered: list[tuple[dt.datetime, str, str]] = field(default_factory=list)
    verified: tuple[dt.datetime, bool] | None = None

    def as_json(self) -> dict[str, Any]:
        """As the file holds it."""
        return {
            "form": FORM,
            "incidents": [one.as_json() for one in self.incidents],
            "silences": [one._asdict() | {"until": timestamp(one.until)} for one in self.silences],
            "waiting": [
                {
                    "channel": one.channel,
                    "message": one.message._asdict(),
                    "written": timestamp(one.written),
                    "again": timestamp(one.again),
                    "tries": one.tries,
                    "failed": one.failed,
                }
                for one in self.waiting
            ],
            "delivered": [[timestamp(at), *rest] for at, *rest in self.delivered[-MOST_KEPT:]],
            "verified": [timestamp(self.verified[0]), self.verified[1]] if self.verified else None,
        }

    @classmethod
    def of_json(cls, said: dict[str, Any]) -> Notebook:
        """What `as_json` wrote down.

        Raises:
            ArchiveDamaged: a later release wrote it.
        """
        if said["form"] > FORM:
            raise ArchiveDamaged(
                f"{NAME} was written by a later release (form {said['form']}). Nothing was changed; install that one."
            )
        return cls(
            [Incident.of_json(one) for one in said["incidents"]],
            [Silence(one["kind"], instant(one["until"]), one["because"]) for one in said["silences"]],
            [_waiting(one) for one in said["waiting"]],
            [(instant(at), channel, subject) for at, channel, subject in said["delivered"]],
            (instant(said["verified"][0]), said["verified"][1]) if said["verified"] else None,
        )


def _waiting(said: dict[str, Any]) -> Waiting:
    times = {name: instant(said[name]) for name in ("written", "again")}
    return Waiting(**said | times | {"message": Message(**said["message"])})


def late_days(notebook: Notebook) -> list[str]:
    """Days that are known to be late."""
    late = [one.condition for one in notebook.incidents if one.ended is None and one.condition.kind == "late"]
    return [day for condition in late for day in condition.facts["days"]]


def read(archive: Archive) -> Notebook:
    """What is remembered now; nothing where nothing was written yet."""
    path = archive.private / NAME
    try:
        return Notebook.of_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return Notebook()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        aside = path.with_suffix(".unreadable")
        log.warning("%s cannot be read (%s); it is set aside as %s", path, type(error).__name__, aside.name)
        _set_aside(path, aside)
        return Notebook()


def _set_aside(path: Path, aside: Path) -> None:
    try:
        path.replace(aside)
    except OSError:
        log.warning("%s cannot be set aside", path)


@contextmanager
def opened(archive: Archive) -> Iterator[Notebook]:
    """The notebook, to be changed; written at the end, also where an error ends it. Others wait."""
    archive.close_private()
    with (archive.private / "alerts.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        notebook = read(archive)
        try:
            yield notebook
        finally:
            with replacing(archive.private / NAME) as file:
                file.write(json.dumps(notebook.as_json(), indent=1, ensure_ascii=False).encode())
