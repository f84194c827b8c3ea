"""What the ledger's lines add up to, whichever way they are read."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.known import WHOLE_REPLY, Known, Version, version_of_line
from apod_pipeline.archive.ledger import Ledger, line_of_reply, reply_of_line
from apod_pipeline.archive.lines import append_lines
from apod_pipeline.database.rows import current_since
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.model import Digest, Refusal, Reply, Verdict

START = dt.date(2018, 1, 1)
AT = dt.datetime(2026, 10, 2, 5, 6, 7, tzinfo=dt.UTC)
FEWER = settings(max_examples=40)


def _day(number):
    return str(START + dt.timedelta(days=number))


DAYS = st.integers(0, 40).map(_day)
SPANS = st.tuples(st.integers(0, 40), st.integers(0, 8)).map(lambda t: [_day(t[0]), _day(t[0] + t[1])])


@st.composite
def _line(draw):
    """A line of `replies-*.jsonl`: asked only, or a reply with what became of it."""
    line = {"asked": draw(SPANS), "at": "2026-10-02T05:06:07Z"}
    if draw(st.integers(0, 3)) == 0:
        return line
    line |= {"file": "", "source": draw(st.sampled_from(["science", "planetary"]))}
    line |= {"form": draw(st.sampled_from(["list", "day", "feed", "import"]))}
    for name, values in (
        ("readings", st.dictionaries(DAYS, st.sampled_from(["a--", "b--", "c--"]), max_size=4)),
        ("refused", st.dictionaries(DAYS | st.just(WHOLE_REPLY), st.sampled_from(["why", "not"]), max_size=2)),
        ("absent", st.lists(DAYS, max_size=2)),
    ):
        if value := draw(values):
            line[name] = value
    return line


def _numbered(lines):
    return [line | {"file": f"apod_raw_{n}.json"} if "file" in line else line for n, line in enumerate(lines)]


LINES = st.lists(_line(), max_size=12).map(_numbered)


def _folded(lines, state=None):
    state = state or Known(DATA_SET.calendar)
    for line in lines:
        state.add(line)
    return state


# ---- adding up -----------------------------------------------------------------------------
@FEWER
@given(LINES, st.data())
def test_folding_in_pieces_is_folding_all(lines, data):
    """Read to any line and then on, the ledger adds up to what it adds up to when read at once."""
    cut = data.draw(st.integers(0, len(lines)))
    assert _folded(lines[cut:], _folded(lines[:cut])) == _folded(lines)


@FEWER
@given(LINES)
def test_what_is_known_is_what_was_told(lines):
    """Last readings, first and last lines, days since a line, denials: as a plain search through the lines has it."""
    known = _folded(lines)
    told = [
        (number, line["source"], day, digest)
        for number, line in enumerate(lines)
        for day, digest in line.get("readings", {}).items()
    ]
    for _, source, day, _ in told:
        last = [t for t in told if t[1:3] == (source, day)][-1]
        assert known.digest(source, day) == last[3]
        assert known.first_line[day] == min(t[0] for t in told if t[2] == day)
        assert known.last_line[day] == max(t[0] for t in told if t[2] == day)
    assert {day for day in map(_day, range(50)) if known.has(day)} == {t[2] for t in told}
    for since in range(len(lines) + 1):
        assert set(known.days_since(since)) == {t[2] for t in told if t[0] >= since}
    assert set(known.denied) == {(li["source"], day) for li in lines if "file" in li for day in li.get("absent", ())}
    assert known.lines == len(lines)


@FEWER
@given(LINES)
def test_asked_days_are_those_of_all_questions(lines):
    """The asked spans hold the days of every line but imports, are in order, and do not touch one another."""
    known = _folded(lines)
    asked = set()
    for line in lines:
        if line.get("form") != "import":
            asked |= set(Span(*(dt.date.fromisoformat(day) for day in line["asked"])))
    assert {day for span in known.asked for day in span} == asked
    assert all((b.first - a.last).days > 1 for a, b in itertools.pairwise(known.asked))
    assert all(known.was_asked(day) == (day in asked) for day in Span(START, START + dt.timedelta(days=60)))


@FEWER
@given(LINES)
def test_a_day_that_was_had_is_not_refused(lines):
    """A refusal counts only for a day that no source gave, before or after it."""
    known = _folded(lines)
    assert not any(known.has(day) for day in known.refused)
    assert len(known.quarantine) == sum(len(line.get("refused", {})) for line in lines)


@FEWER
@given(LINES, st.permutations(["science", "planetary", "file"]))
def test_the_most_wanted_source_is_chosen(lines, preference):
    """Of the sources that told of a day the first of the preference is chosen, with its last reading."""
    known = _folded(lines)
    for day in known.first_line:
        source, held = known.chosen(day, preference) or pytest.fail("a day that was had has a reading")
        assert source == next(name for name in preference if day in known.latest.get(name, {}))
        assert held == known.held(source, day)
    assert known.chosen("1999-01-01", preference) is None


# ---- files ---------------------------------------------------------------------------------
@FEWER
@given(LINES, st.data())
def test_shards_are_one_ledger(tmp_path_factory, lines, data):
    """Written into several monthly files, the lines are read in their order; so many of them as a version held."""
    ledger = Ledger(Archive(tmp_path_factory.mktemp("ledger"), DATA_SET))
    cut, held = (data.draw(st.integers(0, len(lines))) for _ in range(2))
    for month, some in (("2025-12", lines[:cut]), ("2026-01", lines[cut:])):
        append_lines(ledger.archive.ledger / f"replies-{month}.jsonl", some)
    assert list(ledger.reply_lines()) == lines
    assert ledger.count() == len(lines)
    assert ledger.known() == _folded(lines)
    assert ledger.known(held) == _folded(lines[:held])


@FEWER
@given(LINES, st.data())
def test_a_state_is_never_that_of_other_lines(tmp_path_factory, lines, data):
    """Asked for any number of lines, between appends that are added to the newest state: what those add up to."""
    ledger = Ledger(Archive(tmp_path_factory.mktemp("ledger"), DATA_SET))
    newest = ledger.known()
    for number, line in enumerate(lines, 1):
        ledger.append_lines([line])
        newest.add(line)
        asked = data.draw(st.integers(0, number))
        assert ledger.known(asked) == _folded(lines[:asked])
    assert ledger.known() == newest == _folded(lines)


def test_a_clock_that_went_back_does_not_shuffle_lines(tmp_path):
    """Lines go behind the last shard, also when the machine's clock says an earlier month than that shard."""
    ledger = Ledger(Archive(tmp_path, DATA_SET))
    append_lines(tmp_path / "data" / "ledger" / "replies-2999-01.jsonl", [{"asked": [_day(0), _day(0)], "at": "x"}])
    ledger.append_asked(Span(START, START), AT)
    assert [line["at"] for line in ledger.reply_lines()] == ["x", "2026-10-02T05:06:07Z"]


def _reply(**changes):
    plain = {
        "file": "apod_raw_20261002_050607.json",
        "source": "science",
        "address": "https://science.nasa.gov/wp-json/wp/v2/apod-basic?date_from=180101",
        "asked": Span(START, START + dt.timedelta(days=3)),
        "form": "list",
        "status": 200,
        "at": AT,
        "size": 12,
        "sha256": "0" * 64,
    }
    return Reply(**plain | changes)


def test_a_reply_comes_back_from_its_line(tmp_path):
    """A reply written into the ledger with its verdict is read back as it was, and the verdict adds up."""
    ledger, reply = Ledger(Archive(tmp_path, DATA_SET)), _reply()
    verdict = Verdict(
        (Digest(START, "a-b-c"),), (Refusal(None, "why"), Refusal(START, "odd")), (START + dt.timedelta(days=1),)
    )
    line = ledger.append_reply(reply, verdict)
    (read,) = ledger.reply_lines()
    assert (read, reply_of_line(read), reply_of_line(line_of_reply(reply))) == (line, reply, reply)
    known = ledger.known()
    assert known.digest("science", _day(0)) == "a-b-c"
    assert set(known.refused) == {_day(1), _day(2), _day(3)}  # the whole reply's refusal, but for the day that was had
    assert ("science", _day(1)) in known.denied


# ---- versions ------------------------------------------------------------------------------
def _versions(counts):
    return [
        Version(AT + dt.timedelta(seconds=n), f"run{n}", 1, ("science",), lines, START)
        for n, lines in enumerate(sorted(counts))
    ]


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(0, 35))
def test_a_line_belongs_to_the_first_version_that_holds_it(counts, number):
    """A line's version is the oldest that holds more lines than its number; a line behind all has none."""
    versions = _versions(counts)
    expected = next((version for version in versions if version.lines > number), None)
    assert version_of_line(versions, number) == expected


def test_versions_come_back(tmp_path):
    """A sealed version is read back with every field, in order."""
    ledger = Ledger(Archive(tmp_path, DATA_SET))
    versions = _versions([1, 5, 9])
    for version in versions:
        ledger.seal(version)
    assert ledger.versions() == versions


def _state(day, begin, end, cause="source"):
    return {"key": day, "from": begin, "to": end, "began": "source", "cause": cause, "reply": None, "entry": {}}


def test_what_was_never_sealed_replaced_nothing(tmp_path):
    """States written for a version whose run was killed before the seal do not count; written twice they count once."""
    ledger = Ledger(Archive(tmp_path, DATA_SET))
    first, second = _versions([1, 2])
    ledger.seal(first)
    ledger.seal(second)
    real = _state(_day(0), "2026-10-02T05:06:07Z", "2026-10-02T05:06:08Z")
    ledger.append_superseded([real], second.at)
    ledger.append_superseded([real, _state(_day(1), "2026-10-02T05:06:07Z", "2026-10-02T05:06:09Z")], second.at)
    assert ledger.superseded() == [real]
    assert ledger.superseded([first]) == []


def test_a_state_began_with_its_first_reading_or_the_last_replacement(tmp_path):
    """`current_since` tells the sealed version of the first reading, or the instant and cause of the replacement."""
    known = _folded([{"asked": [_day(0), _day(2)], "file": "f", "source": "science", "form": "list", "at": "x"}])
    known.first_line = {_day(0): 0, _day(1): 0, _day(2): 7}
    versions = _versions([1, 2])
    since = current_since(known, versions, [_state(_day(1), "2026-10-02T05:06:07Z", "2026-10-02T05:06:08Z", "rules")])
    assert set(since) == {_day(0), _day(1)}  # the third is not sealed yet
    assert (since[_day(0)].at, since[_day(0)].cause) == (versions[0].at, "source")
    assert (since[_day(1)].at, since[_day(1)].cause) == (versions[1].at, "rules")


def test_versions_are_gone_through_once_and_not_for_every_entry():
    """With thousands of versions, as after years of daily ones, `current_since` costs no more for each entry."""
    gone_through = []

    class Versions(list):
        def __iter__(self):
            gone_through.append(1)
            return super().__iter__()

    known = Known(DATA_SET.calendar)
    known.first_line = {_day(number): number for number in range(400)}
    since = current_since(known, Versions(_versions(range(1, 401))), [])
    assert len(since) == 400
    assert len(gone_through) <= 2


def test_a_refused_day_is_resolved_by_the_version_that_first_held_it():
    """A quarantined day that came later is resolved by the version that sealed it; until then it is not."""
    asked = [_day(0), _day(0)]
    refused = {"asked": asked, "at": "x", "file": "f", "source": "science", "form": "day", "refused": {_day(0): "why"}}
    had = {"asked": asked, "at": "x", "file": "g", "source": "science", "form": "day", "readings": {_day(0): "a--"}}
    known = _folded([refused, had])
    (quarantined,) = known.quarantine
    assert known.resolved_at(quarantined, _versions([1])) is None
    assert known.resolved_at(quarantined, _versions([1, 2])) == AT + dt.timedelta(seconds=1)


def test_a_whole_reply_is_resolved_by_the_version_that_held_its_last_day():
    """A refused list is resolved when all its days that NASA published were had, whoever gave them, before or after."""
    asked, whole = ["2020-06-08", "2020-06-11"], {"refused": {WHOLE_REPLY: "why"}}  # nothing was published on the 10th
    plain = {"asked": asked, "at": "x", "source": "science", "form": "list"}
    had = [{"readings": {f"2020-06-{day:02}": "a--"}} for day in (9, 11, 8)]
    lines = [plain | had[0], plain | whole, plain | had[1], plain | had[2] | {"source": "planetary"}]
    known = _folded(_numbered([line | {"file": ""} for line in lines]))
    (quarantined,) = known.quarantine
    versions = _versions([1, 2, 3, 4])
    assert known.resolved_at(quarantined, versions) == versions[-1].at
    assert known.resolved_at(quarantined, versions[:-1]) is None
    before = _folded(_numbered([line | {"file": ""} for line in lines[:-1]]))
    assert before.resolved_at(*before.quarantine, versions) is None


def test_a_refusal_is_never_resolved_before_it_was_said():
    """A list that is refused although all its days were had is resolved by the version that holds the refusal."""
    asked = {"asked": [_day(0), _day(1)], "at": "x", "source": "science", "form": "list"}
    had = asked | {"file": "f", "readings": {_day(0): "a--", _day(1): "b--"}}
    known = _folded([had, asked | {"file": "g", "refused": {WHOLE_REPLY: "why"}}])
    versions = _versions([1, 2])
    assert known.resolved_at(*known.quarantine, versions) == versions[1].at
