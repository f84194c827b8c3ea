"""The data dictionary as a Markdown page.

Takes a data set, and what `tables` and `files` say of it; gives text. Never holds the meaning of anything itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.fields import Field
from apod_pipeline.dictionary.files import files
from apod_pipeline.dictionary.tables import functions, relations


def entry_section(dataset: DataSet) -> str:
    """The fields of an entry, and the names that those may hold whose names are explained."""
    headings = ("field", "kind", "may be absent", "meaning", "example")
    parts = ["## An entry", _table(headings, map(_entry_row, dataset.columns.fields))]
    for field, meanings in dataset.notes.items():
        parts += [f"A name in `{field}`:", _names(meanings)]
    return "\n\n".join(parts)


def page(dataset: DataSet, note: str, others: Iterable[DataSet] = ()) -> str:
    """The whole dictionary.

    Args:
        dataset: what it is the dictionary of.
        note: a line below the title.
        others: further data sets, told of below.
    """
    parts = ["# Data dictionary", note, *_sections(dataset)]
    for other in others:
        parts += [f"# The data set `{other.name}`", f"{other.about.title}. {other.about.entry}", *_sections(other)]
    return "\n\n".join(parts) + "\n"


def _sections(dataset: DataSet) -> list[str]:
    return [entry_section(dataset), *_database(dataset), *_files(dataset)]


def _database(dataset: DataSet) -> Iterator[str]:
    yield "## The database"
    yield "Days are text, instants are UTC. All of it is a projection of the archive's files."
    for relation in relations(dataset):
        key = f" Primary key: {', '.join(f'`{name}`' for name in relation.key)}." if relation.key else ""
        yield f"### {relation.kind.capitalize()} `{relation.name}`"
        yield f"{_sentence(relation.meaning)}{key}"
        yield _table(("column", "type", "may be absent", "meaning"), map(_column_row, relation.columns))
    for function in functions(dataset):
        name, kind = function.argument
        yield f"### Function `{function.name}({name} {kind})`"
        yield f"{_sentence(function.meaning)} Gives rows of `{function.gives}`."


def _files(dataset: DataSet) -> Iterator[str]:
    yield "## The files of an archive"
    for file in files(dataset):
        yield f"### `{file.path}`"
        yield f"{_sentence(file.meaning)} {file.form}."
        yield _table(("field", "kind", "may be absent", "meaning"), map(_file_row, file.fields))


def _entry_row(field: Field) -> tuple[str, ...]:
    example = "" if field.example is None else f"`{_text(field.example)}`"
    return *_file_row(field), example


def _file_row(field: Field) -> tuple[str, ...]:
    return f"`{field.name}`", field.unit, _absent(field), _meaning(field)


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
