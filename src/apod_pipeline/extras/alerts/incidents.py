"""What of that is news: one outage is one alert and one all-clear, however often it is retried and however it flaps.

Takes what is remembered and what is seen now, gives what is remembered next and what is to be told. Pure.

    unknown ──seen──► bad ──gone──► well ──nothing for as long as `calm`──► unknown
              alert    ▲  all-clear  │
                       └───seen──────┘   told again only if it lasts: a source that flaps is told of once

What was not told (a silence) is told when the silence ends and it still lasts; and has no all-clear if it never was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.extras.alerts.conditions import Condition, Sight


@dataclass(frozen=True, slots=True)
class Incident:
    """One condition, from when it was first seen until it has been well for long.

    Attributes:
        condition: as it was seen last.
        since: when it began; of one that came back, when it did.
        seen: when it was last seen to be wrong.
        ended: when it was first seen to be well again; None while it lasts.
        told: whether its alert was told, and no all-clear since.
        returned: how often it came back.
    """

    condition: Condition
    since: dt.datetime
    seen: dt.datetime
    ended: dt.datetime | None = None
    told: bool = False
    returned: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the notebook keeps it."""
        return {
            **self.condition._asdict(),
            "since": timestamp(self.since),
            "seen": timestamp(self.seen),
            "ended": timestamp(self.ended) if self.ended else None,
            "told": self.told,
            "returned": self.returned,
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> Incident:
        """What `as_json` wrote down."""
        ended = instant(said["ended"]) if said["ended"] else None
        condition = Condition(said["key"], said["kind"], said["facts"])
        return cls(condition, instant(said["since"]), instant(said["seen"]), ended, said["told"], said["returned"])


class Silence(NamedTuple):
    """Nothing of a kind (`all`: of any) is told until then."""

    kind: str
    until: dt.datetime
    because: str

    def covers(self, kind: str, now: dt.datetime) -> bool:
        """Whether it silences a kind now."""
        return now < self.until and self.kind in {"all", kind}


class Told(NamedTuple):
    """Something that is to be told: `alert` or `all-clear`, and of what."""

    event: str
    incident: Incident


class Damping(NamedTuple):
    """How long a condition must be away to count as new again, and how long one that came back must last to be told."""

    calm: dt.timedelta
    lasting: dt.timedelta


def next_of(
    incidents: Iterable[Incident], sight: Sight, now: dt.datetime, damping: Damping, silences: Iterable[Silence] = ()
) -> tuple[list[Incident], list[Told]]:
    """What is remembered next, and what is to be told.

    Args:
        incidents: what is remembered.
        sight: what is seen.
        now: the instant of it.
        damping: what keeps a source that flaps from being told of each time.
        silences: what is not to be told.
    """
    before = {one.condition.key: one for one in incidents}
    quiet = tuple(silences)
    after, told = [], []
    for condition in sight.conditions:
        incident = _seen(before.pop(condition.key, None), condition, now)
        silenced = any(silence.covers(condition.kind, now) for silence in quiet)
        lasts = not incident.returned or now - incident.since >= damping.lasting
        if not incident.told and lasts and not silenced:
            incident = replace(incident, told=True)
            told.append(Told("alert", incident))
        after.append(incident)
    for incident in before.values():
        if incident.ended is None and incident.condition.kind in sight.judged:
            incident = replace(incident, ended=now)  # noqa: PLW2901 - what it is from now on
            if incident.told:
                told.append(Told("all-clear", incident))
                incident = replace(incident, told=False)  # noqa: PLW2901 - likewise
        if incident.ended is None or now - incident.ended < damping.calm:
            after.append(incident)
    return after, told


def _seen(incident: Incident | None, condition: Condition, now: dt.datetime) -> Incident:
    if incident is None:
        return Incident(condition, since=now, seen=now)
    if incident.ended is not None:
        return replace(incident, condition=condition, since=now, seen=now, ended=None, returned=incident.returned + 1)
    return replace(incident, condition=condition, seen=now)
