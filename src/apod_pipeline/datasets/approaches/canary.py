"""What can be no close approach, and how much of what was told before may be told otherwise at once.

Takes records and traits, gives reasons. Pure.
"""

from __future__ import annotations

import re
from contextlib import suppress

from apod_pipeline.dataset.doubts import Continuity, Doubts, Limits
from apod_pipeline.dataset.identity import Traits
from apod_pipeline.dataset.readings import Record
from apod_pipeline.datasets.approaches.rules.derive import NUMBERS
from apod_pipeline.datasets.approaches.rules.times import calendar, julian, minutes

ABSENT = {"v_inf", "h", "diameter", "diameter_sigma"}  # numbers that may be missing
_ONE = r"[-+]?(?:\d{1,9}(?:\.\d{0,25})?|\.\d{1,25})(?:e(?:-\d{1,2}|\+?\d))?"  # `29.` is real
_PLAINLY = re.ASCII | re.IGNORECASE
_NUMBERS = re.compile(" ".join([_ONE if name not in ABSENT else f"(?:{_ONE})?" for name in NUMBERS]), _PLAINLY)
ROUNDED = 31  # seconds: the time to the minute is rounded

# Of 6,284 approaches 361 changed within 70 days: their distances by 0.2 % or less in nine of ten, by 31 % in the worst
# case, and two were withdrawn. In 18 months, when all solutions were renewed at once, 19 of 6,577 were gone.
SHARE, FEW = 0.05, 2


def implausible(record: Record) -> str | None:
    """Why no approach can look like this; None when it can."""
    for name in (
        "des",
        "orbit_id",
        "cd",
        "jd",
        "t_sigma_f",
        *(("fullname",) if record["fullname"] is not None else ()),
    ):
        if not isinstance(record[name], str) or not record[name].strip():
            return f"its {name} is no text"
    if wrong := _no_number(record):
        return f"its {wrong} is no number"
    tdb, minute = julian(record["jd"]), calendar(record["cd"])
    if tdb is None or minute is None or abs((tdb - minute).total_seconds()) > ROUNDED:
        return "its two times are not the same"
    try:
        minutes(record["t_sigma_f"])
    except ValueError:
        return "the uncertainty of its time is none"
    if not 0 < float(record["dist"]) < 2:
        return "its distance is none of a close approach"
    return None


def _no_number(record: Record) -> str | None:
    """The first field that should hold a number and does not; None where all do."""
    told = [record[name] for name in NUMBERS]
    with suppress(TypeError):  # most have nothing wrong: all of them are looked at together
        if _NUMBERS.fullmatch(" ".join(["" if text is None else text for text in told])) and None not in told[:5]:
            return None
    return next((name for name, text in zip(NUMBERS, told, strict=True) if not _is_number(name, text)), None)


def _is_number(name: str, value: object) -> bool:
    if value is None:
        return name in ABSENT
    return isinstance(value, str) and bool(re.fullmatch(_ONE, value, _PLAINLY))


def _leaps(was: Traits, new: Traits) -> bool:
    """Whether a distance or velocity is another one altogether."""
    return not 0.5 < new["au"] / was["au"] < 2 or not 0.8 < new["kms"] / was["kms"] < 1.25


DOUBTS = Doubts(implausible, lambda _: False, (), Limits(10, 25, 10, 3), Continuity(_leaps, SHARE, FEW))
