"""What is wrong with an archive now: from how a run ended, and from what the ledger says of its days.

Takes outcomes, findings, days with their status and instants; gives conditions, and which kinds of them were looked at.
Pure: never asks anybody, never remembers what was wrong before.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from apod_pipeline.archive.coverage import DayStatus
from apod_pipeline.errors import ApodError, DataRefused, DaysMissing, SourceError, VersioningError
from apod_pipeline.model import Finding, Outcome, in_plain_words

# The rest follows from these: while one of them lasts, a late or a missing day is no news.
EXPLAINING = ("run-failed", "unanswered", "refused")
FOLLOWING = ("late", "hole")
NUMBERS = re.compile(r"\d+")


class Condition(NamedTuple):
    """Something that is wrong.

    Attributes:
        key: what it is recognised by, as long as it lasts: its kind, and what tells it from others of the kind.
        kind: one of `kinds.KINDS`.
        facts: what the texts tell of it; plain values.
    """

    key: str
    kind: str
    facts: dict[str, Any]


class Sight(NamedTuple):
    """What was seen at one time.

    Attributes:
        conditions: what is wrong.
        judged: kinds of which everything was looked at: what is not among the conditions is well.
    """

    conditions: tuple[Condition, ...]
    judged: tuple[str, ...]


def of_run(outcome: Outcome, error: Exception | None) -> Sight:
    """What the end of a run tells: what it did, and the error that ended it, None where it came to its end."""
    if error is not None:
        return Sight(_of_error(outcome, error), ("overdue",))
    judged = ("overdue", "run-failed", "push-failed", *(("unanswered",) if outcome.span else ()))
    days = sorted(outcome.missing.keys() - outcome.denied)  # what is denied has an answer; it may be late
    if outcome.exit_code != 4 or not days:
        return Sight((), judged)
    facts = {"why": in_plain_words(outcome.missing[days[0]], 500), "command": outcome.command}
    return Sight((Condition("unanswered", "unanswered", facts | _told([str(day) for day in days])),), judged)


def _of_error(outcome: Outcome, error: Exception) -> tuple[Condition, ...]:
    stage = outcome.stopped_in or "begin"
    said = str(error) if isinstance(error, ApodError | OSError) else f"{type(error).__name__}: {error}"
    facts = {"stage": stage, "error": in_plain_words(said, 2000), "command": outcome.command}
    if isinstance(error, DataRefused) and stage.startswith("extract"):
        return ()  # the ledger tells of it, with a sample
    if isinstance(error, DaysMissing):
        return ()  # it was told as the outcome of its run
    if isinstance(error, SourceError):
        told = {
            "why": facts["error"],
            "command": outcome.command,
            **_told([str(day) for day in sorted(outcome.missing)]),
        }
        return (Condition("unanswered", "unanswered", told),)
    if isinstance(error, VersioningError) and stage == "push":
        return (Condition("push-failed", "push-failed", facts),)
    span = {"span": str(outcome.span)} if outcome.span else {}
    return (Condition(f"run-failed/{stage}", "run-failed", facts | span),)


def overdue(run: str, hours: float) -> Sight:
    """A run that has not ended so many hours after it was to begin."""
    return Sight((Condition("overdue", "overdue", {"run": in_plain_words(run, 200), "hours": f"{hours:g}"}),), ())


class Refused(NamedTuple):
    """A day of which the last word was refused.

    Attributes:
        day: the day.
        source: who said it.
        reason: why it was not believed.
        file: the raw reply.
        accept: what a person types who knows that it is right.
    """

    day: str
    source: str
    reason: str
    file: str
    accept: str


def of_refusals(refused: Iterable[Refused], sample_of: Callable[[Refused], str]) -> Sight:
    """What is refused and stands open, one condition for each reason: a placeholder is one, however often it is told.

    Args:
        refused: the days.
        sample_of: the words that were refused, of the newest day of each condition.
    """
    by_key: dict[str, list[Refused]] = {}
    for one in refused:
        reason = NUMBERS.sub("#", one.reason)
        by_key.setdefault(in_plain_words(f"refused/{reason}", 200), []).append(one)
    conditions = []
    for key, ones in by_key.items():
        ones.sort()
        newest = ones[-1]
        facts = {"source": newest.source, "reason": newest.reason, "reply": newest.file, "accept": newest.accept}
        told = facts | {"sample": sample_of(newest)} | _told([one.day for one in ones])
        conditions.append(Condition(key, "refused", told))
    return Sight(tuple(conditions), ("refused",))


def _told(days: Sequence[str]) -> dict[str, Any]:
    """Days as the texts tell them: ten thousand of them are not written down one by one."""
    return {"first": days[0], "last": days[-1], "count": len(days)} if days else {"count": 0}


class Clock(NamedTuple):
    """What the days of a data set are judged by.

    Attributes:
        today: the newest day that is due.
        begins: when that day began, where the set's days begin.
        now: the instant at which they are looked at.
        late_after: how long after it began a day without its entry is late.
        hole_after: after how many days one is a hole.
    """

    today: dt.date
    begins: dt.datetime
    now: dt.datetime
    late_after: dt.timedelta
    hole_after: int

    def is_overdue(self, day: dt.date) -> bool:
        """Whether a day began so long ago that its entry is late."""
        return self.now - self.begins + (self.today - day) >= self.late_after


def of_days(days: Sequence[DayStatus], clock: Clock, late: Collection[str] = ()) -> Sight:
    """What is late, and what is a hole.

    Args:
        days: the coverage of every day.
        clock: what they are judged by.
        late: days that are known to be late: these stay late until they come, and become no hole besides.
    """
    absent = [day.day for day in days if day.status in {"pending", "failed"} and day.day < clock.today]
    absent += [clock.today] if _misses_newest(days, clock.today) else []
    old = [day for day in absent if (clock.today - day).days >= clock.hole_after and str(day) not in late]
    overdue = [str(day) for day in absent if day not in old and clock.is_overdue(day)]
    conditions = []
    if overdue:
        conditions.append(Condition("late", "late", {"days": overdue} | _told(overdue)))
    if old:
        conditions.append(Condition("hole", "hole", {"after": clock.hole_after} | _told([str(day) for day in old])))
    return Sight(tuple(conditions), FOLLOWING)


def _misses_newest(days: Sequence[DayStatus], today: dt.date) -> bool:
    """Whether the newest day is waited for: it is not there, and the archive did not end long before it."""
    newest = next((day for day in days if day.day == today), None)
    before = next((day for day in reversed(days) if day.day < today and day.status != "gap"), None)
    if newest is None or before is None or before.status == "unasked":
        return False
    return newest.status in {"pending", "failed", "unasked"}


def of_findings(findings: Iterable[Finding]) -> Sight:
    """What a verification found."""
    wrong = [finding for finding in findings if finding.state == "bad"]
    facts = {"findings": [{"what": one.what, "says": one.says, "do": one.do} for one in wrong]}
    return Sight((Condition("verify", "verify", facts),) if wrong else (), ("verify",))


def together(*sights: Sight, lasting: Iterable[str] = ()) -> Sight:
    """Several sights as one; what follows from something else that is wrong is neither told nor cleared meanwhile.

    Args:
        sights: what was seen.
        lasting: kinds that were wrong before; those that were looked at now count no more.
    """
    conditions = [one for sight in sights for one in sight.conditions]
    judged = [name for sight in sights for name in sight.judged]
    wrong = {one.kind for one in conditions} | set(lasting) - set(judged)
    if wrong & set(EXPLAINING):
        conditions = [one for one in conditions if one.kind not in FOLLOWING]
        judged = [name for name in judged if name not in FOLLOWING]
    return Sight(tuple(conditions), tuple(judged))
