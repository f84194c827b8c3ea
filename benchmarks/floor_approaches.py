"""The floor for close approaches: ask, COPY, merge, and nothing else.

Takes two days and how many days a request may cover, gives the rows of a table `bare`. What a pipeline takes beyond
this is what its promises cost.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg

FIELDS = ("des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f", "h")
OTHERS = ("diameter", "diameter_sigma", "fullname")
COLUMNS = ", ".join(FIELDS + OTHERS)
DDL = f"CREATE TABLE IF NOT EXISTS bare ({', '.join(f'{name} TEXT' for name in FIELDS + OTHERS)}, UNIQUE (des, jd))"
MERGE = f"""INSERT INTO bare ({COLUMNS}) SELECT {COLUMNS} FROM staged
    ON CONFLICT (des, jd) DO UPDATE SET dist = EXCLUDED.dist"""


def rows(first: dt.date, last: dt.date, width: int) -> Iterator[list[str | None]]:
    """What the service tells of the days from `first` to `last`."""
    connection = http.client.HTTPConnection(urlsplit(os.environ["JPL_URL"]).netloc)
    while first <= last:
        end = min(last, first + dt.timedelta(days=width - 1))
        before = first - dt.timedelta(days=1)
        span = f"date-min={before}T23:59:30&date-max={end}T23:59:30"
        connection.request("GET", f"/cad.api?{span}&dist-max=0.05&diameter=true&fullname=true")
        yield from json.load(connection.getresponse()).get("data", [])
        first = end + dt.timedelta(days=1)
    connection.close()


def main(first: str, last: str, width: str) -> None:
    """Bring the rows into the table."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(DDL)
        cursor.execute("CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT * FROM bare LIMIT 0")
        with cursor.copy("COPY staged FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text"] * len(FIELDS + OTHERS))
            for row in rows(dt.date.fromisoformat(first), dt.date.fromisoformat(last), int(width)):
                copy.write_row(row)
        cursor.execute(MERGE)


main(*sys.argv[1:])
