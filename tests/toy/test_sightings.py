"""A data set whose days have none, one or many entries goes through all that APOD goes through."""

from __future__ import annotations

import datetime as dt

from toy.conftest import FIRST, MONTH, TODAY

EMPTY = str(FIRST + dt.timedelta(days=5))


def test_a_month_is_had(toy):
    """Two entries a night, numbers as numbers, and the night on which nothing was seen is a gap with a witness."""
    outcome = toy.run(MONTH)
    assert (outcome.exit_code, outcome.inserted, outcome.missing) == (0, 58, {})
    entries = toy.entries()
    assert list(entries)[:3] == ["s-0001", "s-0002", "s-0003"]
    assert entries["s-0002"] == {
        "sighting": "s-0002",
        "night": str(FIRST),
        "place": "Low Mill",
        "brightness": -2.5,
        "heard": False,
    }
    assert toy.archive.csv.read_text().splitlines()[1] == f"s-0001,{FIRST},Far Hill,-1.5,true"
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
    assert (outcome.exit_code, outcome.inserted, outcome.changed) == (0, 0, 3)
    ended = toy.rows("SELECT sighting, cause FROM sightings_revision WHERE changed <> '{}' ORDER BY 1")
    assert ended == [("s-0001", "source"), ("s-0003", "moved")]
    assert toy.rows("SELECT sighting FROM sightings_revision GROUP BY 1 HAVING bool_and(observed_to IS NOT NULL)") == [
        ("s-0058",)
    ]
    assert "s-0058" not in toy.entries()
    assert list(toy.entries())[-1] == "s-0057"
    assert toy.rows("SELECT count(*) FROM sightings_entry") == [(57,)]
    watch.sightings.append(gone)
    back = toy.run(MONTH)
    assert (back.exit_code, back.inserted) == (0, 1)
    assert toy.rows("SELECT count(*) FROM sightings_revision WHERE sighting = 's-0058'") == [(2,)]
