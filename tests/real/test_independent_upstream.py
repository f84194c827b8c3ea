"""Real recorded entries, from an upstream that others wrote: extra tests, where the folder `shared` lies beside."""

from __future__ import annotations

import csv
import datetime as dt
import json
import signal

import pytest

from apod_pipeline.dataset.spans import Span
from kill_places import KILL_PLACES
from lab import KEY, Lab, bare_repository
from standin import SHARED, StandIn, running

STANDIN, RECORDS = SHARED / "upstream" / "standin.py", SHARED / "data" / "apod_v1_1995_2018.jsonl.gz"
pytestmark = [
    pytest.mark.standin,
    pytest.mark.skipif(not STANDIN.exists(), reason="the independent upstream is not beside this checkout"),
]
EVERYTHING = Span(dt.date(1995, 6, 16), dt.date(2018, 12, 31))
MONTHS = Span(dt.date(2018, 10, 1), dt.date(2018, 12, 31))
GAPS = ["1995-06-17", "1995-06-18", "1995-06-19"]


class Upstream(StandIn):
    """The other people's upstream, which knows no day after the last recorded one."""

    today = dt.date(2018, 12, 31)


@pytest.fixture(scope="session")
def upstream():
    """Started once; its state is reset by whoever uses it."""
    with running(STANDIN, "--data", str(RECORDS)) as port:
        yield Upstream(port)


@pytest.fixture
def real(upstream, tmp_path, migrated_database):
    """An archive that talks to the independent upstream."""
    upstream.control(reset=True)
    return Lab(upstream, tmp_path / "archive", migrated_database, {"nasa_api_key": KEY})


@pytest.mark.parametrize("source", ["science", "planetary"])
def test_all_real_days_come_through(real, source):
    """8,597 rows, three explained gaps, no other day missing; all four forms agree; a second run changes nothing."""
    outcome = real.run(EVERYTHING, sources=(source,), http_timeout=30.0)
    assert (outcome.exit_code, outcome.inserted, outcome.missing) == (0, 8597, {})
    assert real.rows("SELECT count(*) FROM apod") == [(8597,)]
    assert real.rows("SELECT status, count(*) FROM apod_day GROUP BY 1 ORDER BY 1") == [("gap", 3), ("present", 8597)]
    assert [day for (day,) in real.rows("SELECT date FROM apod_day WHERE status = 'gap' ORDER BY 1")] == GAPS
    with real.archive.csv.open(newline="", encoding="utf-8") as file:
        assert sum(1 for _ in csv.DictReader(file)) == 8597
    assert len(json.loads(real.archive.json.read_bytes())) == len(real.entries()) == 8597
    files, head = real.files(), real.git("rev-parse", "HEAD")
    again = real.run(EVERYTHING, sources=(source,), http_timeout=30.0)
    assert (again.version, again.unchanged, real.files(), real.git("rev-parse", "HEAD")) == (None, 8597, files, head)
    assert real.git("status", "--porcelain") == ""


@pytest.fixture(scope="session")
def clean(upstream, tmp_path_factory, postgres_server):
    """What three months look like after a run without faults, by source."""
    done = {}

    def of(source: str, database: str) -> dict[str, str]:
        if source not in done:
            upstream.control(reset=True)
            one = Lab(upstream, tmp_path_factory.mktemp("clean") / "archive", database, {"nasa_api_key": KEY})
            one.run(MONTHS, sources=(source,), range_days=25)
            done[source] = one.files()
        return done[source]

    return of


FAULTS = {
    "status": {"code": 503, "retry_after": 0},
    "gateway_html": {},
    "envoy_text": {},
    "timeout": {"seconds": 3},
    "drop": {},
    "truncate": {},
    "bad_json": {},
    "html200": {},
    "placeholder": {},
    "wrong_date": {},
    "list_instead": {},
    "empty_list": {},
    "drop_days": {"days": ["2018-11-22", "2018-11-23"]},
    "slow_drip": {"seconds": 3},
    "huge": {"mb": 4},
    "redirect_loop": {},
    "bad_charset": {},
    "gzip_garbage": {},
}


def _through_both(kinds):
    """Each through both sources; a run of every test takes one of the two, the lane `make test-real` both."""
    for number, kind in enumerate(kinds):
        for other, source in enumerate(("science", "planetary")):
            marks = [] if number % 2 == other else [pytest.mark.whole]
            yield pytest.param(kind, source, marks=marks, id=f"{kind}-{source}")


@pytest.mark.parametrize("times", [1, -1], ids=["once", "always"])
@pytest.mark.parametrize(("kind", "source"), [*_through_both(FAULTS)])
def test_their_faults_leave_no_wrong_row(real, upstream, clean, second_database, kind, source, times):
    """Each fault of the independent upstream on a page in the middle: healed, or told; completed by the next run."""
    expected = clean(source, second_database)
    page = "date_from=181120" if source == "science" else "start_date=2018-11-20"
    upstream.control(reset=True, faults=[{"kind": kind, "match": page, "times": times, **FAULTS[kind]}])
    flags = {"sources": (source,), "range_days": 25, "http_timeout": 0.6, "http_retries": 1, "http_body_limit": 2 << 20}
    outcome = real.run(MONTHS, **flags)
    if kind == "drop_days":  # the upstream then hides them for good, and denies them: gaps, until they come
        assert (outcome.exit_code, real.rows("SELECT count(*) FROM apod_day WHERE status = 'gap'")) == (0, [(2 + 3,)])
    else:
        assert (outcome.exit_code, outcome.missing) == (0, {})
        assert real.files() == expected
    upstream.control(reset=True)
    assert real.run(MONTHS, **flags).exit_code == 0
    assert real.files() == expected


@pytest.mark.whole
@pytest.mark.parametrize("source", ["science", "planetary"])
@pytest.mark.parametrize("place", KILL_PLACES)
def test_killed_over_real_entries(real, clean, second_database, place, source):
    """SIGKILL at every named place while real entries come in, then the same command: the bytes of one undisturbed."""
    expected = clean(source, second_database)
    real.flags |= {"git_remote": bare_repository(real.root.with_name("remote.git"))}
    more = {"APOD_SOURCES": source, "APOD_RANGE_DAYS": "25"}
    words = ("run", "--from", str(MONTHS.first), "--to", str(MONTHS.last))
    killed = real.command(*words, APOD_KILL_AT=place, **more)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert real.command(*words, **more).returncode == 0
    assert real.files() == expected
    assert (real.commits(), real.rows("SELECT count(*) FROM apod")) == (1, [(len(MONTHS),)])
    assert real.git("status", "--porcelain") == ""


def test_hidden_days_come_by_themselves_and_an_edit_is_one_revision(real, upstream):
    """The newest three days hidden, then shown: they come without being asked for. A title edited: one revision."""
    upstream.control(hide=["2018-12-29", "2018-12-30", "2018-12-31"])
    assert real.run(MONTHS).exit_code == 4
    upstream.control(hide=[])
    assert (real.run().inserted, real.commits()) == (3, 2)
    upstream.control(edit={"2018-12-25": {"title": "A Title of Ours"}})
    assert (real.run().changed, real.commits()) == (1, 3)
    assert real.rows("SELECT count(*) FROM apod_revision WHERE date = '2018-12-25'") == [(2,)]
