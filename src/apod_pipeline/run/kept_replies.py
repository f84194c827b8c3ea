"""Raw replies read again: the readings that the ledger tells of, out of the bytes they came in.

Takes keys and what is known of them, gives readings. Never asks a service, never judges: what is read here was let in.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.replies import Replies
from apod_pipeline.dataset.readings import Reading
from apod_pipeline.dataset.sources import Source
from apod_pipeline.errors import ArchiveDamaged, Unreadable


@dataclass(frozen=True, eq=False, repr=False)
class KeptReplies:
    """An archive's raw replies.

    Attributes:
        archive: where they lie.
        sources: by name, to read replies with.
        bring: sees that raw replies are here before they are opened, where an archive does not hold them all.
    """

    archive: Archive
    sources: Mapping[str, Source]
    bring: Callable[[Collection[str]], object] = len

    @cached_property
    def _files(self) -> Replies:
        return Replies(self.archive)

    def readings(self, known: Known, keys: Collection[str], preference: tuple[str, ...]) -> Iterator[Reading]:
        """The chosen reading of every entry, reply by reply; no reply is opened twice.

        Raises:
            ArchiveDamaged: when a raw reply is gone or does not hold its days any more.
        """
        wanted: dict[str, dict[str, str]] = defaultdict(dict)
        for key in keys:
            chosen = known.chosen(key, preference)
            if chosen:
                wanted[chosen[1].file][key] = chosen[1].digest
        self.bring(wanted)
        for file in sorted(wanted, key=lambda name: known.replies[name]["order"]):
            yield from self.readings_in(file, known.replies[file], wanted[file])

    def readings_in(self, file: str, line: Mapping[str, Any], wanted: Mapping[str, str]) -> Iterator[Reading]:
        """The readings of some entries that a reply holds.

        Args:
            file: the reply.
            line: of the ledger, that tells of it.
            wanted: by key, the digest of the reading.

        Raises:
            ArchiveDamaged: when it is gone or does not hold them any more.
        """
        source = self.sources[line["source"]]
        find = self._by_day if self.archive.dataset.identity is None else self._by_digest
        left = dict(wanted)
        try:
            with self._files.opened(file, line["size"]) as body:
                yield from find(source, source.items(body, line["form"]), left)
        except FileNotFoundError as error:
            raise ArchiveDamaged(_lost(file, sorted(wanted), "is gone")) from error
        except Unreadable as error:
            raise ArchiveDamaged(_lost(file, sorted(left), f"can no longer be read ({error})")) from error
        if left:
            raise ArchiveDamaged(_lost(file, sorted(left), "no longer holds them"))

    def _by_day(
        self, source: Source, items: Iterable[tuple[str | None, Any]], left: dict[str, str]
    ) -> Iterator[Reading]:
        for told, item in items:
            if told in left:
                del left[told]
                yield Reading(dt.date.fromisoformat(told), source.name, source.settle(item))

    def _by_digest(
        self, source: Source, items: Iterable[tuple[str | None, Any]], left: dict[str, str]
    ) -> Iterator[Reading]:
        """What a record was recognised as stands in the ledger, under the record's digest."""
        keys: dict[str, list[str]] = defaultdict(list)
        for key in sorted(left):
            keys[left[key]].append(key)
        for told, item in items:
            try:
                record = source.settle(item)
            except Unreadable:
                raise
            except Exception:  # noqa: BLE001, S112 - that item was refused, and is none of those wanted
                continue
            if told and (found := keys.get(self.archive.dataset.doubts.digest(record))):
                del left[key := found.pop(0)]
                yield Reading(dt.date.fromisoformat(told), source.name, record, key)


def _lost(file: str, days: list[str], what: str) -> str:
    return (
        f"data/raw/{file} {what}: {days[0]}{f' and {len(days) - 1} more days' if days[1:] else ''} cannot be derived. "
        "Nothing was changed; `dvc checkout data/raw.dvc` (or `dvc pull data/raw.dvc`) in the archive brings it back."
    )
