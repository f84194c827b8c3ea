"""The core names no data set, no table and no field of one: told by its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import apod_pipeline
from apod_pipeline.dataset.installed import data_set

ROOT = Path(apod_pipeline.__file__).parent
SETS = sorted(path.name for path in (ROOT / "datasets").iterdir() if (path / "__init__.py").exists())
# What is a data set's own, or shows one.
OWN = {"datasets", "simulator", "extras", "embedded_postgres", "cli/demonstration.py"}
FILES = [
    path
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in OWN and path.relative_to(ROOT).as_posix() not in OWN
]
GENERAL = {
    "date": "the ledger and the tables call a calendar day so, whatever lies on it",
    "source": "the ledger and the tables call so whoever was asked; also a cause",
    "title": "a key of the Data Package and of Croissant",
    "url": "a key of Git's and DVC's settings, and of JSON-LD",
    "rights": "what an export may be narrowed by; a part of what a data set says about itself",
}
# The program's own name: its command, its folder `.apod`, its file `apod.toml`, its role and its distribution.
PROGRAM = re.compile(r"\bapod_(?:pipeline|reader)\b")
TABLE = re.compile(r"\bapod_[a-z]\w*")


def _fields() -> set[str]:
    fields = {name for one in SETS for name in data_set(one).columns.every}
    return fields - GENERAL.keys()


def _words(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every text and attribute of a file, its docstrings aside."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Constant) and id(node) not in docstrings and isinstance(node.value, str | bytes):
            yield node.lineno, node.value if isinstance(node.value, str) else node.value.decode("utf-8", "replace")


def _found(source: str, own: set[str]) -> list[tuple[int, str]]:
    """Lines that name a field or a table of a data set."""
    return [
        (line, word)
        for line, word in _words(ast.parse(source))
        if word in own or TABLE.search(PROGRAM.sub("", word)) or word in SETS
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_of_the_core_names_nothing_of_a_data_set(path):
    """No field's name and no table's as a text or an attribute; `apod` is the program's name."""
    found = [(line, word) for line, word in _found(path.read_text(encoding="utf-8"), _fields()) if word != "apod"]
    assert found == []


def test_general_words_are_few():
    """At most five of them, each a field of some data set, or it need not stand here."""
    every = {name for one in SETS for name in data_set(one).columns.every}
    assert len(GENERAL) <= 5
    assert GENERAL.keys() <= every


@pytest.mark.parametrize(
    "source", ["row['explanation']", "entry.hdurl", "sql = 'SELECT * FROM apod_revision'", "sql = b'TABLE apod_day'"]
)
def test_what_is_looked_for_is_found(source):
    """A field as a key, as an attribute, a table in SQL."""
    assert _found(source, _fields())
