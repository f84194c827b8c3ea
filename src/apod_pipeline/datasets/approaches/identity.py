"""Which approach a row is of: the service gives none an id, and everything that it says of one may change.

Takes the traits of rows and of all approaches that were ever known, gives keys. Pure and repeatable.

An approach is recognised by its object, where the times of two readings lie less than 30 days apart: they moved by 12
days in 18 months. An object that is told of under another name (it was numbered, or linked to an older find) is
recognised by what hardly ever changes, where the former one is told of no more. Two rows of one approach are kept.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

from apod_pipeline.dataset.identity import Identity, Traits
from apod_pipeline.dataset.readings import Record, short_hash

APART = 30  # days: two approaches of one object
ROUNDED = 0.005  # by so much of itself a number of three digits may be more than it says
RENAMED_APART = 3  # days, between the readings of one object under two names
LUNAR_DISTANCE = 384400 / 149597870.7  # au
_LIMIT = re.compile(r"[?&]dist-max=([\d.]+)(LD)?")


def traits(record: Record) -> dict[str, Any]:
    """What an approach is recognised by: its object, and roughly how far, how fast and how bright it is."""
    told: dict[str, Any] = {"des": record["des"], "au": _rough(record["dist"], 3), "kms": _rough(record["v_rel"], 3)}
    return told if record["h"] is None else {**told, "h": round(float(record["h"]), 1)}


def _rough(number: str, digits: int) -> float:
    return float(f"{float(number):.{digits}g}")


def asked(address: str, known: Traits, told: str) -> bool:
    """Whether a question asks for what comes as close as an approach does.

    What is known is rounded: at the edge it is in doubt, but for a question that reaches as far as the one that it was
    told to.
    """
    au = _limit(address)
    return _limit(told) <= au or bool(known["au"] * (1 + ROUNDED) < au)


def _limit(address: str) -> float:
    limit = _LIMIT.search(address)
    return 0.05 if limit is None else float(limit[1]) * (LUNAR_DISTANCE if limit[2] else 1)


def identify(told: Sequence[Traits], known: Mapping[str, Traits]) -> list[str]:
    """The key of each row."""
    days = [dt.date.fromisoformat(one["day"]).toordinal() for one in told]
    wanted = {one["des"] for one in told}
    first, last = min(days, default=0) - RENAMED_APART, max(days, default=0) + RENAMED_APART
    by_object: dict[str, list[str]] = defaultdict(list)
    near: list[str] = []
    first_day, last_day = (str(dt.date.fromordinal(max(1, day))) for day in (first, last))
    for key, one in known.items():
        if one["des"] in wanted:
            by_object[one["des"]].append(key)
        elif first_day <= one["day"] <= last_day:
            near.append(key)
    keys: dict[int, str] = {}
    for rows in _grouped(told).values():
        candidates = by_object.get(told[rows[0]]["des"], [])
        keys |= _nearest(rows, days, [(key, _number(known[key])) for key in sorted(candidates, key=_second_last)])
    _renamed(told, days, known, near, keys)
    _new(told, known, keys)
    return [keys[number] for number in range(len(told))]


def _number(one: Traits) -> int:
    return dt.date.fromisoformat(one["day"]).toordinal()


def _second_last(key: str) -> tuple[int, str]:
    """The second row of an approach comes after the first."""
    return key.count("-"), key


def _grouped(told: Sequence[Traits]) -> dict[str, list[int]]:
    """By object, the places of its rows."""
    groups: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(told):
        groups[one["des"]].append(number)
    return groups


def _nearest(rows: list[int], days: list[int], known: list[tuple[str, int]]) -> dict[int, str]:
    """Rows of one object and its known approaches in pairs, the nearest in time first."""
    pairs = [
        (abs(days[row] - day), place, rank, row, key)
        for place, row in enumerate(rows)
        for rank, (key, day) in enumerate(known)
        if abs(days[row] - day) < APART
    ]
    found: dict[int, str] = {}
    for *_, row, key in sorted(pairs):
        if row not in found and key not in found.values():
            found[row] = key
    return found


def _renamed(
    told: Sequence[Traits], days: list[int], known: Mapping[str, Traits], near: list[str], keys: dict[int, str]
) -> None:
    """Give the rows of objects nobody knew the keys of those that they were under another name, where that is plain."""
    if not near:
        return
    alike = {
        row: [key for key in near if _alike(told[row], known[key], days[row])]
        for row in range(len(told))
        if row not in keys
    }
    for row, found in alike.items():
        only = len(found) == 1 and sum(found[0] in others for others in alike.values()) == 1
        if only:
            keys[row] = found[0]


def _alike(told: Traits, known: Traits, day: int) -> bool:
    if abs(_number(known) - day) > RENAMED_APART or ("h" in told) != ("h" in known):
        return False
    close = all(abs(told[name] - known[name]) <= share * known[name] for name, share in (("kms", 0.02), ("au", 0.1)))
    return close and bool(abs(told.get("h", 0) - known.get("h", 0)) <= 0.5)


def _new(told: Sequence[Traits], known: Mapping[str, Traits], keys: dict[int, str]) -> None:
    """Name the approaches nobody knew: after their object and the day that they were first told to be on."""
    taken = {*keys.values()}
    for row, one in enumerate(told):
        if row in keys:
            continue
        slug = re.sub(r"[^A-Za-z0-9]+", "-", one["des"]).strip("-") or "x"
        name = f"{slug}-{short_hash(one['des'] + ' ' + one['day'])[:4]}"
        # The second row of one approach; or the name of one that has moved far away since.
        again = (f"{name}-{number}" for number in count(2))
        keys[row] = next(key for key in chain([name], again) if key not in taken and key not in known)
        taken.add(keys[row])


IDENTITY = Identity(traits, identify, reach=APART, asked=asked)
