"""The house has the floors that its page draws."""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]
MOST_FLOORS, MOST_FLAT = 13, 6


def _floors() -> list[str]:
    told = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = told["tool"]["importlinter"]["contracts"]
    return next(contract["layers"] for contract in contracts if contract["type"] == "layers")


def _rooms(floor: str) -> set[str]:
    return {room.strip() for room in floor.replace(":", "|").split("|")}


def test_the_page_draws_the_law():
    """The picture in docs/architecture.md has the contract's floors, in their order."""
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = page.partition("## Rooms and floors")[2].split("```")[1].strip().splitlines()
    drawn = [line.split("  ")[0].strip() for line in picture]
    assert drawn == _floors()


def test_every_room_has_a_floor():
    """No room or module of the package lies outside of the law."""
    package = PROJECT / "src" / "apod_pipeline"
    found = {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    found |= {path.stem for path in package.glob("*.py") if path.stem != "__init__"}
    assert found == set().union(*map(_rooms, _floors()))


def test_few_floors_and_few_flat_modules():
    """A newcomer can keep the floors in mind, and finds rooms, not a heap of modules."""
    flat = [path.stem for path in (PROJECT / "src" / "apod_pipeline").glob("*.py") if path.stem != "__init__"]
    assert len(_floors()) <= MOST_FLOORS
    assert len(flat) <= MOST_FLAT, flat
