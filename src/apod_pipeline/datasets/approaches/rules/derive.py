"""From one row of the service to an entry: numbers from their digits, UTC from TDB.

Takes a reading, gives a row. Pure.
"""

from __future__ import annotations

from apod_pipeline.dataset.readings import Reading, Record, Row
from apod_pipeline.datasets.approaches.rules.times import julian, minutes, utc
from apod_pipeline.errors import NoEntry

NUMBERS = ("jd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "h", "diameter", "diameter_sigma")


def derive(reading: Reading) -> Row:
    """The entry that a row makes.

    Raises:
        NoEntry: it holds what is no number, or no time.
    """
    told, day = reading.record, str(reading.day)
    try:
        numbers = {name: None if told[name] is None else float(told[name]) for name in NUMBERS}
        sigma = minutes(told["t_sigma_f"])
    except (TypeError, ValueError) as error:
        raise NoEntry(day, f"it holds no number where one belongs: {error}") from error
    if (tdb := julian(told["jd"])) is None:
        raise NoEntry(day, "its Julian date is no time")
    at = utc(tdb)
    return {
        "approach": reading.key,
        "date": day,
        "des": told["des"],
        "fullname": told["fullname"],
        "ca_body": "Earth",
        "orbit_id": told["orbit_id"],
        "jd": numbers["jd"],
        "cd": told["cd"],
        "utc": f"{at.at.isoformat()}Z" if at else None,
        "utc_predicted": at is not None and at.predicted,
        **{name: numbers[name] for name in NUMBERS[1:6]},
        "t_sigma_f": told["t_sigma_f"],
        "t_sigma": sigma,
        **{name: numbers[name] for name in NUMBERS[6:]},
        "digits": _digits(told, numbers) or None,
    }


def _digits(told: Record, numbers: dict[str, float | None]) -> dict[str, str]:
    """The numbers that were served with other digits than they are written with."""
    return {
        name: told[name]
        for name, number in numbers.items()
        if number is not None and told[name] != _written(name, number)
    }


def _written(name: str, number: float) -> str:
    """A number as PostgreSQL writes it; a Julian date with its nine decimals."""
    return f"{number:.9f}" if name == "jd" else repr(number).removesuffix(".0")


def served(row: Row) -> dict[str, str | None]:
    """The numbers of an entry with the digits that they were served with."""
    digits = row["digits"] or {}
    return {
        name: None if row[name] is None else digits.get(name) or _written(name, float(row[name])) for name in NUMBERS
    }
