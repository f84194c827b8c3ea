"""No text stops a load because of the words that are searched: as many as are taken fit into what PostgreSQL holds."""

from __future__ import annotations

import itertools

import psycopg
import pytest

from apod_pipeline.database.searchable import Wording
from apod_pipeline.datasets.apod import DATA_SET

LETTERS = [chr(number) for number in range(0x20000, 0x20000 + 400)]  # four bytes each


@pytest.mark.parametrize("length", [2, 3, 5])
def test_the_most_words_that_are_taken_are_held(database_url, length):
    """Different words of the longest letters, more of them than are taken: less than a megabyte in all."""
    words = map("".join, itertools.product(LETTERS, repeat=length))
    text = " ".join(itertools.islice(words, 400_000 // length))
    row = "SELECT %s::text AS title, %s::text AS credit, %s::text AS copyright, %s::text AS explanation"
    searched = f"SELECT {Wording(DATA_SET.search).words} AS words FROM ({row}) AS entry"
    query = f"SELECT pg_column_size(words) FROM ({searched}) AS searched"
    with psycopg.connect(database_url) as connection:
        ((size,),) = connection.execute(query.encode(), [text, text[150_000:], "", text]).fetchall()
    assert 300_000 < size < 1 << 20
