"""What is published: today, hidden days, edits, and how the services behave at the moment.

Takes changes from any thread, gives editions (immutable pictures of the published entries), never makes a
reader wait: each change puts a new edition in the place of the last, and a long answer goes on reading the
one it began with.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from threading import Lock
from types import MappingProxyType

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator.dirt import FIRST_DAY, GAP_ORDINALS
from apod_pipeline.simulator.generated import Sketch, has_entry, sketch_of
from apod_pipeline.simulator.scraped import Hosts, placeholder_for, record_from

Edit = Mapping[str, str | bool | None]

_V1_FIELDS = frozenset({"copyright", "explanation", "hdurl", "media_type", "title", "url"})
EDITABLE = _V1_FIELDS | {"credit", "alt"}
OLD_MODES = ("ok", "placeholder", "gone")
_NO_EDIT: Edit = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Lens:
    """How a content fault distorts what a service reads for one request."""

    without: frozenset[int] = frozenset()
    shift: int = 0
    frozen: int | None = None
    text: str | None = None
    placeholder: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)
    as_list: bool = False
    empty: bool = False
    deaf: bool = False
    """The query is ignored."""

    def seen(self, ordinal: int) -> int:
        """The day whose entry is shown in the place of another."""
        if self.frozen is not None:
            return self.frozen
        ordinal -= self.shift
        while self.shift and not has_entry(date.fromordinal(ordinal)):
            ordinal += 1
        return ordinal


@dataclass(frozen=True, slots=True)
class Edition:
    """The published entries at one moment; days are proleptic ordinals."""

    today: date
    first: int
    seed: int
    hosts: Hosts
    old_mode: str = "ok"
    missing: tuple[int, ...] = tuple(sorted(GAP_ORDINALS))
    edits: Mapping[int, Edit] = field(default_factory=dict)
    lens: Lens = field(default_factory=Lens)

    def through(self, lens: Lens) -> Edition:
        """The same edition, seen through a lens."""
        missing = self.missing
        if lens.without:
            missing = tuple(sorted(lens.without.union(missing)))
        return replace(self, lens=lens, missing=missing)

    def _span(self, first: int | None, last: int | None) -> tuple[int, int]:
        today = self.today.toordinal()
        return max(self.first, first or 0), today if last is None else min(today, last)

    def has(self, ordinal: int) -> bool:
        """Whether the day is published."""
        place = bisect_left(self.missing, ordinal)
        is_missing = place < len(self.missing) and self.missing[place] == ordinal
        return self.first <= ordinal <= self.today.toordinal() and not is_missing

    def count(self, first: int | None = None, last: int | None = None) -> int:
        """How many days are published in a span, both ends included."""
        low, high = self._span(first, last)
        if low > high:
            return 0
        return high - low + 1 - (bisect_right(self.missing, high) - bisect_left(self.missing, low))

    def days(self, first: int | None = None, last: int | None = None) -> Iterator[int]:
        """The published days of a span, ascending."""
        low, high = self._span(first, last)
        return (ordinal for ordinal in range(low, high + 1) if self.has(ordinal))

    def newest(self, offset: int, limit: int, span: tuple[int | None, int | None]) -> list[int]:
        """Up to `limit` published days of a span, newest first, after the `offset` newest of them."""
        low, high = self._span(*span)
        if offset >= self.count(low, high):
            return []
        start, end = low, high
        while start < end:  # the latest day with `offset` published days after it
            middle = (start + end + 1) // 2
            if self.count(middle, high) > offset:
                start = middle
            else:
                end = middle - 1
        found: list[int] = []
        while start >= low and len(found) < limit:
            if self.has(start):
                found.append(start)
            start -= 1
        return found

    def latest(self) -> int | None:
        """The newest published day."""
        return next(iter(self.newest(0, 1, (None, None))), None)

    @property
    def is_placeholder(self) -> bool:
        """Whether the old service answers every day, published or not, with NASA's logo."""
        return self.lens.placeholder or self.old_mode == "placeholder"

    def edit_of(self, ordinal: int) -> Edit:
        """What was edited on the day, nothing on most."""
        return self.edits.get(self.lens.seen(ordinal), _NO_EDIT)

    def sketch(self, ordinal: int) -> Sketch:
        """The day's entry with its edits, in plain text."""
        sketch = sketch_of(date.fromordinal(self.lens.seen(ordinal)), self.seed)
        edit = self.edit_of(ordinal)
        if edit:
            _apply(sketch, edit)
        if self.lens.text is not None:
            sketch.explanation = self.lens.text
        return sketch

    def record(self, ordinal: int) -> dict[str, str]:
        """The day as the old service words it."""
        if self.is_placeholder and not self.has(ordinal):
            return placeholder_for(date.fromordinal(ordinal), None, self.hosts)
        record = record_from(self.sketch(ordinal), self.seed, self.hosts)
        for name, value in self.edit_of(ordinal).items():
            if isinstance(value, str) and name in _V1_FIELDS:
                record[name] = value
            elif name in _V1_FIELDS:
                record.pop(name, None)
        if self.lens.text is not None:
            record["explanation"] = self.lens.text
        if self.is_placeholder:
            record = placeholder_for(date.fromisoformat(record["date"]), record["explanation"], self.hosts)
        record.update({name: str(value) for name, value in self.lens.extra.items()})
        return record


def _apply(sketch: Sketch, edit: Edit) -> None:
    """Carry an edit into the entry itself, so that both services tell of it."""
    title, explanation, holder = edit.get("title"), edit.get("explanation"), edit.get("copyright")
    if isinstance(title, str):
        sketch.title = title
    if isinstance(explanation, str):
        sketch.explanation = explanation
    if "copyright" in edit:
        sketch.claimed = isinstance(holder, str)
        sketch.credit = holder if isinstance(holder, str) else "NASA"
        sketch.dirts -= {"licence_only"}
    media = edit.get("media_type")
    if media == "video" and sketch.media in {"image", "none"}:
        sketch.media = "film"
    elif isinstance(media, str) and media != "video":
        sketch.media = "image" if media == "image" else "none"
    # An edited text is shown as it was typed: what the parser once did to the day does not happen again.
    sketch.dirts -= {"navigation_text", "lost_letter", "eaten_letters", "explanation_in_copyright"}


class World:
    """The one thing that all request threads share; every method may be called from any of them.

    Args:
        today: The newest day that can be published.
        first: The oldest, not before 1995-06-16.
        seed: Which words the entries are made of.
        hosts: Where addresses in the entries point; NASA's own hosts unless given.
    """

    def __init__(self, today: date, first: date = FIRST_DAY, seed: int = 0, hosts: Hosts | None = None) -> None:
        first = max(first, FIRST_DAY)
        self._lock = Lock()
        self._start = Edition(today, first.toordinal(), seed, hosts or Hosts())
        self.edition = self._start

    def _change(self, **fields: object) -> None:
        self.edition = replace(self.edition, **fields)  # type: ignore[arg-type]  # names are this class's own

    def set_today(self, today: date) -> None:
        """Move the calendar, forward or back."""
        with self._lock:
            self._change(today=today)

    def set_old_mode(self, mode: str) -> None:
        """Choose how the old service behaves: `ok`, `placeholder` or `gone`.

        Raises:
            SettingsError: There is no such mode.
        """
        known = check_mode(mode)
        with self._lock:
            self._change(old_mode=known)

    def set_hosts(self, hosts: Hosts) -> None:
        """Let addresses point elsewhere, also after a reset."""
        with self._lock:
            self._start = replace(self._start, hosts=hosts)
            self._change(hosts=hosts)

    def hide(self, *days: date) -> None:
        """Take days out of both services, as if they had not been published."""
        with self._lock:
            hidden = {*self.edition.missing, *(day.toordinal() for day in days)}
            self._change(missing=tuple(sorted(hidden)))

    def show(self, *days: date) -> None:
        """Publish hidden days; a day on which nothing was ever published stays empty."""
        with self._lock:
            shown = {day.toordinal() for day in days} - GAP_ORDINALS
            self._change(missing=tuple(day for day in self.edition.missing if day not in shown))

    def edit(self, day: date, fields: Edit) -> None:
        """Let both services tell another story of a day; a field of None is taken away.

        Raises:
            SettingsError: The day has no entry, or a field cannot be edited.
        """
        check_edit(day, fields)
        with self._lock:
            ordinal = day.toordinal()
            merged = {**self.edition.edits.get(ordinal, {}), **fields}
            self._change(edits={**self.edition.edits, ordinal: merged})

    def reset(self) -> None:
        """Back to how the world was at its start."""
        with self._lock:
            self.edition = self._start


def check_mode(mode: object) -> str:
    """A mode of the old service.

    Raises:
        SettingsError: There is no such mode.
    """
    if mode not in OLD_MODES:
        raise SettingsError(f"the old service knows no mode {mode!r}; choose one of {', '.join(OLD_MODES)}")
    return str(mode)


def check_edit(day: date, fields: Edit) -> None:
    """Refuse an edit that could not be shown.

    Raises:
        SettingsError: The day has no entry, or a field is unknown or holds no text.
    """
    if not has_entry(day):
        raise SettingsError(f"{day} has no entry that could be edited; choose another day")
    for name, value in fields.items():
        if name not in EDITABLE:
            raise SettingsError(f"{name!r} of {day} cannot be edited; editable are {', '.join(sorted(EDITABLE))}")
        if not isinstance(value, str) and value is not None and (name, value) != ("hdurl", False):
            raise SettingsError(f"{name!r} of {day} must be text, or None to take it away, not {value!r}")
