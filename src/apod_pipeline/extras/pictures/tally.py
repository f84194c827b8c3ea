"""What a sync did, in numbers and in words.

Takes counts as they come, gives sums. Importing it loads nothing else: a sync with nothing to do needs no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tally:
    """What a sync did.

    Attributes:
        kept: pictures of which a file is kept now.
        bytes: of the files that are new, with their thumbnails.
        same: files that were there already, for another entry.
        changed: of the kept, those that took the place of another file.
        unchanged: pictures that were looked at and are what they were.
        refused: pictures of which nothing could be kept: its words, by key and role.
        away: pictures whose host did not answer: its words, by key and role.
        left: tasks that were not begun, and why.
        folders: that hold something new.
        seconds: that it took to have them.
    """

    kept: int = 0
    bytes: int = 0
    same: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    away: dict[str, str] = field(default_factory=dict)
    left: tuple[int, str] | None = None
    folders: set[Path] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def done(self) -> int:
        """Tasks that came to an end."""
        return self.kept + self.unchanged + len(self.refused) + len(self.away)
