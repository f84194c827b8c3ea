"""One thing that was looked at, and how many differences are put into words.

Takes and gives plain values. Never looks at anything itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from apod_pipeline.model import Finding

NAMED = 3


def looked_at(what: str, well: bool, says: str, do: str = "") -> Finding:
    """A finding that is well, or not.

    Args:
        what: was looked at.
        well: whether it is as it should be.
        says: what was found.
        do: what to type where it is not well.
    """
    return Finding(what, "ok" if well else "bad", says, "" if well else do)


def found(what: str, wrong: Sequence[str], *, well: str, ill: str, do: str) -> Finding:
    """A finding over many things.

    Args:
        what: they are together.
        wrong: names of those that are not well.
        well: what is said when there are none.
        ill: what is the matter with them: "{count} of 462 differ".
        do: what to type.
    """
    if not wrong:
        return looked_at(what, well=True, says=well, do=do)
    names = ", ".join([*wrong[:NAMED], *(["..."] if wrong[NAMED:] else [])])
    return looked_at(what, well=False, says=f"{ill.format(count=len(wrong))}: {names}", do=do)


def in_short(error: Exception) -> str:
    """What happened, without what state is left and what to type: that has a column of its own."""
    return " ".join(str(error).partition(". ")[0].split())
