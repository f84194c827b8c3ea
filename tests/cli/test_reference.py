"""Documentation that the build can contradict."""

from __future__ import annotations

from pathlib import Path

import click

from apod_pipeline.cli import apod, reference

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_pages_are_fresh():
    """Commands, settings and the data dictionary on paper say what the code says; `make docs` mends them."""
    pages = reference.pages()
    assert {*pages} == {"cli.md", "settings.md", "data-dictionary.md"}
    assert {name: (DOCS / name).read_text(encoding="utf-8") for name in pages} == pages


def test_readme_names_only_commands_that_exist():
    """Every `apod WORD` of the README is a command."""
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    words = {part.split()[0].strip("`") for part in readme.split("bin/apod ")[1:]}
    assert words <= set(apod.list_commands(click.Context(apod)))
