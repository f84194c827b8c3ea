"""A slow service is not a dead one: what is asked of it at once follows what it answers in good time."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.sources.planetary import Planetary
from apod_pipeline.datasets.apod.sources.science import Science
from apod_pipeline.fetching.http_client import HttpClient
from apod_pipeline.stages.extract_apod import Extraction
from lab import KEY
from paced import Paced, span_of

TODAY = dt.date(2018, 12, 31)
A_DAY = 0.003  # seconds; NASA's own 0.03 at a tenth, and everything that is waited for with it
TIMEOUT = 2.0
SOURCES = {"planetary": lambda url: Planetary(url, KEY), "science": Science}


@pytest.fixture
def asked_of(nasa, tmp_path):
    """Asks a source for the last so many days; gives the result, the seconds it took, and what was told."""
    nasa.rate_limit = 100_000

    def asked(source, days, *, retries=5, timeout=TIMEOUT):
        archive = Archive(tmp_path / "archive", DATA_SET)
        archive.create_folders()
        ledger, told, client = Ledger(archive), [], HttpClient(timeout, retries)
        extraction = Extraction(
            archive, ledger, ledger.known(), client, TODAY, "a-run", DATA_SET, tell=told.append, timeout=timeout
        )
        begin = time.monotonic()
        result = extraction.ask([source], list(Span(TODAY - dt.timedelta(days=days - 1), TODAY)))
        took = time.monotonic() - begin
        client.close()
        return result, took, told

    return asked


@contextmanager
def paced(nasa, **how):
    """The simulator, at a pace."""
    with Paced(nasa.url, how.pop("a_day", A_DAY), **how) as service:
        yield service


@pytest.mark.parametrize("source", SOURCES)
def test_one_thing_after_another(nasa, asked_of, source):
    """A service that does one thing after another gives all in little more than its own time, and nothing twice."""
    with paced(nasa) as service:
        result, took, _ = asked_of(SOURCES[source](service.url), 1200)
    assert (result.answered, result.missing) == (1200, {})
    assert service.worked < 1200 * A_DAY * 1.05
    assert took < 1200 * A_DAY * 2  # of a busy machine; how well it goes is what was worked


@pytest.mark.parametrize("source", SOURCES)
def test_all_at_once(nasa, asked_of, source):
    """A service that does many things at once is asked many at once: most of its work is done beside other work."""
    with paced(nasa, serial=False) as service:
        result, _, _ = asked_of(SOURCES[source](service.url), 1200)
    assert (result.answered, result.missing) == (1200, {})
    assert max(service.beside) == 4
    assert sum(number > 1 for number in service.beside) > len(service.beside) / 2


@pytest.mark.parametrize("hang_up", [False, True], ids=["504", "hangs up"])
@pytest.mark.parametrize("source", SOURCES)
def test_cut_off_by_itself(nasa, asked_of, source, hang_up):
    """A service that ends by itself what takes it too long, by a 504 or by hanging up, gives all, in narrower lists."""
    with paced(nasa, cut_off=0.35, hang_up=hang_up) as service:
        result, _, _ = asked_of(SOURCES[source](service.url), 1200)
    assert (result.answered, result.missing) == (1200, {})
    assert service.worked < 1200 * A_DAY * 1.3


def test_too_slow_for_any_list(nasa, asked_of):
    """A service of which no list comes in time gives all the same, day by day in the end."""
    with paced(nasa, a_day=0.03, cut_off=0.1, serial=False) as service:
        result, _, _ = asked_of(Planetary(service.url, KEY), 40)
    assert (result.answered, result.missing) == (40, {})


def test_a_wide_question_that_failed_is_not_repeated(nasa, asked_of):
    """A bad gateway before every wide range over a New Year: narrower ones are asked for at once, none twice."""
    nasa.fault("gateway_html", match=r"start_date=(\d{4})-(?!12).*end_date=(?!\1)")
    result, _, _ = asked_of(Planetary(nasa.url, KEY), 1461, timeout=60)
    addresses = Counter(path for _, path, _ in nasa.requests)
    assert (result.answered, result.missing) == (1461, {})
    assert set(addresses.values()) == {1}
    assert 502 in {status for *_, status in nasa.requests}


def test_a_fast_service_is_asked_for_whole_years(nasa, asked_of):
    """A service that answers at once is asked for as much as a list may hold, after the first question."""
    result, _, _ = asked_of(Planetary(nasa.url, KEY), 2900, timeout=60)
    assert result.missing == {}
    assert len(nasa.requests) <= 2 + 2900 // 366 + 1


def test_silence_costs_two_and_a_half_times_the_timeout(nasa, asked_of):
    """A service that never answers is given up after a list and a few single days, whatever is wanted of it."""
    nasa.fault("timeout", seconds=60)
    result, took, told = asked_of(Planetary(nasa.url, KEY), 1200, timeout=0.6)
    assert len(result.missing) == 1200
    assert took < 2.5 * 0.6 + 1.0
    assert "no further requests" in told[-1]
    assert len(nasa.requests) < 12


def test_a_short_outage_loses_no_day(nasa, asked_of):
    """A list and a single day get a 503, then all is well: that day is asked for once more, and all days come."""
    nasa.fault("envoy_text", times=2)
    result, _, _ = asked_of(Planetary(nasa.url, KEY), 200, retries=0)
    assert (result.answered, result.missing) == (200, {})


def test_silence_in_the_middle_loses_nothing_that_came(nasa, asked_of):
    """A service that falls silent on its way is given up as fast; what came before it did is kept."""
    nasa.fault("timeout", match=r"date=201[678]", seconds=60)
    result, took, _ = asked_of(Planetary(nasa.url, KEY), 2900, timeout=0.6)
    assert 1000 < result.answered < 2000
    assert took < 2.5 * 0.6 + 4.0


@pytest.mark.parametrize("source", SOURCES)
def test_one_day_that_hangs_takes_nobody_with_it(nasa, asked_of, source):
    """A day at which the service hangs, alone or in a list, is missing; all the others come."""
    with Hanging(nasa.url, dt.date(2018, 11, 11)) as service:
        result, _, _ = asked_of(SOURCES[source](service.url), 200, timeout=0.4)
    assert sorted(result.missing) == [dt.date(2018, 11, 11)]
    assert result.answered == 199


class Hanging(Paced):
    """A service that hangs at everything that holds one day."""

    def __init__(self, behind, day):
        super().__init__(behind, 0.0, serial=False)
        self._day = day

    def _answer(self, one):
        if self._day in span_of(one.path):
            self._ended.wait(60)
            one.close_connection = True
        else:
            super()._answer(one)
