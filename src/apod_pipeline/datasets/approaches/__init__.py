"""Close approaches of asteroids and comets to Earth, as JPL computes them: everything that is this data set's own.

Takes the parts of this folder, gives `DATA_SET`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from apod_pipeline.dataset.about import About, Origin, Search
from apod_pipeline.dataset.calendar import Calendar
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.datasets.approaches.canary import DOUBTS
from apod_pipeline.datasets.approaches.fields import COLUMNS
from apod_pipeline.datasets.approaches.identity import IDENTITY
from apod_pipeline.datasets.approaches.jpl import Jpl
from apod_pipeline.datasets.approaches.quality import QUALITY
from apod_pipeline.datasets.approaches.settings import SETTINGS

if TYPE_CHECKING:
    from apod_pipeline.dataset.readings import Reading, Row

A_CENTURY = 36525  # days: the service is asked for no more than that ahead
CAUSES = MappingProxyType(
    {
        "orbit": "a new orbit solution: the same approach, computed anew",
        "move": "a new orbit solution puts it on another day",
        "rename": "its object is called otherwise: it was numbered or named, or linked to an older find",
    }
)


def _derive(reading: Reading) -> Row:
    from apod_pipeline.datasets.approaches.rules.derive import derive  # most runs have nothing to derive

    return derive(reading)


def _cause(was: Row, new: Row) -> str:
    if was["des"] != new["des"]:
        return "rename"
    if was["date"] != new["date"]:
        return "move"
    if any(was[name] != new[name] for name in ("orbit_id", "jd", "dist", "dist_min", "dist_max", "v_rel", "v_inf")):
        return "orbit"
    return "rename" if was["fullname"] != new["fullname"] else "source"


def _sources(settings: Mapping[str, Any]) -> tuple[Jpl]:
    return (Jpl(settings["jpl_url"], settings["dist_max"], settings["page_days"]),)


DATA_SET = DataSet(
    name="approaches",
    about=About(
        title="Close approaches of asteroids and comets to Earth",
        creator="NASA/JPL-Caltech, CNEOS/SSD",
        homepage="https://cneos.jpl.nasa.gov/ca/",
        keywords=("asteroids", "comets", "close approaches", "near-Earth objects", "NASA", "JPL"),
        entry="One record an approach; every number may change with each new orbit solution.",
        plain_table="the approaches that are known now, past and to come",
        origins={
            "jpl": Origin("JPL's Small-Body Database close-approach data", "https://ssd-api.jpl.nasa.gov/doc/cad.html")
        },
        shown=("des", "cd", "dist", "dist_min", "dist_max", "t_sigma_f", "orbit_id"),
        called=("des", "fullname"),
        licence="public domain; credit NASA/JPL-Caltech, CNEOS/SSD",
        replies="JPL's replies",
        size="some 13,000 approaches of a century when they were read in 2019, 25 MB; more with every discovery",
    ),
    columns=COLUMNS,
    calendar=Calendar(dt.date(1900, 1, 1), "Etc/UTC", "TDB", ahead=A_CENTURY, around=60, again=30),
    settings=SETTINGS,
    sources=_sources,
    doubts=DOUBTS,
    quality=QUALITY,
    derive=_derive,
    rules=1,
    identity=IDENTITY,
    cause=_cause,
    causes=CAUSES,
    search=Search({"A": (("des", "fullname"), 1_000)}),
)
