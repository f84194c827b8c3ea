"""The gate before the seal: a day that can be no entry is refused by itself, its neighbours go on, nothing is stuck."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import httpx
import pytest

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.audit.rederiving import derived_again
from apod_pipeline.database.rows import content_hash
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod.rules import RULES_VERSION
from apod_pipeline.datasets.apod.rules.derive import derive
from apod_pipeline.errors import DataRefused, DaysMissing
from apod_pipeline.jobs.verify import verify
from apod_pipeline.run.importing import replay_quarantine
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.run.steps import Steps
from apod_pipeline.settings import resolve
from apod_pipeline.wiring import derivation
from lab import Lab

SPAN = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
ODD = dt.date(2018, 12, 24)


def _relative(entry):
    return entry._replace(url="image/1812/lamp.jpg")


def _crash(entry):
    raise ZeroDivisionError(f"of {entry.date}")


def _halved(entry):
    return entry._replace(explanation="\ud800 is no letter")


def _untitled(entry):
    return entry._replace(title=" \u200b ")


BUGS = {"relative": _relative, "crash": _crash, "half a pair": _halved, "no title": _untitled}


def _with(bug, *days):
    """A transform with a bug for some days."""

    def buggy(readings):
        for reading in readings:
            entry = derive(reading)
            yield (bug(entry) if reading.day in days else entry).as_row()

    return buggy


def _run(lab: Lab, bug=None, rules=RULES_VERSION, days=(ODD,), wanted=None, call=None):
    """A run whose rules have a bug for some days."""

    def work(wired):
        if bug:
            wired.derivation = dataclasses.replace(wired.derivation, transform=_with(bug, *days), rules=rules)
        return call(wired) if call else wired.run(wanted or Wanted("run"))

    return lab.wired(work)


def _verified(lab: Lab):
    checks = verify(resolve(lab.all_flags(), {}, None))
    return {check.what: check.says for check in checks if not check.well}


@pytest.mark.parametrize("bug", BUGS)
def test_a_new_day_that_can_be_no_entry_is_refused_by_itself(lab, undisturbed, bug):
    """Its neighbours are stored, loaded and versioned in the same run, exit 3; mended, the next run has it all."""
    ran = _run(lab, BUGS[bug], wanted=Wanted("run", SPAN))
    assert (ran.exit_code, list(ran.missing)) == (3, [ODD])
    assert len(lab.rows("SELECT FROM apod")) == len(SPAN) - 1
    assert ran.version
    again = _run(lab, BUGS[bug])
    assert (again.exit_code, again.version) == (3, None)
    mended = lab.run()
    assert (mended.exit_code, mended.missing) == (0, {})
    assert (lab.files(), lab.tables()["apod"]) == (undisturbed(SPAN)[0], undisturbed(SPAN)[1]["apod"])
    assert _verified(lab) == {}


@pytest.mark.parametrize("bug", BUGS)
def test_an_entry_that_new_rules_refuse_keeps_its_last_good_state(lab, undisturbed, bug):
    """New rules with a bug: the day stays as it was, exit 3, and every later run goes on; mended, all is as ever."""
    lab.filled(SPAN)
    before = lab.entries()
    ran = _run(lab, BUGS[bug], RULES_VERSION + 1)
    assert ran.exit_code == 3
    assert lab.entries() == before
    assert lab.rows("SELECT title FROM apod WHERE date = '2018-12-24'") == [(before[str(ODD)]["title"],)]
    _run(lab, BUGS[bug], RULES_VERSION + 1)
    assert lab.run().exit_code == 0
    assert (lab.files(), lab.tables()["apod"]) == (undisturbed(SPAN)[0], undisturbed(SPAN)[1]["apod"])
    assert _verified(lab) == {}


def test_what_was_kept_is_rebuilt_and_loaded_anew(lab):
    """The kept state stands in the ledger: files and tables are made again from it, offline, to the same bytes."""
    lab.filled(SPAN)
    _run(lab, _relative, RULES_VERSION + 1)
    files, tables = lab.files(), lab.tables()
    lab.rows_deleted()
    for path in (lab.archive.csv, lab.archive.json, lab.archive.parquet):
        path.unlink()
    _run(lab, _relative, RULES_VERSION + 1, call=lambda wired: wired.rebuild())
    assert (lab.files(), lab.tables()) == (files, tables)


def test_what_was_kept_is_audited_as_it_was_kept(lab, nasa):
    """The audit derives every entry again, but for the one that is kept: its row is compared as the ledger has it."""
    lab.filled(SPAN)
    nasa.edit(SPAN.last, title="A Better Title")
    assert _run(lab, _relative, RULES_VERSION + 1).version
    ledger = Ledger(lab.archive)

    def make():
        how = derivation(resolve(lab.all_flags(), {}, None), lab.archive, ledger)
        return dataclasses.replace(how, transform=_with(_relative, ODD))

    with derived_again(make, ledger.versions()[-1].lines, ledger.known().first_line, 0) as derived:
        told = {day: one.entry for day, one in derived().items()}
    assert told == {day: content_hash(row) for day, row in lab.entries().items()}


def test_an_edit_that_can_be_no_entry_leaves_the_day_as_it_was(lab, nasa):
    """NASA's edit meets a bug: exit 3, the day's state stays, and the edit comes with the first sane run."""
    lab.filled(SPAN)
    before = lab.files()
    nasa.edit(ODD, title="A Better Title")
    ran = _run(lab, _relative)
    assert (ran.exit_code, list(ran.missing)) == (3, [ODD])
    assert lab.files() == before
    assert lab.run().exit_code == 0
    assert lab.entries()[str(ODD)]["title"] == "A Better Title"
    assert _verified(lab) == {}


def test_replay_judges_what_the_gate_refused(lab):
    """`apod replay` opens the reply that was refused: still refused with the bug, let in without, nobody is asked."""
    _run(lab, _relative, wanted=Wanted("run", SPAN))
    asked = len(lab.nasa.requests)
    assert _run(lab, _relative, call=replay_quarantine).inserted == 0
    assert lab.wired(replay_quarantine).inserted == 1
    assert len(lab.nasa.requests) == asked
    assert len(lab.entries()) == len(SPAN)


def test_fail_over_has_what_the_gate_refused_of_another_source(lab, nasa):
    """A day that the first source words so that no entry can be made of it is had from the next in the same run."""
    first, last = (f"{day:%y%m%d}" for day in (SPAN.first, SPAN.last))
    page = httpx.get(f"{nasa.url}/wp-json/wp/v2/apod-basic?date_from={first}&date_to={last}&per_page=25").json()
    odd = [item | {"title": "<b>\u200b</b>"} if item["date"].startswith(str(ODD)) else item for item in page]
    nasa.fault("status", match="wp-json.*date_from", code=200, body=json.dumps(odd))
    nasa.fault("status", match="wp-json.*/181224|feed", code=404, body='{"code": "apod_basic_not_found"}')
    ran = lab.run(SPAN)
    assert (ran.exit_code, ran.missing, ran.refused) == (0, {}, 1)
    assert {day for day, row in lab.entries().items() if row["source"] == "planetary"} == {str(ODD)}
    nasa.clear_faults()
    lab.run()
    assert {row["source"] for row in lab.entries().values()} == {"science"}


def test_rules_that_refuse_most_days_stop_before_the_seal(lab):
    """More than half of the archive refused is the rules' fault: nothing is changed until a person says otherwise."""
    lab.filled(SPAN)
    versions, files = lab.versions(), lab.files()
    days = list(SPAN)[:11]
    with pytest.raises(DataRefused, match="apod rebuild --accept-loss"):
        _run(lab, _relative, RULES_VERSION + 1, days)
    assert (lab.versions(), lab.files()) == (versions, files)
    assert lab.run().exit_code == 0
    accepted = _run(lab, _relative, RULES_VERSION + 1, days, call=lambda wired: wired.rebuild(accept_loss=True))
    assert accepted.exit_code == 0
    assert lab.files() == files


def test_an_older_ledger_stops_before_the_load_and_says_how_to_go_on(lab):
    """An archive that holds less than it did is not loaded; both commands of the message work."""
    lab.filled(Span(SPAN.first, ODD))
    lab.run(SPAN)
    newest = lab.git("rev-parse", "HEAD")
    lab.git("reset", "-q", "--hard", "HEAD~1")
    for _ in range(2):
        told = lab.command("run", "--date", str(SPAN.first))
        assert told.returncode == 1
        assert "apod rebuild --accept-loss" in told.stderr
    assert len(lab.rows("SELECT FROM apod")) == len(SPAN)
    assert lab.command("rebuild", "--accept-loss").returncode == 0
    assert lab.run().exit_code == 0
    assert newest != lab.git("rev-parse", "HEAD")


def test_a_day_that_another_part_left_is_named_by_who_withdraws_it(lab, nasa):
    """Parts of a backfill, each a step: what the first let in and the gate refuses is missing in the whole outcome."""
    nasa.edit(ODD, title="\u0301\u0301")
    first, second = Span(SPAN.first, ODD), Span(dt.date(2018, 12, 25), SPAN.last)

    def parts(wired):
        for name, span in (("r.1", first), ("r.2", second)):
            Steps(wired, name).extract(Wanted("backfill", span, only_missing=True))
        whole = Steps(wired, "r")
        whole.gather({"r.1": first, "r.2": second})
        whole.publish()
        with pytest.raises(DaysMissing, match=str(ODD)):
            whole.report_missing()
        return wired

    lab.wired(parts)
    assert len(lab.entries()) == len(SPAN) - 1
