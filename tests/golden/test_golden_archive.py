"""The archive's bytes and its interfaces are what they were before the house was rebuilt."""

from __future__ import annotations

from pathlib import Path

import golden_archive
import interfaces
import pytest

PINNED = Path(__file__).parent / "pinned"


def _compare(name: str, text: str, again: bool) -> None:
    """A text against the pinned one; `--pin` writes it down anew."""
    file = PINNED / name
    if again:
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{name} differs; where that is meant: pytest tests/golden --pin"


@pytest.fixture
def again(request):
    """True when what is found shall be pinned anew."""
    return request.config.getoption("--pin")


def test_the_archives_bytes(lab, tmp_path, again):
    """A walk through every kind of run, under a fixed clock and seed, ends in the pinned bytes."""
    outcomes = golden_archive.make(lab, tmp_path)
    runs = [
        f"{one.command}: exit {one.exit_code}, {one.inserted} new, {one.changed} changed, "
        f"{'a version' if one.version else 'no version'}\n"
        for one in outcomes
    ]
    hashes = [f"{name}: {sha256}\n" for name, sha256 in golden_archive.hashes(lab).items()]
    _compare("archive.txt", "".join([*runs, *hashes]), again)


def test_the_commands(again):
    """Every command and option has its names, type and default."""
    _compare("commands.txt", "".join(f"{line}\n" for line in interfaces.commands()), again)


def test_the_exit_codes(again):
    """Every error ends with its code."""
    _compare("exit-codes.txt", "".join(f"{line}\n" for line in sorted(interfaces.exit_codes())), again)


def test_the_tables(migrated_database, again):
    """Every column, constraint, index, view and function of the tables."""
    _compare("tables.txt", "".join(f"{line}\n" for line in interfaces.catalogue(migrated_database)), again)
