"""The SELECTs over the tables of any data set, made from its fields: entries that are narrowed, one, its history.

Takes a data set's description, gives rows. Never writes; whatever somebody typed is a parameter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import LiteralString, NamedTuple

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import Field
from apod_pipeline.extras.mirror.reads import Reads, Row
from apod_pipeline.extras.mirror.selects import AT, SEEN

TEXTS, NUMBERS = {"text", "name"}, {"number", "count", "large count"}
RESERVED = {"from", "to", "as_of", "page", "per_page", "part", "api_key"}
MOST_CALLED = 200  # entries that one name may mean
BOUNDS: tuple[tuple[str, LiteralString, str], ...] = (("_min", ">=", "at least"), ("_max", "<=", "at most"))


class Filter(NamedTuple):
    """What entries may be narrowed by.

    Attributes:
        name: as it is asked for.
        field: what is compared.
        operator: how.
        meaning: in a sentence without its stop.
    """

    name: str
    field: Field
    operator: LiteralString
    meaning: str

    @property
    def placeholder(self) -> str:
        """What its value is called in a statement: never as one of ours, whatever a set calls its fields."""
        return f"wanted_{self.name}"


def filters(dataset: DataSet) -> tuple[Filter, ...]:
    """By day; by each text of the plain table, and what entries are called by; by the bounds of each number."""
    columns = dataset.columns
    (day,) = columns.named([columns.day])
    found = [
        Filter("from", day, ">=", "only from this day on, YYYY-MM-DD"),
        Filter("to", day, "<=", "only up to this day, YYYY-MM-DD"),
    ]
    names = [name for name in dict.fromkeys((*columns.output, *dataset.about.called)) if name not in RESERVED]
    for field in columns.named(names):
        if field.kind in TEXTS and field.name != columns.key:
            found.append(Filter(field.name, field, "=", f"only where this is the same: {field.meaning}"))
        base = field.name.removesuffix("_min").removesuffix("_max")
        if field.kind in NUMBERS and (base == field.name or base not in names):
            unit = f" ({field.unit})"
            found += [
                Filter(field.name + end, field, operator, f"{words} this much: {field.meaning}{unit}")
                for end, operator, words in BOUNDS
            ]
    return tuple(found)


class SetSelects(Reads):
    """What can be asked of a data set's tables, between `open` and `close`.

    Args:
        dataset: whose.
    """

    def __init__(self, dataset: DataSet) -> None:
        super().__init__(dataset.name)
        columns = dataset.columns
        self._called = [name for name in dataset.about.called if name in columns.every]
        self._parts: dict[str, Composable] = {
            "states": Identifier(f"{dataset.name}_revision"),
            "key": Identifier(columns.key),
            "day": Identifier(columns.day),
            "at": SQL(AT),
            "seen": SQL(SEEN),
        }

    async def count(self, wanted: Sequence[Filter], values: Mapping[str, object], at: dt.datetime | None) -> int:
        """How many entries there are of those that are wanted."""
        query = self._sql("SELECT count(*) AS n FROM {states} WHERE {at}{wanted}", wanted=_conditions(wanted))
        row = await self.one(query, at=at, **values)
        return int(row["n"]) if row else 0

    async def entries(
        self, wanted: Sequence[Filter], values: Mapping[str, object], at: dt.datetime | None, skip: int, most: int
    ) -> list[Row]:
        """Some of them with every field, by their days."""
        query = self._sql(
            "SELECT * FROM {states} WHERE {at}{wanted} ORDER BY {day}, {key} OFFSET %(skip)s LIMIT %(most)s",
            wanted=_conditions(wanted),
        )
        return await self.rows(query, at=at, skip=skip, most=most, **values)

    async def entry(self, key: str, at: dt.datetime | None) -> Row | None:
        """One entry, as it is or as it was known at an instant."""
        return await self.one(
            self._sql("SELECT * FROM {states} WHERE {key} = %(key)s AND {at} LIMIT 1"), key=key, at=at
        )

    async def history(self, name: str, at: dt.datetime | None) -> list[Row]:
        """Every state of the entries of a key or a name, also of what is not there any more: by entry, oldest first."""
        keys = await self._keys(name, at)
        query = self._sql("SELECT * FROM {states} WHERE {key} = ANY(%(keys)s) AND {seen} ORDER BY {key}, observed_from")
        return await self.rows(query, keys=keys, at=at) if keys else []

    async def _keys(self, name: str, at: dt.datetime | None) -> list[str]:
        """Keys of what is called so: by its key, else by a whole name, else by a word or some words of one."""
        low = name.lower()
        same = [SQL("lower({}) = %(low)s").format(Identifier(one)) for one in self._called]
        within = [
            SQL("position(%(within)s IN translate(concat(' ', lower({}), ' '), '()', '  ')) > 0").format(
                Identifier(one)
            )
            for one in self._called
        ]
        for conditions in ([SQL("{key} = %(name)s").format(**self._parts)], same, within):
            if not conditions:
                continue
            query = self._sql(
                "SELECT DISTINCT {key} AS key FROM {states} WHERE {seen} AND ({called}) ORDER BY 1 LIMIT %(most)s",
                called=SQL(" OR ").join(conditions),
            )
            rows = await self.rows(query, name=name, low=low, within=f" {low} ", most=MOST_CALLED, at=at)
            if rows:
                return [row["key"] for row in rows]
        return []

    def _sql(self, text: LiteralString, **parts: Composable) -> Composed:
        return SQL(text).format(**self._parts, **parts)


def _conditions(wanted: Sequence[Filter]) -> Composed:
    """What narrows the entries down, each behind an AND."""
    return Composed(
        [
            SQL(" AND {} {} {}").format(Identifier(one.field.name), SQL(one.operator), Placeholder(one.placeholder))
            for one in wanted
        ]
    )
