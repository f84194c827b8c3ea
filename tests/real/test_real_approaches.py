"""Recorded close approaches, from a stand-in that others wrote: extra tests, where the folder `shared` lies beside."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections import Counter

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.approaches.rules.derive import served
from set_lab import SetLab
from standin import SHARED, StandIn, running

STANDIN, DATA = SHARED / "upstream" / "standin_more.py", SHARED / "data"
READINGS = DATA / "cad_readings_2019_2020.jsonl.gz"
pytestmark = [
    pytest.mark.standin,
    pytest.mark.skipif(not READINGS.exists(), reason="the recorded close approaches are not beside this checkout"),
]
YEARS = Span(dt.date(2010, 1, 1), dt.date(2024, 12, 31))
FIRST, SECOND, THIRD = dt.date(2019, 10, 28), dt.date(2019, 10, 29), dt.date(2020, 1, 7)
MONTHS = Span(dt.date(2019, 9, 1), dt.date(2019, 12, 31))
NUMBERS = ("jd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "h")
FIELDS = ("des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f", "h")
FAULTS = {
    "status": {"code": 503, "retry_after": 0},
    "timeout": {"seconds": 3},
    "slow_drip": {"seconds": 3},
    "wrong_span": {"days": 30},
    "huge": {"mb": 4},
}
PLAIN = ("gateway_html", "envoy_text", "drop", "truncate", "bad_json", "html200", "empty", "empty_list", "wrong_type")
FAULTS |= {kind: {} for kind in (*PLAIN, "redirect_loop", "bad_charset", "gzip_garbage")}
OF_THEIR_OWN = "SELECT cause, count(*) FROM approaches_revision WHERE cause <> 'source' GROUP BY 1 ORDER BY 1"


class Upstream(StandIn):
    """The stand-in, which tells what was known on a day."""

    today = FIRST

    @property
    def settings(self):
        """Where it answers, and the day it stands at."""
        return {"jpl_url": self.url, "today": self.today}

    def stand_at(self, day):
        """Tell what was known on a day."""
        self.today = day
        self.control(today=str(day))


@pytest.fixture(scope="session")
def upstream():
    """Started once; its state is reset by whoever uses it."""
    with running(STANDIN, "--data", str(DATA), "--today", str(FIRST)) as port:
        yield Upstream(port)


@pytest.fixture
def real(upstream, tmp_path, database_url):
    """An archive that talks to the stand-in as of the first reading."""
    upstream.control(reset=True)
    upstream.stand_at(FIRST)
    return SetLab(upstream, tmp_path / "archive", database_url, name="approaches")


def recorded(read):
    """The rows of one recorded reading."""
    with gzip.open(READINGS, "rt", encoding="utf-8") as lines:
        return [told["row"] for told in map(json.loads, lines) if told["read"].startswith(str(read))]


def as_of(lab, at):
    """The rows of a reading, as SQL gives them back."""
    names = f"des, orbit_id, cd, t_sigma_f, digits, diameter, diameter_sigma, {', '.join(NUMBERS)}"
    where = f"date BETWEEN '{YEARS.first}' AND '{YEARS.last}'"
    told = lab.rows(f"SELECT row_to_json(r) FROM (SELECT {names} FROM approaches_as_of('{at}') WHERE {where}) r")
    return sorted(tuple(str((row | served(row))[name]) for name in FIELDS) for (row,) in told)


def plain(rows):
    """Recorded rows in the same form."""
    return sorted(tuple(map(str, row)) for row in rows)


def test_the_recorded_readings_one_after_another(real):
    """Each differs from the one before as it should, is given back digit for digit, and rebuilt to the byte."""
    assert real.run(Span(dt.date(2000, 1, 1), dt.date(2099, 12, 31))).inserted == 12_903
    counts, instants = [], []
    for day in (SECOND, THIRD):
        instants.append(real.rows("SELECT max(observed_from) FROM approaches_revision")[0][0])
        real.nasa.stand_at(day)
        one = real.run(YEARS)
        counts.append((one.exit_code, one.changed, one.inserted, one.gone, one.unchanged))
    assert counts == [(0, 32, 3, 0, 6249), (0, 361, 295, 2, 5921)]
    assert real.rows(
        "SELECT cause, count(*) FROM approaches_revision WHERE cause <> 'source' GROUP BY 1 ORDER BY 1"
    ) == [
        ("move", 7),
        ("orbit", 386),
    ]
    inside = [row for row in recorded(FIRST) if "2010" <= row[3][:4] <= "2024"]
    assert as_of(real, instants[0]) == plain(inside)
    assert as_of(real, "infinity") == plain(recorded(THIRD))
    before = real.files(), real.tables()
    for path in (real.archive.csv, real.archive.json, real.archive.parquet):
        path.unlink()
    real.wired(lambda wired: wired.rebuild())
    assert (real.files(), real.tables()) == before
    assert real.unwell() == {}


def test_all_solutions_renewed_at_once_with_names_that_change(real):
    """Every row of fifteen years changed, four objects are called otherwise, fifteen rows are gone: no attack."""
    real.run(YEARS)
    rows = recorded(FIRST)
    times = Counter(row[0] for row in rows)
    inside = (row[0] for row in rows if "2010-Mar" < row[3] < "2024-Oct" and row[10])
    once = [des for des in inside if times[des] == 1]
    renamed = {des: f"99{number}001" for number, des in enumerate(once[:4])}
    real.nasa.control(cad_renew=1, cad_rename=renamed, cad_hide=once[4:19])
    outcome = real.run(YEARS)
    assert (outcome.exit_code, outcome.inserted, outcome.gone, outcome.unchanged) == (0, 0, 15, 0)
    told = real.rows("SELECT des FROM approaches_revision WHERE cause = 'rename' ORDER BY 1")
    assert [des for (des,) in told] == sorted(renamed.values())


def _both_ways(kinds):
    """Each once, and always; a run of every test takes one of the two, the lane `make test-real` both."""
    for number, kind in enumerate(kinds):
        for other, (times, how) in enumerate(((1, "once"), (-1, "always"))):
            marks = [] if number % 2 == other else [pytest.mark.whole]
            yield pytest.param(kind, times, marks=marks, id=f"{kind}-{how}")


@pytest.mark.parametrize(("kind", "times"), [*_both_ways(FAULTS)])
def test_their_faults_leave_no_wrong_row(real, kind, times):
    """Once it heals; always it ends with a clear exit, and what was stored before stays; then everything is there."""
    real.run(MONTHS)
    before = real.files()
    real.nasa.control(faults=[{"kind": kind, "match": "cad.api", "times": times, **FAULTS[kind]}])
    flags = {"http_timeout": 1.0, "http_retries": 1, "http_body_limit": 1 << 20}
    outcome = real.run(MONTHS, **flags)
    assert outcome.exit_code in ({0} if times == 1 else {0, 3, 4})
    assert (outcome.version, real.files()) == (None, before)
    real.nasa.control(reset=True)
    real.nasa.stand_at(FIRST)
    assert real.run(MONTHS).exit_code == 0
    assert real.files() == before
    assert real.unwell() == {}


def test_another_form_is_refused_and_another_version_is_told(real):
    """Columns that are called otherwise are no answer; counts as texts and an unknown version are."""
    real.run(MONTHS)
    real.nasa.control(cad_columns={"dist": "distance"})
    assert real.run(MONTHS).exit_code == 3
    real.nasa.control(cad_columns={}, cad_version="1.9", cad_busy=True)
    outcome = real.run(MONTHS)
    assert outcome.exit_code == 0
    assert sum("1.9" in line for line in real.told) == 1
    assert real.unwell() == {}
