"""What one source told last of each entry, as digests.

Takes what is known, gives a view that follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apod_pipeline.archive.known import Known


class Digests(Mapping[str, str]):
    """What one source told last: day -> digest; a view that follows what is known."""

    def __init__(self, known: Known, source: str) -> None:
        self._known, self._source = known, source

    def __getitem__(self, day: str) -> str:
        digest = self._known.digest(self._source, day)
        if digest is None:
            raise KeyError(day)
        return digest

    def __iter__(self) -> Iterator[str]:
        return iter(self._known.latest.get(self._source, ()))

    def __len__(self) -> int:
        return len(self._known.latest.get(self._source, ()))
