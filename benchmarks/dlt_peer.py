"""The peer: dlt, merging the same days from the same service into the same PostgreSQL.

Takes two days and how many days a request may cover. As its documentation shows it: a resource of ranges, a transformer
that asks for them (four at a time, like ours), `merge` on the primary key.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.sources.helpers import requests
from psycopg2.extensions import parse_dsn


@dlt.resource
def ranges(first: dt.date, last: dt.date, width: int) -> Iterator[dict[str, str]]:
    """The queries for the days from `first` to `last`."""
    while first <= last:
        end = min(last, first + dt.timedelta(days=width - 1))
        yield {"start_date": str(first), "end_date": str(end)}
        first = end + dt.timedelta(days=1)


@dlt.transformer(name="apod", primary_key="date", write_disposition="merge", parallelized=True)
def entries(query: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
    """The entries of one range."""
    address, key = f"{os.environ['NASA_URL']}/planetary/apod", os.environ["NASA_API_KEY"]
    yield requests.get(address, params=query, headers={"X-Api-Key": key}).json()


def credentials() -> dict[str, Any]:
    """The server as dlt wants it told: in parts, with a host and a password even where a socket needs neither."""
    parts = parse_dsn(os.environ["DATABASE_URL"])
    said = {"database": parts["dbname"], "username": parts["user"], "host": "localhost", "password": "unused"}
    return {**said, "query": {"host": parts["host"], "port": parts["port"]}}


def main(first: str, last: str, width: str) -> None:
    """Run the pipeline."""
    days = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    destination = dlt.destinations.postgres(credentials())
    pipeline = dlt.pipeline("apod", destination=destination, dataset_name="apod")
    pipeline.run(ranges(*days, int(width)) | entries).raise_on_failed_jobs()


main(*sys.argv[1:])
