"""A day on which NASA publishes nothing: waited for, then believed by every source's word, and healed if it comes."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.run.importing import accept_gap

TODAY = dt.date(2018, 12, 31)
SPAN = Span(dt.date(2018, 11, 20), TODAY)
NEVER = dt.date(2018, 12, 5)  # 26 days before the run's own date


def _day(number):
    return TODAY + dt.timedelta(days=number)


def _status(lab, day=NEVER):
    return lab.rows(f"SELECT status, detail FROM apod_day WHERE date = '{day}'")


def test_a_day_that_every_source_denies_becomes_a_gap(lab, nasa):
    """Three weeks old, and both services say that they have none: a gap with its witnesses, exit 0, verify is well."""
    nasa.hide(NEVER)
    ran = lab.run(SPAN)
    assert (ran.exit_code, ran.missing) == (0, {})
    assert any("2018-12-05: a gap from now on, no source has it: science, planetary" in line for line in lab.told)
    again = lab.run()
    assert (again.exit_code, again.missing, again.version) == (0, {}, None)
    assert _status(lab) == [("gap", "no source has it: science, planetary said so on 2018-12-31")]
    verified = lab.command("verify", "--json")
    assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize(
    ("age", "code", "told"),
    [(0, 4, False), (5, 4, False), (10, 4, False), (11, 0, True), (20, 0, True), (21, 0, True)],
)
def test_how_old_it_is_decides(lab, nasa, age, code, told):
    """Within the look-back a day that nobody has makes exit 4; older ones are named in a line, and exit is 0."""
    day = _day(-age)
    nasa.hide(day)
    lab.run(SPAN)
    lab.told.clear()
    ran = lab.run()
    assert (ran.exit_code, list(ran.missing)) == (code, [day] if code else [])
    if told and age < 21:
        assert any(str(day) in line and "has no entry" in line for line in lab.told)
    assert _status(lab, day)[0][0] == ("gap" if age == 21 else "pending")


def test_a_day_that_is_waited_for_is_no_defect(lab, nasa):
    """`apod verify` names a day that no source has yet, and is well; a day that nobody answered for is a defect."""
    nasa.hide(_day(-3))
    lab.run(SPAN)
    told = lab.command("verify")
    assert told.returncode == 0, told.stdout
    assert "1 that no source has yet (2018-12-28" in " ".join(told.stdout.split())
    nasa.fault("envoy_text")
    nasa.today = dt.date(2019, 1, 2)
    assert lab.run(http_retries=0).exit_code == 4
    assert lab.command("verify").returncode == 1


@pytest.mark.parametrize("fault", ["envoy_text", "timeout", "html200", "placeholder", "status"])
def test_a_silence_or_a_refusal_is_no_answer(lab, nasa, fault):
    """One source denies it, the other is down or lies: that is no evidence, the day stays missing."""
    nasa.hide(NEVER)
    params = {"status": {"code": 404, "body": "<h1>Not Found</h1>"}, "timeout": {"seconds": 5.0}}.get(fault, {})
    nasa.fault(fault, match="planetary", **params)
    ran = lab.run(SPAN, http_timeout=0.5, http_retries=0)
    assert (ran.exit_code, list(ran.missing)) == (3 if fault in {"html200", "placeholder", "status"} else 4, [NEVER])
    assert _status(lab)[0][0] != "gap"


def test_a_gap_is_asked_for_again_every_week_for_a_year_and_not_else(lab, nasa):
    """Not the next day, but a week later; not any more after a year."""
    nasa.hide(NEVER)
    lab.run(SPAN)
    asked = []
    for number in (1, 6, 7, 8, 13, 14, 380):
        nasa.today = _day(number)
        before = len(nasa.requests)
        lab.run()
        if any("181205" in path or "2018-12-05" in path for _, path, _ in list(nasa.requests)[before:]):
            asked.append(number)
    assert asked == [7, 14]


def test_a_day_that_is_posted_late_heals_its_gap(lab, nasa, undisturbed):
    """After a shutdown NASA posts what it left out: the next weekly question has it, and all is as if it never was."""
    nasa.hide(NEVER)
    lab.run(SPAN)
    nasa.show(NEVER)
    nasa.today = _day(7)
    assert lab.run().exit_code == 0
    assert _status(lab) == [("present", None)]
    assert str(NEVER) in lab.entries()


def test_who_asks_for_it_by_name_asks_again(lab, nasa):
    """`apod run --date` asks for a gap, too."""
    nasa.hide(NEVER)
    lab.run(SPAN)
    nasa.show(NEVER)
    assert lab.run(Span(NEVER, NEVER)).inserted == 1


def test_a_source_that_is_new_is_asked(lab, nasa):
    """One source's word was enough while it was the only one; another that is set later is asked at once."""
    nasa.hide(NEVER)
    lab.run(SPAN, sources=("science",))
    assert _status(lab)[0][0] == "gap"
    nasa.show(NEVER)
    assert lab.run().inserted == 1


def test_a_gap_survives_a_rebuild(lab, nasa):
    """The evidence stands in the ledger: tables that are made anew tell the same."""
    nasa.hide(NEVER)
    lab.run(SPAN)
    before = lab.tables()
    lab.rows_deleted()
    lab.wired(lambda wired: wired.rebuild())
    assert lab.tables() == before


def test_a_person_may_say_that_it_is_a_gap(lab, nasa):
    """`apod coverage --accept-gap DAY --because TEXT` writes it down; a day that comes all the same heals it."""
    nasa.hide(_day(-3))
    assert lab.run(SPAN).exit_code == 4
    told = lab.command("coverage", "--accept-gap", str(_day(-3)), "--because", "the pictures' server\nburned")
    assert told.returncode == 0, told.stderr
    assert _status(lab, _day(-3)) == [("gap", "the pictures' server burned")]
    assert lab.run().exit_code == 0
    nasa.show(_day(-3))
    nasa.today = _day(8)
    lab.run()
    assert _status(lab, _day(-3)) == [("present", None)]


@pytest.mark.parametrize("day", [dt.date(2018, 12, 6), dt.date(2019, 1, 1), dt.date(1995, 6, 15)])
def test_what_is_no_gap_is_not_accepted_as_one(lab, day):
    """A day that has an entry, one that is not due, one before the first picture: refused in words, nothing changed."""
    lab.filled(SPAN)
    lines = [path.read_bytes() for path in sorted(lab.archive.ledger.iterdir())]
    with pytest.raises(SettingsError, match="not a gap"):
        lab.wired(lambda wired: accept_gap(wired, day, "because"))
    assert [path.read_bytes() for path in sorted(lab.archive.ledger.iterdir())] == lines


@pytest.mark.parametrize("words", [("--accept-gap", "2018-12-05"), ("--because", "x")])
def test_day_and_reason_go_together(lab, words):
    """One without the other is wrong use, and the message shows how it is typed."""
    lab.filled(Span(_day(-1), TODAY))
    told = lab.command("coverage", *words)
    assert told.returncode == 2
    assert "--because" in told.stderr


def test_the_settings_say_after_how_many_days(lab, nasa):
    """APOD_GAP_AFTER: with sixty days it is still waited for."""
    nasa.hide(NEVER)
    ran = lab.wired(lambda wired: dataclasses.replace(wired, gap_after=60).run(_wanted()))
    assert ran.exit_code == 0
    assert _status(lab)[0][0] == "pending"


def _wanted():
    from apod_pipeline.run.pipeline import Wanted

    return Wanted("run", SPAN)


@pytest.mark.parametrize("mode", ["gone", "placeholder"])
def test_a_service_that_is_gone_for_good_does_not_keep_runs_red(lab, nasa, mode):
    """The old API is no witness any more: a day that the new one denies is named with the command that settles it."""
    nasa.hide(NEVER)
    nasa.old_mode = mode
    assert lab.run(SPAN).exit_code in {3, 4}
    nasa.today = _day(60)
    lab.run()
    ran = lab.run()
    assert (ran.exit_code, ran.missing) == (0, {})
    told = lab.command("verify")
    assert told.returncode == 1
    typed = f"coverage --accept-gap {NEVER} --because TEXT"
    assert f"apod {typed}" in lab.told[-1]
    assert lab.command(*typed.split()).returncode == 0
    assert lab.command("verify").returncode == 0


def test_a_shutdown_of_two_months_is_no_dead_service(lab, nasa):
    """Sixty days in a row without an entry: every one is denied, and all become gaps in one run."""
    nasa.hide(*Span(dt.date(2018, 9, 1), dt.date(2018, 10, 30)))
    ran = lab.run(Span(dt.date(2018, 8, 20), TODAY))
    assert (ran.exit_code, ran.missing) == (0, {})
    assert lab.rows("SELECT count(*) FROM apod_day WHERE status = 'gap'") == [(3 + 60,)]
