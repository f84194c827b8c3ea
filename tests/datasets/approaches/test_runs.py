"""Close approaches through whole runs, over the simulated service, a real PostgreSQL, DVC and Git."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading

import psycopg
import pytest
from sightings.acted_out import SimulatedWatch

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.approaches.rules.derive import served
from apod_pipeline.errors import SettingsError
from apod_pipeline.settings import resolve
from apod_pipeline.simulator.approaches import TODAY, SimulatedJpl
from apod_pipeline.wiring import database
from set_lab import SetLab

pytestmark = pytest.mark.process
DAY = dt.timedelta(days=1)
HALF_A_MINUTE, END = dt.timedelta(seconds=30), dt.datetime.combine(TODAY + DAY, dt.time())
AROUND = Span(TODAY - 60 * DAY, TODAY + 60 * DAY)


@pytest.fixture
def one(tmp_path, database_url):
    """An empty archive, and the simulated service."""
    with SimulatedJpl() as jpl:
        yield SetLab(jpl, tmp_path / "archive", database_url, name="approaches")


@pytest.fixture
def filled(one):
    """All that the service tells of the days around today."""
    one.run(AROUND)
    return one


def causes(lab):
    """How many states began for which cause, beside the first ones."""
    told = lab.rows("SELECT cause, count(*) FROM approaches_revision WHERE cause <> 'source' GROUP BY 1")
    return dict(told)


def middle(lab, number=0):
    """An approach in the middle of the span, told once."""
    day = lab.nasa.span.first + 20 * DAY
    return lab.nasa.on(day)[number]


def test_a_reading_in_which_every_number_changed_is_no_attack(filled):
    """All orbits are computed anew: one revision each, for that cause; the ledger holds them packed."""
    count = len(filled.entries())
    filled.nasa.renew()
    outcome = filled.run(AROUND)
    assert (outcome.exit_code, outcome.inserted, outcome.changed, outcome.gone) == (0, 0, count, 0)
    assert causes(filled) == {"orbit": count}
    (shard,) = filled.archive.ledger.glob("superseded-*.jsonl")
    assert shard.read_bytes().count(b"\n") == 1
    assert filled.unwell() == {}


def test_every_reading_is_given_back_row_for_row_and_digit_for_digit(one):
    """By SQL as of each version: what the service had told then."""
    told = []
    for _ in range(3):
        one.run(one.nasa.span)
        (at,) = one.rows("SELECT max(observed_from) FROM approaches_revision")[0]
        inside = (x for x in one.nasa.approaches if x.at + HALF_A_MINUTE < END)
        told.append((at, sorted(map(_numbers, inside))))
        one.nasa.renew()
    for at, rows in told:
        names = "des, jd, dist, dist_min, dist_max, v_rel, v_inf, h, diameter, diameter_sigma, digits"
        found = one.rows(f"SELECT row_to_json(r) FROM (SELECT {names} FROM approaches_as_of('{at}')) r")
        kept = sorted((row["des"], *(served(row)[name] for name in ("jd", "dist", "v_inf", "h"))) for (row,) in found)
        assert kept == rows
    assert one.unwell() == {}


def _numbers(one):
    row = one.row()
    return row["des"], row["jd"], row["dist"], row["v_inf"], row["h"]


def test_it_moves_is_renamed_withdrawn_and_comes_back(filled):
    """Each is a revision of its own cause, and the approach keeps its key through all of it."""
    jpl = filled.nasa
    moved, renamed, gone = middle(filled), middle(filled, 1), middle(filled, 2)
    was = filled.entries()
    moved.at += 2 * DAY
    moved.renew()
    old, renamed.des = renamed.des, "799999"
    jpl.withdraw(gone)
    outcome = filled.run(AROUND)
    assert (outcome.changed, outcome.gone, outcome.inserted) == (2, 1, 0)
    assert causes(filled) == {"move": 1, "rename": 1}
    (ended,) = filled.rows(
        "SELECT approach FROM approaches_revision r WHERE observed_to IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM approaches a WHERE a.approach = r.approach)"
    )
    assert was[ended[0]]["des"] == gone.des
    told = json.loads(filled.command("history", "799999", "--json").stdout)
    assert [state["entry"]["des"] for state in told["revisions"]] == [old, "799999"]
    jpl.approaches.append(gone)
    assert filled.run(AROUND).inserted == 1
    assert filled.entries().keys() == was.keys()
    assert len(json.loads(filled.command("history", gone.des, "--json").stdout)["revisions"]) == 2
    assert filled.unwell() == {}


def test_a_narrow_reading_speaks_of_nothing_outside(filled):
    """What may have moved out of the days that were asked for is not gone; nor what lies beyond a nearer limit."""
    day = filled.nasa.span.first + 20 * DAY
    before = filled.entries()
    filled.nasa.withdraw(middle(filled))
    assert filled.run(Span(day - 5 * DAY, day + 5 * DAY)).gone == 0
    filled.run(AROUND, dist_max="2LD")
    assert filled.entries() == before
    assert filled.run(AROUND).gone == 1


def test_what_lies_just_beyond_a_nearer_limit_is_not_gone(filled):
    """0.05004 au are known as 0.05, and a question for 0.05 does not speak of them."""
    edge = middle(filled)
    edge.dist = 0.05004
    filled.run(AROUND, dist_max="0.1")
    outcome = filled.run(AROUND, dist_max="0.05")
    assert (outcome.exit_code, outcome.gone, outcome.version) == (0, 0, None)
    filled.nasa.withdraw(edge)
    assert filled.run(AROUND, dist_max="0.1").gone == 1


def test_an_approach_that_moves_from_page_to_page_is_not_gone(filled):
    """Pages of ten days: it left one and stands in the next, or in the one before."""
    jpl, first = filled.nasa, filled.nasa.span.first
    forth, back = jpl.on(first + 19 * DAY)[0], jpl.on(first + 30 * DAY)[0]
    forth.at, back.at = forth.at + 2 * DAY, back.at - 2 * DAY
    outcome = filled.run(jpl.span, page_days=10)
    assert (outcome.changed, outcome.gone, outcome.inserted) == (2, 0, 0)
    assert causes(filled) == {"move": 2}


@pytest.mark.parametrize("share", [0.5, 3.0])
def test_a_service_that_tells_quite_other_numbers_is_refused(filled, share):
    """Distances that are half or thrice what they were, of all objects at once, are no new orbit solutions."""
    before = filled.files()
    for approach in filled.nasa.approaches:
        approach.dist = min(0.0499, approach.dist * share)
    outcome = filled.run(filled.nasa.span)
    assert (outcome.exit_code, outcome.version, filled.files()) == (3, None, before)


def test_one_odd_row_stops_nothing(filled):
    """Its day is refused with the reason, everything else is read, also an approach that is gone elsewhere."""
    odd = middle(filled)
    odd.sigma = "soon"
    filled.nasa.edit(filled.nasa.span.last)
    outcome = filled.run(filled.nasa.span)
    assert (outcome.exit_code, outcome.changed) == (3, 1)
    assert [str(day) for day in outcome.missing] == [str(odd.at.date())]
    odd.sigma = "00:01"
    assert filled.run(filled.nasa.span).exit_code == 0


def test_days_ahead_are_asked_for_and_old_ones_now_and_then(one):
    """Sixty days around today in every run; what lies farther away after thirty days, a year at a time."""
    today = dt.datetime.now(dt.UTC).date()  # when an answer came is told by the clock
    whole = Span(today - 400 * DAY, today + 400 * DAY)
    one.run(whole, today=today)
    one.nasa.requests.clear()
    one.run(today=today)
    assert _asked_for(one) == Span(today - 60 * DAY, today + 60 * DAY)
    for expected in (whole, Span(today - 29 * DAY, today + 91 * DAY)):
        one.nasa.requests.clear()
        one.run(today=today + 31 * DAY)
        assert _asked_for(one) == expected


def _asked_for(lab):
    """The days from the first to the last that were asked for."""
    ends = [[request.partition(f"date-{end}=")[2][:10] for request in lab.nasa.requests] for end in ("min", "max")]
    return Span(dt.date.fromisoformat(min(ends[0])) + DAY, dt.date.fromisoformat(max(ends[1])))


def test_one_question_at_a_time_over_all_processes(one, tmp_path):
    """A second archive of the same owner waits for its turn; the service never has two questions at once."""
    at_once, most, lock = [0], [0], threading.Lock()
    answer = one.nasa.told

    def slowly(request):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        threading.Event().wait(0.05)
        try:
            return answer(request)
        finally:
            with lock:
                at_once[0] -= 1

    one.nasa.told = slowly
    words = ("run", "--from", str(one.nasa.span.first), "--to", str(TODAY))
    several = [
        one.begun(*words, APOD_APPROACHES_PAGE_DAYS="5", APOD_ARCHIVE=str(tmp_path / name)) for name in ("one", "two")
    ]
    for process in several:
        process.communicate(timeout=60)
    assert most[0] == 1
    assert len(one.nasa.requests) > 10


def test_two_rows_of_one_approach_on_two_pages_are_two(one):
    """What was told on one page of a run is not what the next page tells."""
    first = middle(one)
    second = one.nasa.twin_of(first, 6 * DAY)
    one.run(AROUND, page_days=5)
    told = [key for key, row in one.entries().items() if row["des"] == first.des]
    assert len(told) == 2
    assert one.run(AROUND, page_days=5).version is None
    one.run(AROUND)
    assert [one.entries()[key]["date"] for key in told] == [str(x.at.date()) for x in (first, second)]
    assert one.unwell() == {}


def test_two_archives_share_one_embedded_server(one, tmp_path):
    """By a setting, so that SQL joins them; each finds its own tables there, and an archive that is none is told."""
    first = dataclasses.replace(one, database=None)
    assert first.run(AROUND).exit_code == 0
    with SimulatedWatch() as watch:
        second = SetLab(watch, tmp_path / "second", None, {"embedded_server": first.root}, name="sightings")
        assert second.run(watch.span).exit_code == 0
        assert not (second.root / ".apod" / "postgres").exists()
        assert second.unwell() == {}
        with pytest.raises(SettingsError, match="is not an archive"):
            second.run(watch.span, embedded_server=tmp_path / "nowhere")
    settings = resolve(second.all_flags(), {}, None)
    with database(settings, second.archive) as conninfo, psycopg.connect(conninfo) as connection:
        count = "SELECT (SELECT count(*) FROM approaches), (SELECT count(*) FROM sightings)"
        both = connection.execute(count).fetchone()
    assert both == (len(first.entries()), len(second.entries()))


def test_the_doctor_finds_the_service_well(filled, tmp_path):
    """A day without an approach is no fault of it; and what no source reads cannot be imported."""
    done = filled.command("doctor", "--probe")
    lines = [line for line in done.stdout.splitlines() if line.startswith("jpl:")]
    assert len(lines) == 3
    assert all(" ok " in line for line in lines)
    (tmp_path / "some.csv").write_text("des,jd\n")
    done = filled.command("import", str(tmp_path / "some.csv"))
    assert (done.returncode, "no source of approaches reads files" in done.stderr) == (2, True)


def test_the_reason_of_a_refused_question_is_quoted(one):
    """JPL says in JSON what is wrong with a question: so do the run and the ledger, not just that it is."""
    told = one.nasa.told
    wrong = ("dist-max=0.05", "dist-max=0,05")
    one.nasa.told = lambda asked: told(dataclasses.replace(asked, query=asked.query.replace(*wrong)))
    outcome = one.run(Span(TODAY, TODAY))
    assert (outcome.exit_code, set(outcome.missing.values())) == (3, {"jpl: HTTP 400: invalid number and/or units"})


def test_a_row_that_is_served_twice_is_one_entry(one):
    """Word for word the same: said and written down once; as soon as the two differ they are two, and kept."""
    first = middle(one)
    again = one.nasa.twin_of(first, 0 * DAY)
    again.dist = first.dist
    assert again.row() == first.row()
    assert one.run(AROUND).exit_code == 0
    (key,) = [key for key, row in one.entries().items() if row["des"] == first.des]
    assert f"jpl: told of twice, word for word, and kept as one entry: {key}" in one.told
    shards = [path.read_text() for path in one.archive.ledger.glob("replies-*")]
    lines = [json.loads(line) for shard in shards for line in shard.splitlines()]
    assert [line["repeated"] for line in lines if "repeated" in line] == [[key]]
    assert one.run(AROUND).version is None
    again.at += dt.timedelta(minutes=9)
    assert one.run(AROUND).inserted == 1
    one.nasa.withdraw(again)
    assert (one.run(AROUND).gone, key in one.entries()) == (1, True)
    assert one.unwell() == {}
