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
# What words are made of, told apart: the words of equal texts are equal.
TEXTS = "md5(ROW(title, credit, copyright, explanation)::text)"
MISSING = """FROM apod_revision r
WHERE NOT EXISTS (SELECT FROM apod_search s WHERE (s.date, s.observed_from) = (r.date, r.observed_from))"""
LEARN = f"""
INSERT INTO apod_search
SELECT date, observed_from, observed_to, media_type, content_hash, {WORDS}
{MISSING}
"""
# Words that were made while the entries were still on their way (`words_ahead`).
AHEAD = "CREATE TEMPORARY TABLE apod_words_ahead (texts TEXT PRIMARY KEY, words TSVECTOR NOT NULL) ON COMMIT DROP"
FORESEE = f"""
INSERT INTO apod_words_ahead SELECT {TEXTS}, {WORDS}
FROM json_to_recordset(convert_from(%b, 'UTF8')::json)
    AS told(title TEXT, credit TEXT, copyright TEXT, explanation TEXT)
ON CONFLICT DO NOTHING
"""  # noqa: S608 - as above
LEARN_AHEAD = f"""
INSERT INTO apod_search
SELECT date, observed_from, observed_to, media_type, content_hash,
       coalesce((SELECT words FROM apod_words_ahead a WHERE a.texts = {TEXTS}), {WORDS})
{MISSING}
"""  # noqa: S608 - as above
# An index is made faster over a table that is filled than beside its filling; only its owner may take it away.
INDEX = """
SELECT pg_get_indexdef(oid) FROM pg_class
WHERE oid = 'apod_search_words'::regclass AND pg_has_role(relowner, 'USAGE')
AND NOT EXISTS (SELECT FROM apod_search)
"""
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
    there = connection.execute("SELECT to_regclass('apod_searched') IS NOT NULL").fetchone()
    return bool(there and there[0]) and connection.execute("SELECT FROM apod_searched").fetchone() is not None


def make_searchable(connection: Connection, *, anew: bool = False) -> None:
    """Bring the table in step with the revisions, in the caller's transaction; nothing is written where it is so.

    Args:
        connection: of somebody who may write.
        anew: take every text apart again, whatever stands there.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    connection.execute(b"DELETE FROM apod_search" if anew else FORGET.encode())
    connection.execute("INSERT INTO apod_searched DEFAULT VALUES ON CONFLICT DO NOTHING")
    if learnt := _learn(connection):
        connection.execute(SORT_IN)
    if learnt > 1000:
        connection.execute("ANALYZE apod_search")


def _learn(connection: Connection) -> int:
    """Make the words that are missing; gives of how many states."""
    index = connection.execute(INDEX).fetchone()
    if index:
        connection.execute("DROP INDEX apod_search_words")
    ahead = connection.execute("SELECT to_regclass('pg_temp.apod_words_ahead') IS NOT NULL").fetchone()
    learnt = connection.execute((LEARN_AHEAD if ahead and ahead[0] else LEARN).encode()).rowcount
    if index:
        connection.execute(index[0].encode())
    return learnt


def not_in_step(connection: Connection) -> list[str]:
    """Days of which the table says anything else than the revisions do: every text is taken apart again."""
    return [str(day) for (day,) in connection.execute(DIFFERENT.encode())]
