"""Close approaches that nobody ever computed: objects, times and numbers made of a day alone.

Takes a day, gives its approaches as the service would word them, with the oddities that real ones have. Deterministic.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

_NOON_2000 = dt.datetime.fromisoformat("2000-01-01T12:00")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LETTERS = "".join(map(chr, range(ord("A"), ord("Z"))))
_SIGMAS = ("< 00:01", "< 00:01", "00:02", "00:17", "01:05", "3_03:03")


@dataclass(eq=False)
class Approach:
    """One approach, and how it is told.

    Attributes:
        des: what its object is called.
        at: its time, TDB.
        orbit: number of its orbit solution.
        dist: in au.
        v_rel: in km/s.
        h: absolute magnitude; None for a comet.
        sigma: uncertainty of its time.
        bound: whether its object is in orbit around Earth for a while, so that it has no velocity at infinity.
    """

    des: str
    at: dt.datetime
    orbit: int
    dist: float
    v_rel: float
    h: float | None
    sigma: str
    bound: bool = False
    changes: ClassVar[int] = 0  # of any of them: who keeps an order of them knows when it is old

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        type(self).changes += 1

    def renew(self) -> None:
        """Another orbit solution: nearly the same numbers."""
        self.orbit += 1
        share = _share(f"{self.des} {self.orbit}")
        self.dist *= 1 + 4e-5 * (2 * share - 1)
        self.v_rel *= 1 + 1e-6 * (2 * share - 1)
        middle = abs((self.at - dt.datetime.combine(self.at.date(), dt.time(12))).total_seconds()) < 43_000
        self.at += dt.timedelta(seconds=round(20 * share, 3) if middle else 0)

    def row(self) -> dict[str, str | None]:
        """As the service tells it: every number a text."""
        days = Decimal((self.at - _NOON_2000) // dt.timedelta(microseconds=1)) / 86_400_000_000
        minute = (self.at + dt.timedelta(seconds=30)).replace(second=0, microsecond=0)
        numbered = self.des.isdigit()
        return {
            "des": self.des,
            "orbit_id": str(self.orbit),
            "jd": f"{days + 2451545:.9f}",
            "cd": f"{minute.year}-{_MONTHS[minute.month - 1]}-{minute:%d %H:%M}",
            "dist": f"{self.dist:.15g}",
            "dist_min": f"{self.dist * 0.999:.15g}",
            "dist_max": f"{self.dist * 1.001:.15g}",
            "v_rel": f"{self.v_rel:.15g}",
            "v_inf": None if self.bound else f"{self.v_rel * 0.99:.15g}",
            "t_sigma_f": self.sigma,
            "h": None if self.h is None else f"{self.h:.2f}",
            "diameter": f"{self.orbit % 9 + 0.5:.3f}" if numbered else None,
            "diameter_sigma": "0.050" if numbered else None,
            "fullname": f"{self.des:>6} Invented" if numbered else f"       ({self.des})",
        }


def approaches_of(day: dt.date, count: int) -> list[Approach]:
    """The approaches of a day; on a few days two rows of one approach, or one half a minute before midnight."""
    made = [_approach(day, number) for number in range(count)]
    if day.day == 17:
        first = made[0]
        made.append(replace(first, at=first.at + dt.timedelta(minutes=9), dist=first.dist * 1.01))
    if day.day == 23:
        made[0].at = dt.datetime.combine(day - dt.timedelta(days=1), dt.time(23, 59, 45))
    return made


def _approach(day: dt.date, number: int) -> Approach:
    share = [_share(f"{day} {number} {what}") for what in range(6)]
    numbered = share[0] < 0.2
    half = f"{_LETTERS[int(share[1] * 24)]}{_LETTERS[int(share[2] * 24)]}"
    des = (
        str(700_000 + (day.toordinal() * 40 + number) % 9_000_000) if numbered else f"{day.year} {half}{day:%j}{number}"
    )
    second = 60 + int(share[3] * 86_000)
    return Approach(
        des,
        dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=second),
        1 + int(share[4] * 90),
        0.0004 + 0.0495 * share[5],
        3 + 25 * share[1],
        None if share[2] < 0.03 else 16 + 14 * share[3],
        _SIGMAS[int(share[4] * 6)],
        bound=share[0] > 0.99,
    )


def _share(words: str) -> float:
    """A number from 0 to 1 that depends on nothing but some words."""
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:7], "big") / 2**56
