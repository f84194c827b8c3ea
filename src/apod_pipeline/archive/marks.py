"""How far an archive's artefacts have come: the marks that a run leaves for the next one, and what they answer.

Takes the content of `.apod/progress.json`, gives typed marks. A mark that is missing, or of another kind than it should
be, is as one that was never set: what it stands for is then made again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypedDict

from apod_pipeline.archive.lines import timestamp


class Sealed(Protocol):
    """A version, as far as marks speak of it."""

    @property
    def at(self) -> dt.datetime:
        """Its instant."""


class Changes(TypedDict, total=False):
    """Marks that are set anew; the others stay."""

    derived: str | None
    rules: int
    preference: str
    fields: str | None
    files: list[list[int]]
    examined: int
    entries: int
    published: str | None
    commit: str | None
    pushed: str | None
    pushed_to: str | None
    stored_to: str
    gaps_asked: str
    reread: dict[str, str]
    verified: dict[str, Any]


class Marks(NamedTuple):
    """Where the parts of an archive stand.

    Attributes:
        derived: instant of the version that the processed files say.
        rules: version of the rules that they were derived by.
        preference: whose readings were taken, in this order.
        fields: every field that they hold, and its type; None where only the Parquet file tells.
        files: size and time of each of them when they were right.
        examined: how many lines of the ledger were looked at for news.
        entries: how many entries the last version held.
        published: instant of the version that is committed.
        commit: the last commit.
        pushed: the last commit that was pushed.
        pushed_to: where; None where there is no remote.
        stored_to: the DVC remote that holds all objects.
        gaps_asked: the day on which known gaps were last asked for again.
        reread: by year, the day on which days far from the newest were last asked for again.
        verified: when the archive was verified last (`at`), and whether all was `well`.
    """

    derived: str | None = None
    rules: int | None = None
    preference: str | None = None
    fields: str | None = None
    files: list[list[int]] | None = None
    examined: int = 0
    entries: int = 0
    published: str | None = None
    commit: str | None = None
    pushed: str | None = None
    pushed_to: str | None = None
    stored_to: str | None = None
    gaps_asked: str | None = None
    reread: Mapping[str, str] | None = None
    verified: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Marks:
        """The marks in a file's content; what they do not know is left aside."""
        good: dict[str, Any] = {
            name: said[name] for name in said.keys() & _KINDS.keys() if isinstance(said[name], _KINDS[name])
        }
        return cls(**good)

    def is_derived(self, version: Sealed) -> bool:
        """Whether the processed files say what a version says."""
        return self.derived == timestamp(version.at)

    def is_published(self, version: Sealed) -> bool:
        """Whether a version is committed, and all that belongs to it kept."""
        return self.published == timestamp(version.at)

    def is_pushed_to(self, remote: str | None) -> bool:
        """Whether a remote has the last commit."""
        return (self.pushed, self.pushed_to) == (self.commit, remote)


_KINDS: dict[str, type] = {
    **dict.fromkeys(("rules", "examined", "entries"), int),
    **dict.fromkeys(("derived", "preference", "published", "commit", "pushed", "pushed_to"), str),
    **dict.fromkeys(("stored_to", "gaps_asked", "fields"), str),
    "files": list,
    "reread": dict,
    "verified": dict,
}
