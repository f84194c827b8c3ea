"""Days in, replies on disk: asks the sources in their order, and lets in what the canary believes.

Takes the days that are wanted and the sources; gives promoted replies, ledger lines and a manifest. Never parses
for content (that is the transform's), never stores what was refused as anything but a refusal.

A span is asked as a list first, as wide as the service answers in good time; a list that does not come is cut into
pieces at once; what a list leaves out or gets wrong is asked again in narrower lists, then day by day, then in the
service's feed. What one source does not have is asked of the next.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.archive.digests import Digests
from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.incoming import Incoming
from apod_pipeline.archive.known import Known
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.run_files import manifest
from apod_pipeline.archive.writing import replacing
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.json_items import shape_of
from apod_pipeline.dataset.readings import Reading
from apod_pipeline.dataset.sources import NARROW, Request, Source
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ReplyRefused, SourceError, SourceRefused, Unreadable
from apod_pipeline.fetching.asking import Asking, Miss
from apod_pipeline.fetching.canary import Canary
from apod_pipeline.fetching.complaints import in_words
from apod_pipeline.fetching.news import news_in
from apod_pipeline.fetching.pace import Pace
from apod_pipeline.fetching.settling import of_the_asked, settled_items
from apod_pipeline.model import Asked, Refusal, Reply, Verdict
from apod_pipeline.ports import Answer, Transport

IN_GOOD_TIME = 1 / 3  # of the time-out: how long an answer should take
FEED_DAYS = 30  # the feed holds the newest thirty


@dataclass(eq=False, repr=False)
class Extracted:
    """What the stage did.

    Attributes:
        path: the reply where there is one, the manifest (a list of them) where there are many; None for none.
        answered: how many days got a reading that was let in.
        refused: how many refusals there were.
        entries: how many entries were told of.
        lines: how many lines the ledger grew by.
        missing: days that were wanted and not had, with the reason.
        nowhere: those of them of which every source said in this run that it has none.
        denied: those of which at least one did.
    """

    path: Path | None = None
    answered: int = 0
    refused: int = 0
    lines: int = 0
    entries: int = 0
    replies: list[str] = field(default_factory=list)
    missing: dict[dt.date, Miss] = field(default_factory=dict)
    nowhere: list[dt.date] = field(default_factory=list)
    denied: list[dt.date] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)


class _Came(NamedTuple):
    """What a request brought, after how many seconds, with how many on their way at its start."""

    request: Request
    answer: Answer | SourceError
    body: Path
    seconds: float
    beside: int


@dataclass(eq=False, repr=False)
class Extraction:
    """One passage of the stage over the wanted days.

    Attributes:
        archive: where replies are kept.
        ledger: what was told before; grows.
        known: what the ledger adds up to; kept up to date.
        transport: the wire.
        today: the newest day that is due.
        run: name of the run, for the manifest.
        dataset: what the replies are of.
        concurrency: requests at one time.
        tell: takes a line for the user.
        advance: takes how many wanted days were settled, for a progress bar.
        timeout: seconds after which the wire gives a request up.
        examine: why no entry can be made of a reading; None when one can.
    """

    archive: Archive
    ledger: Ledger
    known: Known
    transport: Transport
    today: dt.date
    run: str
    dataset: DataSet
    concurrency: int = 4
    tell: Callable[[str], None] = print
    advance: Callable[[int], None] = lambda _: None
    timeout: float = 30.0
    examine: Callable[[Reading], str | None] = lambda _: None
    result: Extracted = field(default_factory=Extracted)
    _had: set[dt.date] = field(default_factory=set)
    _fate: dict[dt.date, Miss] = field(default_factory=dict)
    _canaries: dict[str, Canary] = field(default_factory=dict)
    _denied: set[dt.date] = field(default_factory=set)
    _deniers: dict[dt.date, set[str]] = field(default_factory=dict)
    _wanted: set[dt.date] | None = None
    _told: set[str] = field(default_factory=set)
    _looked_at: set[str] = field(default_factory=set)  # sources whose remark was asked for

    def __post_init__(self) -> None:
        self.incoming = Incoming(self.archive, self.known.replies)

    # ---- the whole stage -----------------------------------------------------------------
    def ask(self, sources: Sequence[Source], days: Collection[dt.date]) -> Extracted:
        """Ask for days until they are had or nobody is left to be asked."""
        wanted = self._wanted = set(days)
        for source in sources:
            if wanted - self._had:
                self._ask_source(source, wanted)
        missing = sorted(wanted - self._had)
        never = Miss("unavailable", "no source was left to be asked")
        self.result.missing = {day: self._fate.get(day, never) for day in missing}
        asked = {source.name for source in sources}
        self.result.denied = [day for day in missing if day in self._deniers]
        self.result.nowhere = [day for day in missing if asked and asked <= self._deniers.get(day, set())]
        return self.write_manifest()

    def adopt(self, sources: Sequence[Source]) -> int:
        """Take up what a killed run had received but not finished; gives how many replies there were."""
        by_name = {source.name: source for source in sources}
        count = 0
        for reply in self.incoming.left_behind():
            if reply.file in self.known.replies or reply.source not in by_name:
                self.incoming.forget(reply)
                continue
            self.take_in(by_name[reply.source], reply)
            count += 1
        return count

    def write_manifest(self) -> Extracted:
        """Write the manifest."""
        if len(self.result.replies) == 1:
            self.result.path = self.archive.raw / self.result.replies[0]
        elif self.result.replies:
            self.result.path = manifest(self.archive, self.run)
            with replacing(self.result.path) as file:
                files = [self.archive.relative(self.archive.raw / name) for name in self.result.replies]
                file.write(json.dumps({"run": self.run, "replies": files}, indent=1).encode())
        return self.result

    # ---- one source ----------------------------------------------------------------------
    def _ask_source(self, source: Source, wanted: set[dt.date]) -> None:
        alone = source.day_request(min(wanted)).alone
        crowd = 1 if alone else self.concurrency
        asking = Asking(source, Pace(source.page_days, self.timeout * IN_GOOD_TIME, crowd, ahead=int(alone)))
        self._denied = set()
        for days, most in self._rounds(source, wanted):
            asking.begin_round(days, most)
            self._ask_all(asking, partial(self._next_request, asking, wanted))
            if asking.over:
                break
        else:
            self._ask_feed(asking, wanted)
        if asking.over:
            for day in wanted - self._had:
                self._miss(day, asking.over)
            self.tell(f"{source.name}: no further requests: {asking.over.why}")

    def _rounds(self, source: Source, wanted: set[dt.date]) -> Iterator[tuple[list[dt.date], int]]:
        """What is still to be asked for, and how many days a list may cover: fewer each time."""
        widths = [source.page_days, NARROW] if source.page_days > NARROW else [source.page_days]
        for width in [*widths, 1]:
            if days := self._open(wanted):
                yield days, width

    def _ask_feed(self, asking: Asking, wanted: set[dt.date]) -> None:
        recent = [d for d in self._open(wanted) if (self.today - d).days < FEED_DAYS and not self.known.has(str(d))]
        if recent and (feed := asking.source.feed_request(Span(recent[0], recent[-1]))):
            left = [feed]
            self._ask_all(asking, lambda _: left.pop() if left else None)

    def _next_request(self, asking: Asking, wanted: set[dt.date], idle: bool) -> Request | None:
        request = asking.next_request(idle=idle)
        if request and asking.is_second_look():
            left = len(wanted - self._had)
            self.tell(f"{asking.source.name}: {left} days did not arrive in a list; requesting shorter lists")
        return request

    def _open(self, wanted: set[dt.date]) -> list[dt.date]:
        return sorted(wanted - self._had - self._denied)

    def _ask_all(self, asking: Asking, next_request: Callable[[bool], Request | None]) -> None:
        source = asking.source.name
        for came in self._download(next_request, asking.pace):
            failed = not isinstance(came.answer, Answer)
            self.result.asked[source] = self.result.asked.get(source, Asked()).and_one(came.seconds, failed=failed)
            if isinstance(came.answer, Answer):
                self._take(asking, came, came.answer)
            else:
                self._do_without(asking, came, came.answer)
            if asking.over:
                return

    def _take(self, asking: Asking, came: _Came, answer: Answer) -> None:
        if came.request.divisible:
            asking.pace.answered(len(came.request.asked), came.seconds, came.beside)
        reply = self.incoming.receive(came.request, answer, asking.source.name, came.body)
        verdict = self.take_in(asking.source, reply)
        miss = Miss("refused", verdict.refusals[0].reason) if verdict.refusals else None
        asking.count(fruitful=bool(verdict.readings) or verdict.answered, miss=miss, denied=bool(verdict.absent))

    def _do_without(self, asking: Asking, came: _Came, error: SourceError) -> None:
        came.body.unlink(missing_ok=True)
        kind = "refused" if isinstance(error, ReplyRefused) else "unavailable"
        miss = Miss(kind, str(error), hopeless=isinstance(error, SourceRefused))
        for day in self.known.calendar.publishable(came.request.asked):
            self._miss(day, miss)
        still_open = [day for day in self._open(self._wanted or set()) if day in came.request.asked]
        asking.did_not_come(came.request, error, miss, still_open, came.seconds)

    def _download(self, next_request: Callable[[bool], Request | None], pace: Pace) -> Iterator[_Came]:
        """What came of each request in their order, a few on their way at a time; the next is made when it can go."""
        pool = ThreadPoolExecutor(self.concurrency, thread_name_prefix="extract")
        running: deque[tuple[Request, Path, int, Future[tuple[Answer | SourceError, float]]]] = deque()
        try:
            while True:
                while len(running) < pace.at_once and (request := next_request(not running)):
                    slot = self.incoming.slot()
                    running.append((request, slot, len(running) + 1, pool.submit(self._timed, request, slot)))
                if not running:
                    return
                request, slot, beside, future = running.popleft()
                answer, seconds = future.result()
                yield _Came(request, answer, slot, seconds, beside)
        except KeyboardInterrupt:
            self.transport.abandon()  # do not wait for a service that hangs
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for _, slot, *_ in running:
                slot.unlink(missing_ok=True)

    def _timed(self, request: Request, slot: Path) -> tuple[Answer | SourceError, float]:
        """What came of a request, and after how many seconds."""
        begin = time.monotonic()
        try:
            answer: Answer | SourceError = self.transport.download(request, slot)
        except SourceError as error:
            answer = error
        return answer, time.monotonic() - begin

    # ---- one reply -----------------------------------------------------------------------
    def take_in(self, source: Source, reply: Reply) -> Verdict:
        """Judge a received reply; promote it if it says something new or is refused, else drop it."""
        verdict = self.judge(source, reply)
        if verdict.readings and source.name not in self._looked_at:
            self._looked_at.add(source.name)
            if remark := source.remark(self.incoming.body(reply)):
                self.tell(f"{source.name}: {remark}; its answers are accepted as long as they look as before")
        self._remember(reply, verdict)
        news = news_in(verdict, reply, self.known, self.today)
        if news is None:
            self.incoming.forget(reply)
            return verdict
        if news.repeated:
            told = f"{source.name}: told of twice, word for word, and kept as one entry: {', '.join(news.repeated[:5])}"
            self.tell(told + (f" and {len(news.repeated) - 5} more" if news.repeated[5:] else ""))
        self.incoming.promote(reply)
        self.known.add(self.ledger.append_reply(reply, news))
        self.incoming.forget(reply)
        self.result.replies.append(reply.file)
        self.result.lines += 1
        self.result.refused += len(news.refusals)
        return verdict

    def let_in(self, reply: Reply, verdict: Verdict, because: str | None = None) -> None:
        """Write down that readings of a reply that was judged before are let in after all.

        Args:
            reply: where they stand.
            verdict: the readings.
            because: a person's reason to take them.
        """
        self.known.add(self.ledger.append_reply(reply, verdict, replay=True, because=because))
        self.result.lines += 1
        self._had.update(reading.day for reading in verdict.readings)
        self._count_told(verdict)

    def canary(self, source: str) -> Canary:
        """The canary that watches a source in this run."""
        if source not in self._canaries:
            held = Digests(self.known, source)
            self._canaries[source] = Canary(source, self.today, held, self.known, self.dataset, self._examined)
        return self._canaries[source]

    def _examined(self, reading: Reading) -> str | None:
        # Deriving every reading twice would cost a fifth of a backfill: what looks odd is derived at once, and what
        # then cannot be an entry all the same is withdrawn before the next version is sealed.
        withdrawn = self.known.withdrawn.get((reading.source, reading.entry), ())
        doubts = self.dataset.doubts
        odd = doubts.odd(reading.record) or (withdrawn and doubts.digest(reading.record) in withdrawn)
        return self.examine(reading) if odd else None

    def judge(self, source: Source, reply: Reply, *, believed: bool = False) -> Verdict:
        """What the canary says of a reply; `believed` where a person says that the answer as a whole is right."""
        canary, body = self.canary(source.name), self.incoming.body(reply)
        if reply.form == "day" and source.denies(reply.status, body):
            return canary.judge_denial(reply.asked.first, reply.address)
        only = reply.asked.first if reply.form == "day" else None
        if reply.status != 200 and reply.form != "import":
            why = in_words(source, reply.status, reply.asked.first, body)
            return Verdict(refusals=(Refusal(only, why),))
        try:
            of_one = self.dataset.identity is None  # else an answer's form is its source's business: it may be empty
            shape = shape_of(body) if of_one and reply.form in {"list", "day"} else "list"
            items = settled_items(source, body, reply.form)
            verdict = canary.judge(reply.asked, reply.form, items, shape, reply.address, believed=believed)
            return of_the_asked(verdict, reply.asked) if reply.form == "feed" else verdict
        except Unreadable as error:
            return Verdict(refusals=(Refusal(only, str(error)),))

    def _remember(self, reply: Reply, verdict: Verdict) -> None:
        days = {digest.day for digest in verdict.readings}
        if self.dataset.identity is not None:
            refused = {refusal.day for refusal in verdict.refusals}
            days = (set(reply.asked) if verdict.answered else days) - refused
        self._had |= days if self._wanted is None else days & self._wanted
        self.advance(len(self._had) - self.result.answered)
        self._count_told(verdict)
        self._denied.update(verdict.absent)
        for day in verdict.absent:
            self._deniers.setdefault(day, set()).add(reply.source)
            self._miss(day, Miss("denied", f"{reply.source} has no entry of this day"))
        for refusal in verdict.refusals:
            for day in [refusal.day] if refusal.day else self.known.calendar.publishable(reply.asked):
                self._miss(day, Miss("refused", f"{reply.source}: {refusal.reason}"))

    def _count_told(self, verdict: Verdict) -> None:
        self.result.answered = len(self._had)
        self._told.update(digest.key for digest in verdict.readings)
        self.result.entries = len(self._told) if self.known.keyed else self.result.answered

    def _miss(self, day: dt.date, miss: Miss) -> None:
        # A refusal is an answer, a silence is none: the last answer counts.
        if miss.kind != "unavailable" or self._fate.get(day, miss).kind == "unavailable":
            self._fate[day] = miss
