"""The words of all texts, ready to be searched: the table `NAME_search` beside the revisions.

Takes a connection of somebody who may write, gives the table in step with `NAME_revision`. Never fills it by itself: an
archive that nobody searches pays nothing, and one that was searched once is kept in step by every load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apod_pipeline.database.tables import Tables
from apod_pipeline.dataset.about import Search

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

FORGET = """
DELETE FROM {name}_search s WHERE NOT EXISTS (
    SELECT FROM {name}_revision r
    WHERE (r.{key}, r.observed_from, r.content_hash) = (s.{key}, s.observed_from, s.content_hash)
    AND r.observed_to IS NOT DISTINCT FROM s.observed_to)
"""
MISSING = """FROM {name}_revision r
WHERE NOT EXISTS (SELECT FROM {name}_search s WHERE (s.{key}, s.observed_from) = (r.{key}, r.observed_from))"""
# Words that were made while the entries were still on their way (`words_ahead`).
AHEAD = "CREATE TEMPORARY TABLE {name}_words_ahead (texts TEXT PRIMARY KEY, words TSVECTOR NOT NULL) ON COMMIT DROP"
# An index is made faster over a table that is filled than beside its filling; only its owner may take it away.
INDEX = """
SELECT pg_get_indexdef(oid) FROM pg_class
WHERE oid = '{name}_search_words'::regclass AND pg_has_role(relowner, 'USAGE')
AND NOT EXISTS (SELECT FROM {name}_search)
"""
# What is new waits in a list that every search reads from end to end, until a vacuum sorts it in. Only the index's
# owner may do so at once.
SORT_IN = """
SELECT gin_clean_pending_list(oid) FROM pg_class
WHERE oid = '{name}_search_words'::regclass AND pg_has_role(relowner, 'USAGE')
"""


class Wording:
    """The statements that take texts apart, for what of an entry is searched.

    Attributes:
        fields: those that are taken apart, as the statements name them.
        words: the words of a row, weighted.
        texts: what words are made of, told apart: the words of equal texts are equal.
    """

    def __init__(self, search: Search) -> None:
        parts, self.fields = [], tuple(name for names, _ in search.weighted.values() for name in names)
        for weight, (names, most) in search.weighted.items():
            text = f"coalesce({names[0]}, '')" if len(names) == 1 else f"concat_ws(' ', {', '.join(names)})"
            vector = f"to_tsvector('english', left({text}, {most}))"
            parts.append(vector if weight == "D" else f"setweight({vector}, '{weight}')")  # D is what words have anyway
        self.words = " || ".join(parts)
        self.texts = f"md5(ROW({', '.join(self.fields)})::text)"
        self._kept = "".join(f", {name}" for name in search.filters)

    def foresee(self) -> str:
        """Make the words of texts that are still on their way (JSON, as bytes)."""
        told = ", ".join(f"{name} TEXT" for name in self.fields)
        return (
            f"INSERT INTO {{name}}_words_ahead SELECT {self.texts}, {self.words}"  # noqa: S608 - names are ours
            f" FROM json_to_recordset(convert_from(%b, 'UTF8')::json) AS told({told}) ON CONFLICT DO NOTHING"
        )

    def learn(self, *, ahead: bool) -> str:
        """Make the words that are missing; of texts that were foreseen they are there already."""
        there = f"(SELECT words FROM {{name}}_words_ahead a WHERE a.texts = {self.texts})"  # noqa: S608 - names are ours
        words = f"coalesce({there}, {self.words})" if ahead else self.words
        return (
            f"INSERT INTO {{name}}_search SELECT {{key}}, observed_from, observed_to{self._kept}, content_hash, {words}"
            f" {MISSING}"
        )

    def different(self) -> str:
        """Keys of which the table says anything else than the revisions do."""
        left, right = (
            ", ".join(f"{side}.{name}" for name in ("observed_to", *self._kept.split(", ")[1:], "content_hash"))
            for side in ("r", "s")
        )
        return (
            "SELECT {key} FROM {name}_revision r FULL JOIN {name}_search s USING ({key}, observed_from)"  # noqa: S608 - names are ours
            f" WHERE ({left}) IS DISTINCT FROM ({right}) OR words IS DISTINCT FROM {self.words} ORDER BY {{key}}"
        )


def is_searchable(connection: Connection, tables: Tables) -> bool:
    """Whether the table is kept: somebody has searched, or was to be able to."""
    if tables.dataset.search is None:
        return False
    there = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{tables.name}_searched"]).fetchone()
    found = bool(there and there[0]) and connection.execute(tables.sql("SELECT FROM {name}_searched")).fetchone()
    return found is not None and found is not False


def make_searchable(connection: Connection, tables: Tables, *, anew: bool = False) -> None:
    """Bring the table in step with the revisions, in the caller's transaction; nothing is written where it is so.

    Args:
        connection: of somebody who may write.
        tables: whose; nothing is done where nothing of them is searched.
        anew: take every text apart again, whatever stands there.
    """
    if tables.dataset.search is None:
        return
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [tables.lock])
    connection.execute(tables.sql("DELETE FROM {name}_search" if anew else FORGET))
    connection.execute(tables.sql("INSERT INTO {name}_searched DEFAULT VALUES ON CONFLICT DO NOTHING"))
    if learnt := _learn(connection, tables, Wording(tables.dataset.search)):
        connection.execute(tables.sql(SORT_IN))
    if learnt > 1000:
        connection.execute(tables.sql("ANALYZE {name}_search"))


def _learn(connection: Connection, tables: Tables, wording: Wording) -> int:
    """Make the words that are missing; gives of how many states."""
    index = connection.execute(tables.sql(INDEX)).fetchone()
    if index:
        connection.execute(tables.sql("DROP INDEX {name}_search_words"))
    ahead = connection.execute(tables.sql("SELECT to_regclass('pg_temp.{name}_words_ahead') IS NOT NULL")).fetchone()
    learnt = connection.execute(tables.sql(wording.learn(ahead=bool(ahead and ahead[0])))).rowcount
    if index:
        connection.execute(index[0].encode())
    return learnt


def not_in_step(connection: Connection, tables: Tables) -> list[str]:
    """Keys of which the table says anything else than the revisions do: every text is taken apart again."""
    if tables.dataset.search is None:
        return []
    return [str(key) for (key,) in connection.execute(tables.sql(Wording(tables.dataset.search).different()))]
