"""What must be true of a close approach, and what of it a reader should know.

Takes rows, gives expressions that find those that break a rule. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apod_pipeline.dataset.quality import Quality, Rule


def errors() -> Iterator[Rule]:
    """What must never be."""
    from polars import col

    yield Rule("no-object", "an approach is of an object", "error", lambda _: col("des").str.strip_chars() == "")
    yield Rule(
        "distance-impossible",
        "distances are above 0 (the least one may be 0), and below 2 au",
        "error",
        lambda _: ~((col("dist") > 0) & (col("dist") < 2) & (col("dist_min") >= 0)),
    )
    yield Rule("velocity-impossible", "velocities are above 0", "error", lambda _: ~(col("v_rel") > 0))


def warnings() -> Iterator[Rule]:
    """What a reader should know of."""
    from polars import col

    yield Rule(
        "limits-crossed",
        "the nominal distance lies between the least and the greatest",
        "warning",
        lambda _: (col("dist") < col("dist_min")) | (col("dist") > col("dist_max")),
    )
    yield Rule(
        "two-rows",
        "an approach has one row: two of one object less than 30 days apart are told of by the service, and kept",
        "warning",
        lambda _: (col("jd").sort().diff() < 30).any().over("des") & (col("des").len().over("des") > 1),
    )
    yield Rule(
        "time-uncertain",
        "the time of an approach is known to ten days",
        "warning",
        lambda _: col("t_sigma") > 10 * 1440,
    )
    yield Rule(
        "no-velocity-at-infinity",
        "an object comes from far away: one without v_inf is in orbit around the body for a while",
        "warning",
        lambda _: col("v_inf").is_null(),
    )


def surely_fine(row: Mapping[str, Any], _: str) -> bool:
    """True for a row that is so plain that no rule of severity `error` can find it; most are."""
    return bool(row["des"].strip() and 0 < row["dist"] < 2 and row["dist_min"] >= 0 and row["v_rel"] > 0)


QUALITY = Quality(errors, warnings, surely_fine)
