"""Where a column stands: in the dictionary's order, but for fields that came later than their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def with_late_ones_last(found: Sequence[str], told: Iterable[str]) -> list[str]:
    """The order that columns must have: as they are told, and then those that stand behind later ones."""
    place, late, last = {name: number for number, name in enumerate(told)}, [], -1
    for name in found:
        if place[name] < last:
            late.append(name)
        last = max(last, place[name])
    return [name for name in place if name not in late] + late
