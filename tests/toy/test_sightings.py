"""A data set whose days have none, one or many entries goes through all that APOD goes through."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import signal

import pytest

from apod_pipeline.dataset.readings import short_hash
from lab import bare_repository
from toy.conftest import FIRST, MONTH, TODAY

SECOND = FIRST + dt.timedelta(days=1)
EMPTY = str(FIRST + dt.timedelta(days=5))


def _key(night, letter):
    """What the sighting of a night is called here, for ever."""
    return f"s-{short_hash(f'{night}-{letter}')}"


def test_a_month_is_had(toy):
    """Two entries a night, numbers as numbers, and the night on which nothing was seen is a gap with a witness."""
    outcome = toy.run(MONTH)
    assert (outcome.exit_code, outcome.inserted, outcome.missing) == (0, 58, {})
    entries = toy.entries()
    assert {*[*entries][:2]} == {_key(FIRST, "F"), _key(FIRST, "L")}
    assert entries[_key(FIRST, "L")] == {
        "sighting": _key(FIRST, "L"),
        "night": str(FIRST),
        "place": "Low Mill",
        "brightness": -2.5,
        "heard": False,
    }
    assert f"{_key(FIRST, 'F')},{FIRST},Far Hill,-1.5,true" in toy.archive.csv.read_text().splitlines()[1:3]
    days = dict(toy.tables()["day"])
    assert (days.pop(EMPTY), {*days.values()}, len(days)) == ("gap", {"present"}, 29)
    assert toy.rows("SELECT count(*), min(brightness), count(*) FILTER (WHERE heard) FROM sightings") == [
        (58, -2.5, 29)
    ]
    again = toy.run(MONTH)
    assert (again.version, again.inserted, again.changed) == (None, 0, 0)


def test_what_changes_moves_and_leaves(toy, watch):
    """An edit, a night set right, another name, a withdrawal: revisions of their own causes; and one comes back."""
    toy.run(MONTH)
    watch.named(f"{FIRST}-F")["magnitude"] = -7
    moved = watch.named(f"{FIRST + dt.timedelta(days=1)}-F")
    moved["night"] = str(TODAY)
    watch.named(f"{FIRST + dt.timedelta(days=2)}-F").update(
        name="the great one", formerly=[f"{FIRST + dt.timedelta(days=2)}-F"]
    )
    gone = watch.named(f"{TODAY}-L")
    watch.sightings.remove(gone)
    outcome = toy.run(MONTH)
    assert (outcome.exit_code, outcome.inserted, outcome.changed, outcome.gone) == (0, 0, 2, 1)
    ended = toy.rows("SELECT sighting, cause FROM sightings_revision WHERE changed <> '{}' ORDER BY 1")
    assert {*ended} == {(_key(FIRST, "F"), "source"), (_key(SECOND, "F"), "moved")}
    assert toy.rows("SELECT sighting FROM sightings_revision GROUP BY 1 HAVING bool_and(observed_to IS NOT NULL)") == [
        (_key(TODAY, "L"),)
    ]
    assert _key(TODAY, "L") not in toy.entries()
    assert {*[*toy.entries()][-2:]} == {_key(TODAY, "F"), _key(SECOND, "F")}
    assert toy.rows("SELECT count(*) FROM sightings_entry") == [(57,)]
    watch.sightings.append(gone)
    back = toy.run(MONTH)
    assert (back.exit_code, back.inserted) == (0, 1)
    assert toy.rows(f"SELECT count(*) FROM sightings_revision WHERE sighting = '{_key(TODAY, 'L')}'") == [(2,)]


def _change(watch):
    """Every kind of change there is: edited, moved, renamed, withdrawn."""
    watch.named(f"{FIRST}-F")["magnitude"] = -7
    watch.named(f"{FIRST + dt.timedelta(days=1)}-F")["night"] = str(TODAY)
    was = f"{FIRST + dt.timedelta(days=2)}-F"
    watch.named(was).update(name="the great one", formerly=[was])
    watch.sightings.remove(watch.named(f"{TODAY}-L"))


def _audited(one):
    assert one.unwell() == {}


@pytest.fixture
def changed(toy, watch):
    """A month, and all that can change in it."""
    toy.run(MONTH)
    _change(watch)
    toy.run(MONTH)
    return toy


@pytest.mark.parametrize("place", ["reply-promoted", "version-sealed", "before-database-commit"])
def test_killed_while_much_changes(toy, watch, tmp_path, second_database, place):
    """SIGKILL in a run that edits, moves, renames and leaves out; the same command again makes it whole."""
    whole = dataclasses.replace(toy, root=tmp_path / "whole", database=second_database)
    for one in (toy, whole):
        one.run(MONTH)
    _change(watch)
    whole.run(MONTH)
    killed = toy.command("run", "--from", str(FIRST), "--to", str(TODAY), APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert toy.run(MONTH).exit_code == 0
    assert (toy.files(), toy.tables()) == (whole.files(), whole.tables())


def test_rebuilt_after_much_changed(changed):
    """What moved, was renamed and is gone is the same after everything was made again; the audit finds nothing."""
    before = changed.files(), changed.tables()
    changed.archive.parquet.unlink()
    changed.wired(lambda wired: wired.rebuild())
    assert (changed.files(), changed.tables()) == before
    _audited(changed)


def test_what_is_gone_is_in_the_version_before(changed, tmp_path, second_database):
    """The first version, brought back into a folder of its own, has what was withdrawn since, as it was."""
    first = changed.git("rev-list", "--max-parents=0", "HEAD")
    done = changed.command("restore", "--as-of", first, "--to", str(tmp_path / "then"))
    assert done.returncode == 0, done.stderr
    then = dataclasses.replace(changed, root=tmp_path / "then", database=second_database)
    assert (len(then.entries()), len(changed.entries())) == (58, 57)
    assert then.entries()[_key(FIRST, "F")]["brightness"] == -1.5


def test_two_machines_hear_of_changes(toy, watch, tmp_path, second_database):
    """Two machines with one remote: what one was told while the other was told something else is lost by neither."""
    remotes = {"git_remote": bare_repository(tmp_path / "remote.git"), "dvc_remote": str(tmp_path / "objects")}
    toy.flags |= remotes
    toy.run(MONTH)
    other = dataclasses.replace(toy, root=tmp_path / "other", database=second_database, told=[]).cloned()
    assert other.files() == toy.files()
    _change(watch)
    toy.run(MONTH)
    watch.named(f"{FIRST}-F")["magnitude"] = -8
    assert other.run(MONTH).exit_code == 0
    assert other.entries()[_key(FIRST, "F")]["brightness"] == -8
    states = f"SELECT brightness FROM sightings_revision WHERE sighting = '{_key(FIRST, 'F')}' ORDER BY observed_from"
    assert other.rows(states) == [(-1.5,), (-7,), (-8,)]
    _audited(other)
    toy.run(MONTH)
    assert (toy.files(), toy.tables()["current"]) == (other.files(), other.tables()["current"])


def test_it_is_exported(changed, tmp_path):
    """A package has the numbers as numbers, and no question of rights where all may be passed on."""
    done = changed.command("export", "--format", "package", "--output", str(tmp_path / "package"))
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "package" / "datapackage.json").read_text())
    kinds = {field["name"]: field["type"] for field in told["resources"][0]["schema"]["fields"]}
    assert kinds == {
        "sighting": "string",
        "night": "date",
        "place": "string",
        "brightness": "number",
        "heard": "boolean",
    }
    refused = changed.command(
        "export", "--format", "csv", "--rights", "redistributable", "--output", str(tmp_path / "x")
    )
    assert refused.returncode == 2
    one_night = changed.command(
        "export", "--from", str(TODAY), "--format", "csv", "--output", str(tmp_path / "night.csv")
    )
    assert one_night.returncode == 0, one_night.stderr
    assert len((tmp_path / "night.csv").read_text().splitlines()) == 3


def test_a_placeholder_is_refused(changed, watch):
    """A service that says sorry for every night changes nothing, and the run says so; later it is believed again."""
    before = changed.files()
    watch.placeholder = True
    outcome = changed.run(MONTH)
    assert (outcome.exit_code, outcome.version, changed.files()) == (3, None, before)
    assert {status for day, status in changed.tables()["day"] if day != EMPTY} == {"quarantined"}
    watch.placeholder = False
    assert changed.run(MONTH).exit_code == 0
    assert changed.files() == before
    assert {status for day, status in changed.tables()["day"] if day != EMPTY} == {"present"}
    _audited(changed)


def test_its_history_is_told_by_its_key(changed):
    """`apod history` of an entry that moved: from when to when it was where, and why it changed."""
    done = changed.command("history", _key(SECOND, "F"), "--json")
    assert done.returncode == 0, done.stderr
    states = json.loads(done.stdout)["revisions"]
    assert [(state["cause"], state["entry"]["night"]) for state in states] == [
        ("source", str(FIRST + dt.timedelta(days=1))),
        ("moved", str(TODAY)),
    ]


def test_new_ones_of_two_machines_are_not_mixed(toy, watch, tmp_path, second_database):
    """Each hears of another new sighting, and one of them of a withdrawal; together they know all of it, none twice."""
    remotes = {"git_remote": bare_repository(tmp_path / "remote.git"), "dvc_remote": str(tmp_path / "objects")}
    toy.flags |= remotes
    toy.run(MONTH)
    other = dataclasses.replace(toy, root=tmp_path / "other", database=second_database, told=[]).cloned()
    new = {"night": str(SECOND), "magnitude": -4.0, "sound": "no"}
    watch.sightings.append(new | {"name": "one", "place": "West Ford"})
    toy.run(MONTH)
    watch.sightings[-1] = new | {"name": "two", "place": "East Ford"}
    watch.sightings.remove(watch.named(f"{TODAY}-L"))
    other.run(MONTH)
    watch.sightings.append(new | {"name": "one", "place": "West Ford"})
    for one in (toy, other, toy):
        assert one.run(MONTH).exit_code == 0
    assert toy.files() == other.files()
    places = {row["place"] for row in toy.entries().values() if row["night"] == str(SECOND)}
    assert places == {"Far Hill", "Low Mill", "West Ford", "East Ford"}
    assert len(toy.entries()) == 59
    _audited(toy)
    _audited(other)


def test_a_record_that_a_person_vouches_for(toy, watch):
    """One that nobody would believe: its night is refused, accepted by its date, and is not refused for it again."""
    toy.run(MONTH)
    watch.named(f"{SECOND}-F")["magnitude"] = -31
    assert toy.run(MONTH).exit_code == 3
    done = toy.command("replay", "--accept", str(SECOND), "--because", "half of the world saw it")
    assert done.returncode == 0, done.stderr
    again = toy.run(MONTH)
    assert (again.exit_code, again.version, again.missing) == (0, None, {})
    assert toy.entries()[_key(SECOND, "F")]["brightness"] == -31
    assert dict(toy.tables()["day"])[str(SECOND)] == "present"
    files = toy.files()
    toy.wired(lambda wired: wired.rebuild())
    assert (toy.files(), toy.unwell()) == (files, {})
