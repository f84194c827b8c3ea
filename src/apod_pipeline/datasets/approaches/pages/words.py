"""An approach in words and units that people know: lunar distances, metres, times to the minute.

Takes rows of the tables, gives texts. Pure.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from apod_pipeline.datasets.approaches.identity import LUNAR_DISTANCE

Row = Mapping[str, Any]

# How much of the light an object sends back: what is bright for its size, what is dark, and what is usual.
BRIGHT, DARK, USUAL = 0.25, 0.05, 0.14


class Told(NamedTuple):
    """One approach as a line of a table shows it."""

    key: str
    name: str
    address: str
    at: str
    give: str
    lunar: str
    lunar_range: str
    au: str
    au_range: str
    speed: str
    magnitude: str
    size: str
    orbit: str


def told(row: Row) -> Told:
    """An approach, or a state of one, in words."""
    return Told(
        row["approach"],
        name(row),
        address(row["des"]),
        when(row),
        f"± {row['t_sigma_f']}".replace("± <", "<"),
        f"{lunar(row['dist']):.2f}",
        span(lunar(row["dist_min"]), lunar(row["dist_max"]), 2),
        f"{row['dist']:.5f}",
        span(row["dist_min"], row["dist_max"], 5),
        f"{row['v_rel']:.1f}",
        "" if row["h"] is None else f"{row['h']:.1f}",
        size(row),
        row["orbit_id"],
    )


def lunar(au: float) -> float:
    """Astronomical units in lunar distances."""
    return au / LUNAR_DISTANCE


def name(row: Row) -> str:
    """What the object is called: with its name, where it has one, else by its designation."""
    full = " ".join((row["fullname"] or "").split())
    return full if full and full != f"({row['des']})" else str(row["des"])


def address(des: str) -> str:
    """Where the page of an object is."""
    return f"/approaches/object/{quote(des, safe='')}"


def when(row: Row) -> str:
    """The time of closest approach to the minute, UTC; before 1972 as it was served."""
    at = row["utc"]
    if at is None:
        return f"{row['cd']} TDB"
    return f"{(at + dt.timedelta(seconds=30)).astimezone(dt.UTC):%Y-%m-%d %H:%M}"


def span(least: float, greatest: float, digits: int) -> str:
    """From the least to the greatest."""
    return f"{least:.{digits}f} to {greatest:.{digits}f}"


def size(row: Row) -> str:
    """The diameter, where one was measured; else what the brightness lets one expect."""
    if row["diameter"] is not None:
        sigma = row["diameter_sigma"]
        return f"{metres(row['diameter'] * 1000)}" + (f" ± {metres(sigma * 1000)}" if sigma is not None else "")
    if row["h"] is None:
        return "unknown"
    least, greatest = (metres(diameter(row["h"], light)) for light in (BRIGHT, DARK))
    return f"about {least.removesuffix(' ' + greatest.split()[-1])} to {greatest}"


def diameter(magnitude: float, light: float = USUAL) -> float:
    """Metres across, of something that sends back so much of the light."""
    return float(1_329_000 / math.sqrt(light) * 10 ** (-magnitude / 5))


def magnitude(across: float, light: float = USUAL) -> float:
    """The absolute magnitude of something so many metres across."""
    return 5 * math.log10(1_329_000 / math.sqrt(light) / across)


def metres(number: float) -> str:
    """A length, to two digits."""
    number, unit = (number / 1000, "km") if number >= 1000 else (number, "m")
    digits = max(0, 1 - math.floor(math.log10(number))) if number > 0 else 0
    return f"{round(number, 1 - math.floor(math.log10(number)) if number > 0 else 0):.{digits}f} {unit}"
