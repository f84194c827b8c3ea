"""What a data set doubts: the records that can be no entry, and the parts by which a source that lies is told.

Takes records, gives reasons and digests. Pure. The check that uses them is `fetching.canary`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from apod_pipeline.dataset.identity import Traits
from apod_pipeline.dataset.readings import Record, fingerprint


class Limits(NamedTuple):
    """So many days are too many.

    Attributes:
        of_a_year: days of one year that carry the same telltale.
        at_once: days told the same telltale in one run.
        to_the_letter: days told the same whole text in one run.
        edits: days of one year that were told apart before, and come to say the same in one run.
    """

    of_a_year: int
    at_once: int
    to_the_letter: int
    edits: int


class Telltale(NamedTuple):
    """A part of a record that real ones seldom share, so that a service is doubted that repeats it.

    Attributes:
        name: as a reason calls it.
        key: a short hash of the part; empty where there is nothing to tell days apart by.
        whole: the whole text of which the key holds the beginning; None where the key holds all there is. Texts are
            edited one by one, so many that become equal at once are doubted too.
    """

    name: str
    key: Callable[[Record], str]
    whole: Callable[[Record], str | None] | None = None


class Continuity(NamedTuple):
    """How much of what a source told before it may tell otherwise, or leave out, in one run.

    Where every number may change at every reading, it is the size of the changes that tells a lie, not how many there
    are.

    Attributes:
        leaps: whether an entry's traits changed by more than a few entries' ever do.
        share: of the entries that were told before, so many may leap, and so many may be left out.
        few: so many may, however few there are.
    """

    leaps: Callable[[Traits, Traits], bool]
    share: float
    few: int


class Doubts(NamedTuple):
    """What a data set doubts of a record, whatever its day.

    Attributes:
        implausible: why no entry can look like this; None when it can.
        odd: true where a plausible record is not as plain as nearly all are, so that it must be looked at more closely.
        telltales: the parts by which repeats are counted; in the digest in this order.
        limits: how many repeats are too many.
        continuity: how much may change at once; None where any of it may.
    """

    implausible: Callable[[Record], str | None]
    odd: Callable[[Record], bool]
    telltales: tuple[Telltale, ...]
    limits: Limits
    continuity: Continuity | None = None

    def digest(self, record: Record) -> str:
        """The whole record's hash and each telltale's, hyphens between: records that say the same have the same one.

        The telltales let anybody count, without the records, how many days carry the same words or picture.
        """
        return "-".join([fingerprint(record), *[telltale.key(record) for telltale in self.telltales]])
