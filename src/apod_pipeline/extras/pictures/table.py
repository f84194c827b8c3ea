"""Rows of the pictures that are kept, for who asks in SQL: the table `NAME_picture`.

Takes what the ledger tells of pictures and a connection, gives rows in their table: those that differ are written,
others that nobody tells of go. May be repeated; it is a projection, as all tables are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apod_pipeline.database.merging import stage_and_merge
from apod_pipeline.database.rows import cells
from apod_pipeline.database.tables import TableShape
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dictionary.tables import relations
from apod_pipeline.extras.pictures.alike import Alike
from apod_pipeline.extras.pictures.told import Told

if TYPE_CHECKING:
    from apod_pipeline.database.connection import Connection

SAME = ("role", "kind", "address", "sha256", "type", "bytes", "width", "height", "perceptual_hash")


def show(connection: Connection, dataset: DataSet, told: Told, pairs: Sequence[Alike]) -> None:
    """Let the tables tell what the ledger does, in the caller's transaction."""
    pictures, others = (_shape(dataset, part) for part in ("picture", "alike"))
    _fill(connection, pictures, list(cells(pictures, rows_of(dataset, told))))
    _fill(connection, others, [[*pair.later, *pair.before, pair.bits] for pair in pairs])


def _shape(dataset: DataSet, part: str) -> TableShape:
    name = f"{dataset.name}_{part}"
    return TableShape.of(next(relation for relation in relations(dataset) if relation.name == name))


def _fill(connection: Connection, shape: TableShape, rows: list[list[Any]]) -> None:
    """Bring rows into a table; where it then holds others, it is filled anew."""
    stage_and_merge(connection, shape, rows)
    found = connection.execute(f"SELECT count(*) FROM {shape.name}".encode()).fetchone()  # noqa: S608 - names are ours
    if found and found[0] != len(rows):
        connection.execute(f"DELETE FROM {shape.name}".encode())  # noqa: S608 - as above
        connection.execute(f"DROP TABLE IF EXISTS staged_{shape.name}".encode())
        stage_and_merge(connection, shape, rows)


def rows_of(dataset: DataSet, told: Told) -> Iterator[dict[str, Any]]:
    """Every file that was kept, and when another one took its place."""
    for lines in told.kept.values():
        for line, later in zip(lines, [*lines[1:], None], strict=True):
            yield {
                dataset.columns.key: line["key"],
                "kept_at": line["at"],
                "replaced_at": later["at"] if later else None,
                "kept_from": line["from"],
                **{name: line[name] for name in SAME},
            }
