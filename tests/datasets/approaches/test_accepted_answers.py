"""A person's word for an answer that was refused as a whole: how it is asked for, typed, kept and rebuilt from."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator.approaches import TODAY, SimulatedJpl
from set_lab import SetLab

pytestmark = pytest.mark.process
DAY = dt.timedelta(days=1)
AROUND = Span(TODAY - 60 * DAY, TODAY + 60 * DAY)


@pytest.fixture
def filled(tmp_path, database_url):
    """An archive of the 124 approaches that the service tells of."""
    with SimulatedJpl(Span(TODAY - 40 * DAY, TODAY + 20 * DAY), a_day=2) as jpl:
        lab = SetLab(jpl, tmp_path / "archive", database_url, {"today": TODAY}, name="approaches")
        assert lab.run(AROUND).inserted == 124
        yield lab


def refused(lab):
    """What a run says that must not be believed."""
    done = lab.command("run")
    assert done.returncode == 3, done.stderr
    return done.stderr


def typed(lab, text, because="JPL announced it"):
    """What a message says is to be typed, word for word, with a reason for TEXT; done."""
    (words,) = {*re.findall(r"apod (replay --accept \S+ --because) TEXT", text)}
    done = lab.command(*words.split(), because)
    assert done.returncode == 0, done.stderr
    return done


def well(lab):
    """Whether later runs, an audit and a rebuild find everything as it is to be."""
    files, tables = lab.files(), lab.tables()
    assert lab.command("run").returncode == 0
    lab.wired(lambda wired: wired.rebuild())
    assert (lab.files(), lab.tables()) == (files, tables)
    return lab.unwell() == {}


@pytest.mark.parametrize("places", [range(40, 80, 5), range(8)], ids=["in the middle", "at the edge"])
def test_many_withdrawals_are_accepted_by_a_persons_word(filled, places):
    """The refusal prints the command; typed, it withdraws all that was left out, and nothing is refused any more."""
    before, gone = filled.entries(), [filled.nasa.approaches[n] for n in places]
    for one in gone:
        filled.nasa.withdraw(one)
    said = refused(filled)
    assert re.search(r"8 of \d+ known entries are left out. If that is right: apod replay --accept", said)
    assert filled.entries() == before
    typed(filled, said)
    assert {row["des"] for key, row in before.items() if key not in filled.entries()} == {one.des for one in gone}
    assert len(filled.entries()) == 116
    lines = "".join(path.read_text(encoding="utf-8") for path in filled.archive.ledger.glob("replies-*"))
    assert '"because":"JPL announced it"' in lines
    assert well(filled)


def test_many_leaps_are_accepted_by_a_persons_word(filled):
    """More than a twentieth of the distances are others altogether: refused, accepted, and believed from then on."""
    for one in filled.nasa.approaches[30:40]:
        one.dist /= 4
        one.renew()
    said = refused(filled)
    assert "of 124 known entries are suddenly told quite differently. If that is right: apod replay" in said
    assert "10 changed" in typed(filled, said).stdout
    assert well(filled)


def test_what_waits_for_a_persons_word_is_told_by_status(filled):
    """`apod status` prints the command that takes the whole answer; days that no answer was refused for are told so."""
    for one in filled.nasa.approaches[40:80:5]:
        filled.nasa.withdraw(one)
    refused(filled)
    told = filled.command("replay", "--accept", "2026-01-01..2026-01-05", "--because", "x")
    assert (told.returncode, "what can be accepted: `apod replay --accept" in told.stderr) == (2, True), told.stderr
    typed(filled, filled.command("status").stdout)
    assert filled.run().exit_code == 0


def test_what_was_told_since_stays(filled):
    """An approach that comes back before the word is given is not gone, and what changed meanwhile stays changed."""
    gone = filled.nasa.approaches[40:80:5]
    for one in gone:
        filled.nasa.withdraw(one)
    said = refused(filled)
    filled.nasa.approaches += gone[:6]
    gone[0].renew()
    assert filled.run().exit_code == 0
    done = filled.command(*re.search(r"apod (replay --accept \S+ --because)", said)[1].split(), "seen", "--json")
    assert (done.returncode, json.loads(done.stdout or "{}").get("gone", 0)) in {(0, 0), (2, 0)}
    assert len(filled.entries()) >= 122
    assert filled.unwell() == {}


def test_one_day_alone_can_be_accepted(filled):
    """A day that was refused for what it leaves out is taken by its date, and only that."""
    for one in filled.nasa.approaches[40:80:5]:
        filled.nasa.withdraw(one)
    refused(filled)
    day = filled.run().missing
    done = filled.command("replay", "--accept", str(min(day)), "--because", "seen")
    assert (done.returncode, len(filled.entries())) == (0, 123)
