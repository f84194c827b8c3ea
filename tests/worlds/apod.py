"""APOD's worlds: both of NASA's services, answered in this process with whatever is wrong; and the law of refusals.

Whatever one reply, record or day holds, every other day is stored, loaded and versioned in the same run; the next run
with a sane service ends, for every day that was refused or is asked again, as an archive that never met it; what was
plausible and accepted is mended by asking for the day by its name.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hypothesis import strategies as st

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.sources import Request
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SourceUnavailable
from apod_pipeline.model import Outcome
from apod_pipeline.simulator.gateway import Gateway
from apod_pipeline.simulator.message import Request as Asked
from apod_pipeline.simulator.services import Services
from apod_pipeline.simulator.world import World as Published
from lab import KEY
from worlds.bench import BASE, Bench, made_bench
from worlds.laws import ends_in_order, nothing_new_makes_no_version
from worlds.odd import BODIES, STATUSES, texts, values

TODAY = dt.date(2018, 12, 31)
DAYS = [TODAY - dt.timedelta(days=number) for number in range(9, -1, -1)]
SPAN = Span(DAYS[0], DAYS[-1])
WHOLE = ("bytes", "status", "silence", "wrap", "reverse", "same")  # lies about a reply, not about one day of it


class Lie(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: what is done: one of `WHOLE`, or `field`, `without`, `item`, `twice`, `left out`, `other day`.
        source: whose answers; None for both.
        form: which answers: `list`, `day`, `feed`; None for all.
        day: number of the day in `DAYS`.
        field: which field of the day's item.
        value: what stands there instead.
    """

    kind: str
    source: str | None = None
    form: str | None = None
    day: int = 0
    field: str = "title"
    value: Any = ""

    def touches(self) -> set[dt.date]:
        """The days that may suffer from it in the same run."""
        if self.kind in WHOLE:
            return set(DAYS)
        told = [day for day in DAYS if isinstance(self.value, str) and self.value.startswith(str(day))]
        return {DAYS[self.day], *told}


class World(NamedTuple):
    """What is wrong in which run, and how far back a run without dates looks."""

    runs: tuple[tuple[Lie, ...], ...]
    lookback: int = 9


# ---- the services --------------------------------------------------------------------------
@dataclass(eq=False)
class LyingServices:
    """What the simulator's services answer, with lies told."""

    services: Services = field(default_factory=lambda: Services(Published(TODAY), Gateway(10**9), 0))
    lies: tuple[Lie, ...] = ()

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Status and body."""
        parts = urlsplit(request.address)
        source = "planetary" if "planetary" in parts.path else "science"
        headers = {name.lower(): value for name, value in request.headers.items()}
        said = self.services.answer(Asked("GET", parts.path, parts.query, headers))
        lies = [lie for lie in self.lies if lie.source in {None, source} and lie.form in {None, request.form}]
        return _told(lies, said.status, said.whole(), request)


def _told(lies: list[Lie], status: int, body: bytes, request: Request) -> tuple[int, bytes]:
    if any(lie.kind == "silence" for lie in lies):
        raise SourceUnavailable(
            f"{request.asked}: no answer. What was received before is kept; type the same command again later."
        )
    for lie in lies:
        if lie.kind == "bytes":
            body = _bytes(lie.value, body)
        elif lie.kind == "status":
            status = lie.value if isinstance(lie.value, int) else 500
        elif request.form == "feed":
            body = body.replace(b"<title>", f"<title>{lie.value}".encode("utf-8", "surrogatepass"), 3)
        elif status == 200:
            body = _worded(lie, body)
    return status, body


def _bytes(value: Any, body: bytes) -> bytes:
    if isinstance(value, float):
        return body[: int(len(body) * value)]
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def _worded(lie: Lie, body: bytes) -> bytes:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):  # another lie made it no JSON
        return body
    if lie.kind == "wrap":
        return _dumped(said[0] if isinstance(said, list) and said else [said, said])
    items = said if isinstance(said, list) else [said]
    items = [changed for item in items for changed in _changed(lie, item)]
    if lie.kind == "reverse":
        items.reverse()
    return _dumped(items if isinstance(said, list) else items[0] if items else None)


def _changed(lie: Lie, item: Any) -> list[Any]:
    if not isinstance(item, dict):
        return [item]
    if lie.kind == "same":
        return [item | {"title": "A Lamp", lie.field: lie.value}]
    if not str(item.get("date", "")).startswith(str(DAYS[lie.day])):
        return [item]
    return {
        "field": [item | {lie.field: lie.value}],
        "without": [{name: value for name, value in item.items() if name != lie.field}],
        "item": [lie.value],
        "twice": [item, item | {lie.field: lie.value}],
        "left out": [],
        "other day": [item | {"date": lie.value}],
    }.get(lie.kind, [item])


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


# ---- worlds --------------------------------------------------------------------------------
FIELDS = (
    *("date", "title", "url", "hdurl", "explanation", "media_type", "copyright", "credit", "thumbnail_url"),
    *("alt", "permalink", "basic_html", "service_version", "post_id", "something_new"),
)
TEXTS = texts(DAYS)
VALUES = values(TEXTS)
WHERE = {
    "source": st.sampled_from(["science", "planetary", None]),
    "form": st.sampled_from(["list", "list", "day", "feed", None, None]),
    "day": st.integers(0, len(DAYS) - 1),
    "field": st.sampled_from(FIELDS),
}
LIES = st.one_of(
    *[st.builds(Lie, st.just("field"), value=VALUES, **WHERE)] * 3,
    st.builds(Lie, st.sampled_from(["without", "left out", "reverse", "wrap", "silence"]), value=st.just(""), **WHERE),
    st.builds(Lie, st.sampled_from(["item", "twice"]), value=VALUES, **WHERE),
    st.builds(Lie, st.sampled_from(["other day", "same"]), value=TEXTS, **WHERE),
    st.builds(Lie, st.just("bytes"), value=BODIES, **WHERE),
    st.builds(Lie, st.just("status"), value=STATUSES, **WHERE),
)
RUNS = st.lists(st.lists(LIES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=2).map(tuple)
WORLDS = st.builds(World, RUNS, st.sampled_from([9, 9, 1]))


# ---- the law -------------------------------------------------------------------------------
@dataclass
class ApodBench:
    """A bench, and what its services tell."""

    bench: Bench
    services: LyingServices

    def run(self, lies: tuple[Lie, ...] = (), *, span: Span | None = None, lookback: int = 9) -> Outcome:
        """One run over services that tell these lies."""
        self.services.lies = lies
        return self.bench.run(span, lookback=lookback)

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """The rows of `apod` by day."""
        told = self.bench.select("SELECT date, title, url, explanation, media_type FROM apod")
        return {row[0]: row for row in told}

    def state(self) -> tuple[Any, ...]:
        """All that must be equal in the end."""
        return (*self.bench.files(), self.bench.entries(), self.rows())

    @cached_property
    def clean(self) -> tuple[Any, ...]:
        """The state of an archive that never met a lie."""
        self.bench.clear()
        assert self.run(span=SPAN).exit_code == 0
        return self.state()


def bench(folder: Path, server: str) -> ApodBench:
    """A bench for APOD's worlds."""
    services = LyingServices()
    addresses = {"science_url": BASE, "planetary_url": BASE, "nasa_api_key": KEY}
    return ApodBench(made_bench(folder, server, "apod", TODAY, services, **addresses), services)


def obeys(bench: ApodBench, world: World) -> None:
    """Live through a world; an AssertionError names the sentence of the law that it broke."""
    clean = bench.clean
    bench.bench.clear()
    for number, lies in enumerate(world.runs):
        outcome = bench.run(lies, span=None if number else SPAN, lookback=world.lookback)
        _neighbours_go_on(bench, lies, outcome)
    asked_again = _refused(bench) | {str(day) for day in DAYS if (TODAY - day).days <= world.lookback}
    sane = bench.run(lookback=world.lookback)
    assert sane.exit_code == 0, f"a sane run ends with {sane.exit_code}: {sane.missing}"
    _equal(bench, clean, asked_again, "after a sane run")
    named = bench.run(span=SPAN, lookback=world.lookback)
    assert named.exit_code == 0, f"asked by name it ends with {named.exit_code}: {named.missing}"
    assert bench.state() == clean, "asked by name, the state is another than that of a clean archive"
    nothing_new_makes_no_version(lambda: bench.run(lookback=world.lookback))


def _refused(bench: ApodBench) -> set[str]:
    """Days that nobody told, or of which a source's last word was refused: as the ledger's lines have it.

    Not what the second source was refused of, where the first has told it: that is no longer what the entry hangs on.
    """
    words: dict[tuple[str, str], bool] = {}
    for line in Ledger(bench.bench.archive).reply_lines():
        span = Span(*(dt.date.fromisoformat(day) for day in line["asked"]))
        words |= {(line.get("source", ""), day): True for day in line.get("readings", {})}
        for day in line.get("refused", {}):
            days = [str(one) for one in span] if day == "*" else [day]
            words |= {(line["source"], one): False for one in days}
    told = {day for (_, day), word in words.items() if word}
    days = {str(day) for day in DAYS}
    open_words = {(source, day) for (source, day), word in words.items() if not word}
    had_before = {(source, day) for source, day in open_words if source == "planetary" and words.get(("science", day))}
    return days - told | days & {day for _, day in open_words - had_before}


def _neighbours_go_on(bench: ApodBench, lies: tuple[Lie, ...], outcome: Outcome) -> None:
    touched = {day for lie in lies for day in lie.touches()}
    untouched = {str(day) for day in DAYS if day not in touched}
    lost = untouched - bench.bench.entries().keys() | untouched - bench.rows().keys()
    assert not lost, f"{sorted(lost)} were not touched, and are not stored"
    if untouched and not Ledger(bench.bench.archive).versions():
        raise AssertionError("no version was made")
    ends_in_order(outcome.exit_code)


def _equal(bench: ApodBench, clean: tuple[Any, ...], days: set[str], when: str) -> None:
    _, _, entries, rows = bench.state()
    for day in sorted(days):
        assert entries.get(day) == clean[2].get(day), f"{when} the entry of a day is another"
        assert rows.get(day) == clean[3].get(day), f"{when} the row of a day is another"


BROKE_THE_LAW_ONCE: dict[str, World] = {
    "an address in capitals": World((((Lie("field", day=3, field="url", value="HTTP://APOD.NASA.GOV/a.jpg")),),)),
    "a title of nothing but markup": World(((Lie("field", day=3, value="<b></b>"),),), 1),
    "a NUL in a refused date": World(((Lie("other day", day=3, value="2018-12-25\u0000x"),),)),
    "half a pair in a refused date": World(((Lie("other day", day=3, value="2018-12-25\ud800"),),)),
    "more words than can be searched": World(
        ((Lie("field", day=3, field="explanation", value=" ".join(f"w{number:07}" for number in range(160_000))),),)
    ),
}
