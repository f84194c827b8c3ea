"""The peer: dlt, merging the same days from the same service into the same PostgreSQL.

Takes two days, how many days a request may cover, the strategy of the merge and the form of the files it loads. As its
documentation shows it: a resource of ranges, a transformer that asks for them in parallel, `merge` on the primary key.
With `WORDS` set, the words that our search looks in are made beside its table, with their index, by hand.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import dlt
import psycopg2
from dlt.sources.helpers import requests
from psycopg2.extensions import parse_dsn


@dlt.resource
def ranges(first: dt.date, last: dt.date, width: int) -> Iterator[dict[str, str]]:
    """The queries for the days from `first` to `last`."""
    while first <= last:
        end = min(last, first + dt.timedelta(days=width - 1))
        yield {"start_date": str(first), "end_date": str(end)}
        first = end + dt.timedelta(days=1)


# What our search keeps, of what dlt's table holds.
WORDS = """
CREATE TABLE apod.words AS SELECT date, setweight(to_tsvector('english', left(title, 1000)), 'A')
    || setweight(to_tsvector('english', left(coalesce(copyright, ''), 20000)), 'B')
    || to_tsvector('english', left(coalesce(explanation, ''), 100000)) AS words FROM apod.apod;
CREATE INDEX ON apod.words USING gin (words);
ANALYZE apod.words;
"""


@dlt.transformer(name="apod", primary_key="date", parallelized=True)
def entries(query: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    """The entries of one range."""
    address, key = f"{os.environ['NASA_URL']}/planetary/apod", os.environ["NASA_API_KEY"]
    yield requests.get(address, params=query, headers={"X-Api-Key": key}).json()


def credentials() -> dict[str, Any]:
    """The server as dlt wants it told: in parts, with a host and a password even where a socket needs neither."""
    parts = parse_dsn(os.environ["DATABASE_URL"])
    said = {"database": parts["dbname"], "username": parts["user"], "host": "localhost", "password": "unused"}
    return {**said, "query": {"host": parts["host"], "port": parts["port"]}}


def main(first: str, last: str, width: str, strategy: str, form: str) -> None:
    """Run the pipeline."""
    days = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    destination = dlt.destinations.postgres(credentials())
    pipeline = dlt.pipeline("apod", destination=destination, dataset_name="apod")
    disposition = {"disposition": "merge", "strategy": strategy}
    loaded = pipeline.run(ranges(*days, int(width)) | entries, write_disposition=disposition, loader_file_format=form)
    loaded.raise_on_failed_jobs()
    if os.environ.get("WORDS"):
        with (
            closing(psycopg2.connect(os.environ["DATABASE_URL"])) as connection,
            connection,
            connection.cursor() as one,
        ):
            one.execute(WORDS)


main(*sys.argv[1:])
