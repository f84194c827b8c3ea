"""The data dictionary as a Markdown page.

Takes the model of `fields`, `tables` and `files`, gives text. Never holds the meaning of anything itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from apod_pipeline.dataset.fields import KINDS, Field
from apod_pipeline.datasets.apod.fields import ENTRY
from apod_pipeline.datasets.apod.rules.notes import FLAGS, REPAIRS
from apod_pipeline.dictionary.files import FILES
from apod_pipeline.dictionary.tables import FUNCTIONS, RELATIONS


def entry_section() -> str:
    """The fields of an entry, and the names that `repairs` and `flags` may hold."""
    return "\n\n".join(
        [
            "## An entry",
            _table(("field", "kind", "may be absent", "meaning", "example"), map(_entry_row, ENTRY)),
            "A name in `repairs`:",
            _names(REPAIRS),
            "A name in `flags`:",
            _names(FLAGS),
        ]
    )


def page(note: str) -> str:
    """The whole dictionary.

    Args:
        note: a line below the title.
    """
    return "\n\n".join(["# Data dictionary", note, entry_section(), *_database(), *_files()]) + "\n"


def _database() -> Iterator[str]:
    yield "## The database"
    yield "Days are text, instants are UTC. All of it is a projection of the archive's files."
    for relation in RELATIONS:
        key = f" Primary key: {', '.join(f'`{name}`' for name in relation.key)}." if relation.key else ""
        yield f"### {relation.kind.capitalize()} `{relation.name}`"
        yield f"{_sentence(relation.meaning)}{key}"
        yield _table(("column", "type", "may be absent", "meaning"), map(_column_row, relation.columns))
    for function in FUNCTIONS:
        name, kind = function.argument
        yield f"### Function `{function.name}({name} {kind})`"
        yield f"{_sentence(function.meaning)} Gives rows of `{function.gives}`."


def _files() -> Iterator[str]:
    yield "## The files of an archive"
    for file in FILES:
        yield f"### `{file.path}`"
        yield f"{_sentence(file.meaning)} {file.form}."
        yield _table(("field", "kind", "may be absent", "meaning"), map(_file_row, file.fields))


def _entry_row(field: Field) -> tuple[str, ...]:
    example = "" if field.example is None else f"`{_text(field.example)}`"
    return *_file_row(field), example


def _file_row(field: Field) -> tuple[str, ...]:
    return f"`{field.name}`", KINDS[field.kind].unit, _absent(field), _meaning(field)


def _column_row(field: Field) -> tuple[str, ...]:
    return f"`{field.name}`", field.postgres, _absent(field), _meaning(field)


def _absent(field: Field) -> str:
    return "yes" if field.nullable else ""


def _meaning(field: Field) -> str:
    values = f"; one of {', '.join(f'`{value}`' for value in field.allowed)}" if field.allowed else ""
    return field.meaning + values


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _names(meanings: Mapping[str, str]) -> str:
    return _table(("name", "means"), ((f"`{name}`", meaning) for name, meaning in meanings.items()))


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
