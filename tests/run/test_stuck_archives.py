"""Archives that the code before the gate had stopped for good: the first run of today's code heals each of them."""

from __future__ import annotations

import datetime as dt
import json
import subprocess

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import record_of
from former_code import unpacked

BEFORE = "07b5b0b225a5"  # the last commit whose gate stood behind the seal
SPAN = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
ODD = dt.date(2018, 12, 24)
GOOD = [day for day in SPAN if day != ODD]
OLD = {"sources": ("planetary",)}


@pytest.fixture(scope="module")
def old_code(tmp_path_factory):
    """The package as it was, from this checkout's own history."""
    return unpacked(BEFORE, tmp_path_factory.mktemp("before"))


def _old(lab, old_code, *words, **environment):
    """What `apod` of those days says: it is stuck where it ends with an error."""
    told = lab.command(*words, PYTHONPATH=old_code, **environment)
    return told.returncode, told.stderr


def _span(*options):
    return ("run", "--from", str(SPAN.first), "--to", str(SPAN.last), *options)


def _answer(nasa, day, **changes):
    """One day of the old API, whole, as a stranger words it."""
    record = record_of(day) | changes
    nasa.fault("status", match=f"planetary/apod.*[?&]date={day}", code=200, body=json.dumps(record))
    nasa.fault("drop_days", match="start_date", days=[day])


def _stuck(lab, old_code, nasa):
    """Typed twice more with a sane service, the old code ends as it did before: nothing gets it out."""
    nasa.clear_faults()
    for _ in range(2):
        code, said = _old(lab, old_code, "run")
        assert code not in {0, 4}, said


def _healed(lab, undisturbed, **flags):
    outcome = lab.run(**OLD)
    assert (outcome.exit_code, outcome.missing) == (0, {}), lab.told
    assert lab.files() == undisturbed(SPAN, **OLD)[0]
    assert lab.tables()["apod"] == undisturbed(SPAN, **OLD)[1]["apod"]
    assert lab.run(**OLD).version is None
    return outcome


@pytest.mark.parametrize("at_first", [True, False], ids=["new", "edited"])
def test_an_address_in_capitals(lab, nasa, old_code, undisturbed, at_first):
    """C1: a scheme in capitals was let in, and refused behind the seal for ever; today it is read as what it is."""
    lab.flags |= OLD
    if not at_first:
        assert _old(lab, old_code, *_span())[0] == 0
    _answer(nasa, ODD, url=record_of(ODD)["url"].replace("https", "HTTPS"))
    assert _old(lab, old_code, *_span())[0] == 3
    _stuck(lab, old_code, nasa)
    _healed(lab, undisturbed)


@pytest.mark.parametrize("title", ["<b></b>", "\ufeff", "\u0000", "&nbsp;"])
def test_a_title_that_is_only_markup(lab, nasa, old_code, undisturbed, title):
    """C2: a title that is empty without its markup held every other day back."""
    lab.flags |= OLD | {"lookback": 3}
    _answer(nasa, ODD, title=title)
    assert _old(lab, old_code, *_span())[0] == 3
    _stuck(lab, old_code, nasa)
    _healed(lab, undisturbed)
    assert len(lab.entries()) == len(SPAN)


@pytest.mark.parametrize("letter", ["\u0000", "\ud800", "\u001b"])
def test_a_control_letter_in_a_refused_date(lab, nasa, old_code, undisturbed, letter):
    """C3: a date with a letter that PostgreSQL cannot hold stood in a reason, and stopped every load."""
    lab.flags |= OLD
    _answer(nasa, ODD, date=f"{ODD}{letter}x")
    code, _ = _old(lab, old_code, *_span())
    assert code != 0
    nasa.clear_faults()
    if letter != "\u001b":
        _stuck(lab, old_code, nasa)
    _healed(lab, undisturbed)
    assert all(reason.isprintable() for (reason,) in lab.rows("SELECT reason FROM apod_quarantine"))


@pytest.mark.parametrize("kept", [True, False], ids=["words are kept", "words come later"])
def test_a_text_that_is_too_long_to_be_searched(lab, nasa, old_code, undisturbed, kept):
    """C4: a megabyte of different words stopped every load of an archive that is served, and its migration."""
    lab.flags |= OLD
    words = " ".join(f"word{number:07}" for number in range(160_000))
    if kept:
        assert _old(lab, old_code, "migrate")[0] == 0
    _answer(nasa, ODD, explanation=words)
    code, _ = _old(lab, old_code, *_span())
    assert code == (1 if kept else 0)
    nasa.clear_faults()
    if kept:
        _stuck(lab, old_code, nasa)
    else:
        assert _old(lab, old_code, "migrate")[0] == 1
        assert lab.command("migrate").returncode == 0
    _healed(lab, undisturbed)


def test_a_bug_in_the_rules(lab, nasa, old_code, undisturbed, tmp_path):
    """G1: a rule of those days made one relative address; behind the seal nothing could mend it."""
    lab.flags |= OLD
    broken = tmp_path / "broken"
    subprocess.run(["cp", "-r", old_code, str(broken)], check=True)
    module = broken / "apod_pipeline" / "stages" / "transform_apod.py"
    module.write_text(
        module.read_text(encoding="utf-8").replace(
            "return (derive(reading) for reading in readings)",
            f'return (e._replace(url="image/a.jpg") if str(e.date) == "{ODD}" else e for e in map(derive, readings))',
        ),
        encoding="utf-8",
    )
    assert _old(lab, str(broken), *_span())[0] == 3
    _stuck(lab, old_code, nasa)
    _healed(lab, undisturbed)
