"""The words of all texts, ready to be searched: the table `apod_search` beside the revisions.

Takes a connection of somebody who may write, gives the table in step with `apod_revision`. Never fills it by itself: an
archive that nobody searches pays nothing, and one that was searched once is kept in step by every load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apod_pipeline.database.schema import LOCK

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

FORGET = """
DELETE FROM apod_search s WHERE NOT EXISTS (
    SELECT FROM apod_revision r
    WHERE (r.date, r.observed_from, r.content_hash) = (s.date, s.observed_from, s.content_hash)
    AND r.observed_to IS NOT DISTINCT FROM s.observed_to)
"""
# PostgreSQL holds a megabyte of words: what is longer than any text is not searched to its end. So many letters, each
# word another one and each letter of four bytes, take half of it.
# Titles weigh most (A), then who made the picture (B: what `credit=` looks in), then the text.
WORDS = """setweight(to_tsvector('english', left(title, 1000)), 'A')
       || setweight(to_tsvector('english', left(concat_ws(' ', credit, copyright), 20000)), 'B')
       || to_tsvector('english', left(coalesce(explanation, ''), 100000))"""
LEARN = f"""
INSERT INTO apod_search
SELECT date, observed_from, observed_to, media_type, content_hash, {WORDS}
FROM apod_revision r
WHERE NOT EXISTS (SELECT FROM apod_search s WHERE (s.date, s.observed_from) = (r.date, r.observed_from))
"""  # noqa: S608 - put together of our own constants
# What is new waits in a list that every search reads from end to end, until a vacuum sorts it in. Only the index's
# owner may do so at once.
SORT_IN = """
SELECT gin_clean_pending_list(oid) FROM pg_class
WHERE oid = 'apod_search_words'::regclass AND pg_has_role(relowner, 'USAGE')
"""
DIFFERENT = f"""
SELECT date FROM apod_revision r FULL JOIN apod_search s USING (date, observed_from)
WHERE (r.observed_to, r.media_type, r.content_hash) IS DISTINCT FROM (s.observed_to, s.media_type, s.content_hash)
OR words IS DISTINCT FROM {WORDS} ORDER BY date
"""  # noqa: S608 - as above


def is_searchable(connection: Connection) -> bool:
    """Whether the table is kept: somebody has searched, or was to be able to."""
    return connection.execute("SELECT FROM apod_searched").fetchone() is not None


def make_searchable(connection: Connection, *, anew: bool = False) -> None:
    """Bring the table in step with the revisions, in the caller's transaction; nothing is written where it is so.

    Args:
        connection: of somebody who may write.
        anew: take every text apart again, whatever stands there.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    connection.execute(b"DELETE FROM apod_search" if anew else FORGET.encode())
    connection.execute("INSERT INTO apod_searched DEFAULT VALUES ON CONFLICT DO NOTHING")
    if learnt := connection.execute(LEARN.encode()).rowcount:
        connection.execute(SORT_IN)
    if learnt > 1000:
        connection.execute("ANALYZE apod_search")


def not_in_step(connection: Connection) -> list[str]:
    """Days of which the table says anything else than the revisions do: every text is taken apart again."""
    return [str(day) for (day,) in connection.execute(DIFFERENT.encode())]
