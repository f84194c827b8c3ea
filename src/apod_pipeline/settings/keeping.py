"""Which versions are kept as files, and which may be made again when somebody asks for them.

Takes what a user typed (`last=30,monthly=12,yearly=all`) and the versions, gives those that stay. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

PERIODS: Mapping[str, Callable[[dt.datetime], object]] = {
    "last": lambda at: at,
    "daily": lambda at: at.date(),
    "weekly": lambda at: at.isocalendar()[:2],
    "monthly": lambda at: (at.year, at.month),
    "yearly": lambda at: at.year,
}


class Dated(Protocol):
    """A version, as far as it matters here."""

    @property
    def at(self) -> dt.datetime:
        """Its instant, UTC."""

    @property
    def commit(self) -> str:
        """Its hash."""


class Keep(NamedTuple):
    """How many versions of which periods stay.

    Attributes:
        periods: by the period's name how many of them, None for all: of each, the last version.
    """

    periods: Mapping[str, int | None]

    @classmethod
    def of(cls, text: str) -> Keep:
        """What a user typed.

        Raises:
            ValueError: it is something else; the message says what can be typed.
        """
        periods: dict[str, int | None] = {}
        for part in filter(None, (one.strip() for one in text.split(","))):
            name, _, many = part.partition("=")
            if name not in PERIODS or name in periods or not (many == "all" or (many.isdecimal() and int(many) > 0)):
                names = ", ".join(PERIODS)
                raise ValueError(
                    f"must look like last=30,monthly=12,yearly=all (each of {names} once, with a number or all), not "
                    f"{text!r}"
                )
            periods[name] = None if many == "all" else int(many)
        if not periods:
            raise ValueError("must name at least one period, for example last=30")
        return cls(periods)

    def kept(self, versions: Sequence[Dated]) -> set[str]:
        """The commits that stay; the newest version is always one of them.

        Args:
            versions: oldest first.
        """
        stay = {version.commit for version in versions[-1:]}
        for name, many in self.periods.items():
            seen: dict[object, str] = {}
            for version in reversed(versions):
                seen.setdefault((version.commit,) if name == "last" else PERIODS[name](version.at), version.commit)
                if many is not None and len(seen) >= many:
                    break
            stay |= set(seen.values())
        return stay
