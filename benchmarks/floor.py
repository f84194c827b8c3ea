"""The floor: ask, COPY, merge, and nothing else. No check, no history, no file, no version.

Takes two days and how many days a request may cover, gives the rows of the table `apod`. What a pipeline takes beyond
this is what its promises cost.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import os
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg

FIELDS = ("date", "title", "url", "explanation", "media_type")
DDL = """CREATE TABLE IF NOT EXISTS apod (date TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT, explanation TEXT,
    media_type TEXT DEFAULT 'image', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"""
MERGE = """INSERT INTO apod (date, title, url, explanation, media_type) SELECT * FROM staged ON CONFLICT (date)
    DO UPDATE SET (title, url, explanation, media_type) =
    (EXCLUDED.title, EXCLUDED.url, EXCLUDED.explanation, EXCLUDED.media_type)"""


def records(first: dt.date, last: dt.date, width: int) -> Iterator[dict[str, Any]]:
    """What the service tells of the days from `first` to `last`."""
    connection = http.client.HTTPConnection(urlsplit(os.environ["NASA_URL"]).netloc)
    while first <= last:
        end = min(last, first + dt.timedelta(days=width - 1))
        query = f"date={first}" if first == end else f"start_date={first}&end_date={end}"
        connection.request("GET", f"/planetary/apod?{query}", headers={"X-Api-Key": os.environ["NASA_API_KEY"]})
        told = json.load(connection.getresponse())
        yield from told if isinstance(told, list) else [told]
        first = end + dt.timedelta(days=1)
    connection.close()


def main(first: str, last: str, width: str) -> None:
    """Bring the days into the table."""
    days = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(DDL)
        cursor.execute(f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS SELECT {', '.join(FIELDS)} FROM apod LIMIT 0")
        with cursor.copy("COPY staged FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text"] * len(FIELDS))
            for record in records(*days, int(width)):
                copy.write_row([record.get(name) for name in FIELDS])
        cursor.execute(MERGE)


main(*sys.argv[1:])
