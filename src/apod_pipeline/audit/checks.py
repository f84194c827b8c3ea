"""One thing that was looked at, and how many differences are put into words.

Takes and gives plain values. Never looks at anything itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NAMED = 3


class Check(NamedTuple):
    """One thing that was looked at: what, whether it is well, what was found, and what to type."""

    what: str
    well: bool
    says: str
    do: str = ""

    def as_row(self) -> dict[str, str | bool]:
        """The four fields by name; what to type only where something is wrong."""
        return {"what": self.what, "well": self.well, "says": self.says, "do": "" if self.well else self.do}


def found(what: str, wrong: Sequence[str], *, well: str, ill: str, do: str) -> Check:
    """A check over many things.

    Args:
        what: the check's name.
        wrong: names of those that are not well.
        well: what is said when there are none.
        ill: what is the matter with them: "{count} of 462 differ".
        do: what to type.
    """
    if not wrong:
        return Check(what, well=True, says=well, do=do)
    names = ", ".join([*wrong[:NAMED], *(["..."] if wrong[NAMED:] else [])])
    return Check(what, well=False, says=f"{ill.format(count=len(wrong))}: {names}", do=do)


def in_short(error: Exception) -> str:
    """What happened, without what state is left and what to type: that has a column of its own."""
    return " ".join(str(error).partition(". ")[0].split())
