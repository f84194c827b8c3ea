"""The page of a day: who is credited, and what may be done with the picture."""

from __future__ import annotations

import datetime as dt
import re

import httpx
import psycopg

from apod_pipeline.dataset.spans import Span
from mirror.conftest import ended, started

DAYS = Span(dt.date(2018, 12, 24), dt.date(2018, 12, 26))


def test_the_credit_line_begins_with_a_word(lab):
    """Where nobody is credited it says the rights alone; else the credit comes first."""
    lab.filled(DAYS)
    with psycopg.connect(lab.database) as owner:
        owner.execute("UPDATE apod_revision SET credit = NULL, copyright = NULL WHERE date = '2018-12-25'")
        owner.execute("UPDATE apod_revision SET credit = 'One', copyright = NULL WHERE date = '2018-12-26'")
    process, address = started(lab, "--no-access-log")
    try:
        pages = [httpx.get(f"{address}/day/2018-12-{day}").text for day in (25, 26)]
    finally:
        ended(process)
    lines = [re.findall(r'<p class="credit">(.*?): ', page) for page in pages]
    assert lines == [["Rights"], ["Credit"]]
