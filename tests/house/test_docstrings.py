"""Every public thing says what it is; every module says what it takes, gives and never does."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import apod_pipeline

SOURCE = Path(apod_pipeline.__file__).parent
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))


def _tree(module):
    return ast.parse((SOURCE / module).read_text(encoding="utf-8"))


def _holds_code(tree):
    return any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree.body)


def _is_setter(node):
    return any(isinstance(mark, ast.Attribute) and mark.attr == "setter" for mark in node.decorator_list)


def _undescribed(node, path=""):
    """Public functions, methods and classes without a docstring; what is inside of private ones is private."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef) or child.name.startswith("_") or _is_setter(child):
            continue
        if not ast.get_docstring(child):
            yield path + child.name
        if isinstance(child, ast.ClassDef):
            yield from _undescribed(child, f"{path}{child.name}.")


@pytest.mark.parametrize("module", MODULES)
def test_every_public_thing_is_described(module):
    """Modules, classes, functions and methods whose name has no underscore have a docstring."""
    tree = _tree(module)
    assert ast.get_docstring(tree)
    assert list(_undescribed(tree)) == []


@pytest.mark.parametrize("module", [name for name in MODULES if _holds_code(_tree(name))])
def test_every_module_says_what_it_takes(module):
    """A module that holds code has a head of two lines or more, and says what it takes."""
    head = ast.get_docstring(_tree(module)) or ""
    assert len([line for line in head.splitlines() if line.strip()]) >= 2
    assert "takes" in head.lower()
