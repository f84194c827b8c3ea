"""What a version ends: states that say something else now, and entries that are not there any more.

Takes an archive as its last version left it, and what is known now; gives the states as the ledger keeps them, and
keys. Only reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import Known, Version
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Rows, Table
from apod_pipeline.database.rows import Since, current_since
from apod_pipeline.dataset.readings import Row
from apod_pipeline.model import LEFT_OUT


@dataclass(frozen=True, eq=False, repr=False)
class Endings:
    """An archive, of which a version is about to replace something.

    Attributes:
        archive: the folder; its files are those of the last version.
        ledger: its memory.
    """

    archive: Archive
    ledger: Ledger

    def rows_of(self, keys: Collection[str]) -> dict[str, Row]:
        """Rows of the files as they stand; none where there are no files."""
        if not self.archive.parquet.exists():
            return {}
        return {row[self._key]: row for row in Table.of(self.archive).rows(keys)}

    def withdrawn(self, known: Known, last: Version | None) -> set[str]:
        """Entries that the files hold and of which nothing that was told counts any more.

        Args:
            known: what is known now.
            last: the version that the files stand at.
        """
        keys = {key for _, key, line in known.withdrawals if last and line >= last.lines and not known.has(key)}
        return {key for key in keys if last and self.ledger.known(last.lines).has(key)}

    def left(self, known: Known, last: Version | None) -> set[str]:
        """Entries that the files hold, and that are not there any more by their source's own word; as `withdrawn`."""
        before = self.ledger.known(last.lines) if last and known.keyed else None
        if before is None:
            return set()
        return {key for key, line in known.entries.left.items() if line >= before.lines and before.has(key)}

    def ended(self, left: Collection[str], versions: list[Version], version: Version) -> list[dict[str, Any]]:
        """The last states of entries that are not there any more.

        Args:
            left: their keys.
            versions: every version before, oldest first.
            version: the one that ends them.
        """
        if not left:
            return []
        before = self.ledger.known(versions[-1].lines)
        since = current_since(before, versions, self.ledger.superseded(versions))
        old = self.rows_of(left)
        return [self._state(before, versions, since, old[key], version, LEFT_OUT) for key in sorted(old)]

    def replaced(
        self, rows: Rows, versions: list[Version], version: Version, *, by_rules: bool
    ) -> tuple[list[dict[str, Any]], int]:
        """The states that differ from new rows; and how many of these are of entries that were not there.

        Args:
            rows: the new ones.
            versions: every version before, oldest first.
            version: the one that they are of.
            by_rules: nothing new was told: they differ by rules, fields or preference.
        """
        if not versions:
            return [], len(rows)
        before = self.ledger.known(versions[-1].lines)
        since = current_since(before, versions, self.ledger.superseded(versions))
        old = self.rows_of(rows.keys())
        states = []
        for new in rows:
            was = old.get(new[self._key])
            if was is None or was == new:
                continue
            same_rules = versions[-1].rules == version.rules and was.keys() == new.keys()
            cause = "rules" if by_rules and not same_rules else self._cause(was, new, by_rules=by_rules)
            states.append(self._state(before, versions, since, was, version, cause))
        return states, len(rows) - len(old)

    @property
    def _key(self) -> str:
        return self.archive.dataset.columns.key

    def _cause(self, was: Row, new: Row, *, by_rules: bool) -> str:
        chosen = self.archive.dataset.columns.source
        if by_rules or (chosen and was.get(chosen) != new.get(chosen)):
            return "preference"
        return self.archive.dataset.cause(was, new)

    def _state(
        self,
        before: Known,
        versions: list[Version],
        since: Mapping[str, Since],
        was: Row,
        version: Version,
        cause: str,
    ) -> dict[str, Any]:
        """A state that a version ends, as the ledger keeps it."""
        key = was[self._key]
        chosen = before.chosen(key, versions[-1].preference)
        return {
            "key": key,
            "from": timestamp(since[key].at),
            "to": timestamp(version.at),
            "began": since[key].cause,
            "cause": cause,
            "reply": chosen[1].file if chosen else None,
            "entry": was,
        }
