"""Documentation that the build can contradict."""

from __future__ import annotations

from pathlib import Path

from apod_pipeline import reference
from apod_pipeline.cli import apod

DOCS = Path(__file__).parents[2] / "docs"


def test_generated_pages_are_fresh():
    """`docs/cli.md` and `docs/settings.md` say what the code says; `make docs` mends them."""
    assert (DOCS / "cli.md").read_text(encoding="utf-8") == reference.commands()
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == reference.settings()


def test_readme_names_only_commands_that_exist():
    """Every `apod WORD` of the README is a command."""
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    words = {part.split()[0].strip("`") for part in readme.split("bin/apod ")[1:]}
    assert words <= set(apod.commands)
