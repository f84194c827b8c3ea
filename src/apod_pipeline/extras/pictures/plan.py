"""What a sync is to do: which pictures are missing, which are to be looked at again, newest first.

Takes entries, what is told of their pictures and what files are here; gives tasks. Pure but for its look at the shelf.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.pictures import RENDITION, Picture
from apod_pipeline.dataset.readings import Row
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.pictures.told import Line, Name, Told, at

# After how long what was refused is asked for again, by how often it was; and a host that was away.
AGAIN = tuple(map(dt.timedelta, (1, 7, 30, 90)))
BACK = tuple(dt.timedelta(hours=hours) for hours in (0, 6, 24, 24 * 7))
YOUNG, LOOK_AGAIN = dt.timedelta(14), dt.timedelta(1)  # a new picture may be replaced soon: looked at once a day


class Task(NamedTuple):
    """One picture that is to be downloaded.

    Attributes:
        key: of its entry.
        picture: where it may be had.
        kept: the file that is kept of it now, which is only replaced by another one; None where none is.
        tries: how often it was refused before.
    """

    key: str
    picture: Picture
    kept: Line | None = None
    tries: int = 0

    @property
    def name(self) -> Name:
        """Of the picture."""
        return self.key, self.picture.role


class Looked(NamedTuple):
    """What this machine remembers of its looks, by key and role with a blank between.

    Attributes:
        last: when a kept picture was last found unchanged.
        away: how often in a row a picture's host did not answer, and when it last did not.
    """

    last: dict[str, str]
    away: dict[str, tuple[int, str]]

    def is_away(self, name: Name, now: dt.datetime) -> bool:
        """Whether a picture's host is left alone for now."""
        tries, at = self.away.get(" ".join(name), (0, ""))
        return bool(tries) and now < dt.datetime.fromisoformat(at) + BACK[min(tries, len(BACK)) - 1]


class Manner(NamedTuple):
    """What is asked for besides what is missing.

    Attributes:
        again: what was refused, whenever that was.
        recheck: whether any picture that is kept is another one now.
        patient: not what was away a short while ago.
        hashed: files that are here and not what their names say.
    """

    again: bool = False
    recheck: bool = False
    patient: bool = False
    hashed: bool = False


USUAL = Manner()


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        entries: how many there are.
        pictures: how many pictures they have.
        tasks: what is to be asked for, newest first.
        lost: files that are told of and not here: by hash, a line of each.
        later: pictures that were refused, or away, and are asked for again another day.
    """

    entries: int
    pictures: int
    tasks: list[Task]
    lost: dict[str, Line]
    later: int


def entries_of(archive: Archive) -> Iterator[Row]:
    """Every entry, newest first, with what its pictures are told by.

    Raises:
        SettingsError: the data set has no pictures.
    """
    if archive.dataset.pictures is None:
        raise SettingsError(
            f"{archive.dataset.name} has no pictures. Nothing was requested; `apod datasets` lists the data sets."
        )
    names = [field.name for field in archive.dataset.columns.fields if field.kind not in {"text", "html"}]
    return reversed(list(Table.of(archive).with_fields(names)))


def plan(
    archive: Archive,
    told: Told,
    here: Callable[[Line], bool],
    now: dt.datetime,
    looked: Looked,
    how: Manner = USUAL,
) -> Plan:
    """What a sync is to do.

    Args:
        archive: whose entries.
        told: of their pictures.
        here: whether a kept file is on the shelf.
        now: the clock.
        looked: what this machine remembers of its looks.
        how: what is asked for besides what is missing.
    """
    pictures_of, tasks, entries, pictures, later = archive.dataset.pictures, [], 0, 0, 0
    for row in entries_of(archive):
        entries += 1
        key = str(row[archive.dataset.columns.key])
        for picture in pictures_of(row) if pictures_of else ():
            pictures += 1
            name = (key, picture.role)
            kept = told.kept.get(name, [None])[-1]
            if kept is None or kept["asked"] != picture.address:
                refused = told.refused.get(name)
                if not how.again and (
                    _is_refused(refused, picture, now) or (how.patient and looked.is_away(name, now))
                ):
                    later += 1
                    continue
                tasks.append(Task(key, picture, None, refused["tries"] if refused else 0))
            elif how.recheck or _is_due(kept, now, looked.last.get(" ".join(name))):
                tasks.append(Task(key, picture, kept))
    lost = {line["sha256"]: line for _, line in told.current() if not here(line)}
    return Plan(entries, pictures, tasks, lost, later)


def tasks_of(archive: Archive, keys: Collection[str]) -> list[Task]:
    """Tasks for all pictures of some entries, whatever is told of them."""
    pictures_of = archive.dataset.pictures
    rows = (row for row in entries_of(archive) if str(row[archive.dataset.columns.key]) in keys)
    return [
        Task(str(row[archive.dataset.columns.key]), picture)
        for row in rows
        for picture in (pictures_of(row) if pictures_of else ())
    ]


def _is_refused(refused: Line | None, picture: Picture, now: dt.datetime) -> bool:
    """Whether the same address was refused, and not so long ago."""
    if refused is None or refused["asked"] != picture.address:
        return False
    return now < at(refused) + AGAIN[min(int(refused["tries"]), len(AGAIN)) - 1]


def _is_due(kept: Line, now: dt.datetime, looked: str | None) -> bool:
    """Whether a kept picture is to be looked at again: while it is new; a rendition, until its original is there."""
    since = now - at(kept)
    if since < YOUNG:
        wait = LOOK_AGAIN
    elif kept["kind"] == RENDITION:
        wait = AGAIN[-1]
    else:
        return False
    last = dt.datetime.fromisoformat(looked) if looked else at(kept)
    return now - last >= wait
