"""The extract stage by itself: no database, no DVC; the simulator over HTTP, or a transport that is handed in."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger, line_of_reply
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.sources.planetary import Planetary
from apod_pipeline.datasets.apod.sources.science import Science
from apod_pipeline.errors import SourceUnavailable
from apod_pipeline.fetching.http_client import HttpClient
from apod_pipeline.model import Reply
from apod_pipeline.stages.extract_apod import Extraction

TODAY = dt.date(2018, 12, 31)
MONTH = Span(dt.date(2018, 12, 1), TODAY)
KEY = "0123456789abcdefghijABCDEFGHIJ0123456789"


@dataclasses.dataclass
class Bench:
    """An archive's folder, and both sources of a simulator."""

    nasa: object
    archive: Archive
    told: list[str] = dataclasses.field(default_factory=list)

    @property
    def science(self):
        return Science(self.nasa.url)

    @property
    def planetary(self):
        return Planetary(self.nasa.url, KEY)

    @property
    def ledger(self):
        return Ledger(self.archive)

    def extraction(self, transport=None, **more):
        transport = transport or HttpClient(timeout=5.0, retries=0)
        return Extraction(
            self.archive,
            self.ledger,
            self.ledger.known(),
            transport,
            TODAY,
            "a-run",
            DATA_SET,
            tell=self.told.append,
            **more,
        )

    def ask(self, days, *sources, transport=None, **more):
        """One passage of the stage, its connections let go of."""
        own = transport or HttpClient(timeout=5.0, retries=0)
        try:
            return self.extraction(own, **more).ask(sources or [self.science], list(days))
        finally:
            if transport is None:
                own.close()

    def incoming(self):
        return sorted(path.name for path in self.archive.incoming.iterdir())


@pytest.fixture
def bench(nasa, tmp_path):
    """A fresh archive's folder."""
    archive = Archive(tmp_path / "archive", DATA_SET)
    archive.create_folders()
    return Bench(nasa, archive)


# ---- how many at a time --------------------------------------------------------------------
class Crowd:
    """A transport that holds every request until so many are on their way at once, and counts them."""

    def __init__(self, transport, wanted):
        self._transport, self._wanted = transport, wanted
        self._changed = threading.Condition()
        self.now = self.most = self.all = 0

    def download(self, request, into):
        with self._changed:
            self.now, self.all = self.now + 1, self.all + 1
            self.most = max(self.most, self.now)
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.most >= self._wanted, timeout=10)
            self._changed.wait_for(lambda: self.most > self._wanted, timeout=0.02)  # room for one too many
        try:
            return self._transport.download(request, into)
        finally:
            with self._changed:
                self.now -= 1


@pytest.mark.parametrize("concurrency", [1, 4])
def test_so_many_requests_at_a_time_and_no_more(bench, concurrency):
    """With a concurrency of four, four requests are on their way at once and never five; with one, one."""
    client = HttpClient(timeout=5.0, retries=0)
    crowd = Crowd(client, concurrency)
    span = Span(dt.date(2018, 1, 1), TODAY)
    result = bench.ask(span, transport=crowd, concurrency=concurrency)
    client.close()
    assert (crowd.most, crowd.all) == (concurrency, 15)
    assert (result.answered, result.missing) == (365, {})


# ---- who is asked for what -----------------------------------------------------------------
def test_the_next_source_is_asked_for_the_rest_only(bench):
    """What the first source gave is not asked of the second; what it has not, is."""
    bench.nasa.fault("empty_list", match="wp-json.*date_to=181225")
    bench.nasa.fault(
        "status", match="wp-json.*/1812(0|1|20|21|22|23|24|25)", code=404, body='{"code":"apod_basic_not_found"}'
    )
    result = bench.ask(MONTH, bench.science, bench.planetary)
    asked = [path for _, path, _ in bench.nasa.requests if "planetary" in path]
    assert result.missing == {}
    assert asked == ["/planetary/apod?start_date=2018-12-01&end_date=2018-12-25"]


def test_days_beside_the_wanted_ones_are_no_answer(bench):
    """Only wanted days count as answered, whatever else a list or a feed brought along."""
    wanted = [dt.date(2018, 12, 1), dt.date(2018, 12, 5)]
    steps: list[int] = []
    result = bench.ask(wanted, advance=steps.append)
    assert (result.answered, sum(steps)) == (2, 2)


def test_one_reply_is_its_own_path_and_many_have_a_manifest(bench):
    """`path` is the reply where there is one, and a manifest that lists them where there are many."""
    one = bench.ask([TODAY])
    assert one.path is not None
    assert one.path.parent == bench.archive.raw
    assert json.loads(one.path.read_bytes())["date"] == "2018-12-31"
    many = bench.ask(MONTH)
    manifest = json.loads(many.path.read_bytes())
    assert manifest["run"] == "a-run"
    assert [bench.archive.root / name for name in manifest["replies"]] == [bench.archive.raw / n for n in many.replies]
    assert len(manifest["replies"]) == 2


def test_nothing_new_leaves_nothing(bench):
    """The same days again: no reply is kept, no line written, nothing lies in the antechamber."""
    bench.ask(MONTH)
    lines, files = bench.ledger.count(), sorted(path.name for path in bench.archive.raw.iterdir())
    again = bench.ask(MONTH)
    assert (again.path, again.replies, again.answered) == (None, [], 31)
    assert (bench.ledger.count(), sorted(path.name for path in bench.archive.raw.iterdir())) == (lines, files)
    assert bench.incoming() == []


class OneSecond:
    """A transport that says of every answer that it came in the same second."""

    def __init__(self, transport):
        self._transport = transport

    def download(self, request, into):
        return self._transport.download(request, into)._replace(at=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))


def test_a_name_is_given_once_though_its_reply_lies_elsewhere(bench):
    """A stateless run has no old replies beside it: what comes in the second of one of them gets another name."""
    client = HttpClient(timeout=5.0, retries=0)
    (old,) = bench.ask([TODAY], transport=OneSecond(client)).replies
    (bench.archive.raw / old).unlink()
    (new,) = bench.ask([dt.date(2018, 12, 30)], transport=OneSecond(client)).replies
    client.close()
    assert (old, new) == ("apod_raw_20260102_030405.json", "apod_raw_20260102_030405_2.json")


def test_replies_are_kept_byte_for_byte_without_the_key(bench):
    """A kept reply has the hash that its line says, and neither address nor body holds the key."""
    import hashlib

    bench.ask(MONTH, bench.planetary)
    for line in bench.ledger.reply_lines():
        body = (bench.archive.raw / line["file"]).read_bytes()
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (line["sha256"], line["size"])
        assert (line["source"], line["status"]) == ("planetary", 200)
        assert KEY not in json.dumps(line)


def test_a_source_that_never_answers_says_why_each_day_is_missing(bench):
    """Nobody answers: every day is missing with the last reason, after a handful of requests."""

    class Dead:
        asked = 0

        def download(self, request, _):
            self.asked += 1
            raise SourceUnavailable(f"{request.asked}: nobody is there")

    dead = Dead()
    result = bench.ask(Span(dt.date(2018, 1, 1), TODAY), transport=dead, concurrency=1)
    assert len(result.missing) == 365
    assert {miss.kind for miss in result.missing.values()} == {"unavailable"}
    assert dead.asked <= 4
    assert bench.incoming() == []


def test_a_refusal_can_say_anything(bench):
    """A day that is told as half a character, control signs and a page long is refused, kept, and read back."""
    bench.nasa.fault("html200", match="wp-json", text=json.dumps({"date": "\ud83d\n\x00" + "x" * 9, "title": "A"}))
    result = bench.ask([TODAY])
    assert result.refused == 1
    again = Ledger(bench.archive).known()
    assert [refusal.day for refusal in again.quarantine] == [str(TODAY)]
    assert bench.ask([TODAY]).refused == 0


# ---- what a killed run left ----------------------------------------------------------------
def _left(bench, name="apod_raw_20261002_050607.json", *, body=True):
    """A reply as a run leaves it that was killed between receiving and settling."""
    content = json.dumps([{"date": "2018-12-01", "title": "A Lamp", "explanation": "Words."}]).encode()
    day = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 2))
    at = dt.datetime(2026, 10, 2, 5, 6, 7, tzinfo=dt.UTC)
    reply = Reply(
        name, "planetary", "https://api.nasa.gov/planetary/apod", day, "list", 200, at, len(content), "0" * 64
    )
    if body:
        (bench.archive.incoming / name).write_bytes(content)
    (bench.archive.incoming / f"{name}.note").write_text(json.dumps(line_of_reply(reply)))


def _adopted(bench):
    client = HttpClient(retries=0)
    adopted = bench.extraction(client).adopt([bench.science, bench.planetary])
    client.close()
    return adopted


def test_what_was_received_is_taken_up(bench):
    """A reply with its note is settled as if it had just come; a torn download and a torn note are removed."""
    _left(bench)
    (bench.archive.incoming / "3.download").write_bytes(b"half")
    (bench.archive.incoming / ".apod_raw_x.json.note.partial").write_bytes(b"{")
    assert _adopted(bench) == 1
    assert bench.ledger.known().has("2018-12-01")
    assert (bench.archive.raw / "apod_raw_20261002_050607.json").exists()
    assert bench.incoming() == []
    assert _adopted(bench) == 0


def test_what_was_settled_already_is_forgotten(bench):
    """A reply whose line is written, but whose note a kill left, is not counted twice."""
    _left(bench)
    _adopted(bench)
    _left(bench, body=False)
    assert _adopted(bench) == 0
    assert (bench.ledger.count(), bench.incoming()) == (1, [])


def test_a_note_without_its_reply_is_removed(bench):
    """A note whose reply is nowhere (it was not worth keeping, and its removal was cut short) is removed too."""
    _left(bench, body=False)
    assert _adopted(bench) == 0
    assert bench.incoming() == []
