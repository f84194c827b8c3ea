"""The pages of close approaches as they are sent: points, tables, changes, the past, refusals."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest

from apod_pipeline.datasets.approaches.identity import LUNAR_DISTANCE
from apod_pipeline.simulator.approaches import TODAY
from mirror.sets import DAY, ODD, serving
from patience import until


def test_a_window_is_drawn_and_listed(mirror, both):
    """Every approach of the days around today is a point and a line of the table; the links lead to the objects."""
    page = mirror.get("/approaches").text
    first, last = str(TODAY - 30 * DAY), str(TODAY + 60 * DAY)
    rows = [row for row in both.approaches.entries().values() if first <= row["date"] <= last]
    objects = sorted(f"/approaches/object/{quote(row['des'], safe='')}" for row in rows)
    plot, table = re.search("(?s)<svg class=.near.*?</svg>", page)[0], page.partition('id="table"')[2]
    for part, form in ((plot, 'class="(?:was|comes)[^"]*" href="([^"]*)"'), (table, 'scope="row"><a href="([^"]*)"')):
        assert sorted(re.findall(form, part)) == objects
    near = sum(row["dist"] <= LUNAR_DISTANCE for row in rows)
    assert f"{len(rows)} asteroids and comets" in page
    assert (f"{near} of them nearer than the Moon" in page) == bool(near)
    for address in objects[:: len(objects) // 12]:
        assert mirror.get(address).status_code == 200
    narrow = mirror.get("/approaches", params={"from": str(TODAY), "to": str(TODAY)}).text
    assert f"{sum(row['date'] == str(TODAY) for row in rows)} asteroids and comets" in narrow


def test_what_is_known_is_shown_where_today_has_nothing(both):
    """An archive that was filled long ago, as a demo: the days that it knows, with a word; asked days are as asked."""
    with serving(both.approaches, both.approaches, APOD_TODAY="2031-01-01") as address:
        page = httpx.get(f"{address}/approaches").text
        assert "Nothing is known of the days around today" in page
        assert page.count('scope="row"') > 50
        asked = httpx.get(f"{address}/approaches?from=2031-01-01&to=2031-01-31").text
        assert "Nothing is known to come near from 2031-01-01 to 2031-01-31." in asked


def test_what_changed_is_told_by_its_cause(mirror, both):
    """New, orbit, move, rename, left out; each with what was said before."""
    counted = dict(both.approaches.rows("SELECT cause, count(*) FROM approaches_revision GROUP BY 1"))
    expected = {
        "New": counted["source"],
        "Moved to another day": 1,
        "Renamed": 1,
        "Left out": 1,
        "New orbit solution": counted["orbit"],
    }
    until(lambda: _changes(mirror) == expected)
    assert f"<del>{both.former}</del> <ins>799999 Invented</ins>" in mirror.get("/approaches").text


def _changes(mirror):
    page = mirror.get("/approaches").text.partition('id="changes"')[2].partition('id="table"')[0]
    found = re.findall(r"<summary>([^:<]*)(?::[^<]*)?: (\d+)</summary>", page)
    return {words: int(number) for words, number in found}


def test_an_object_has_the_history_of_its_predictions(mirror, both):
    """What was believed of it and when, a renamed one under both names, and what was left out."""
    by_old, by_new = (mirror.get(f"/approaches/object/{name}").text for name in (both.former, both.renamed))
    assert by_old == by_new
    assert f"Formerly {both.former}." in by_new
    assert "Left out since" in mirror.get(f"/approaches/object/{both.gone}").text
    odd = mirror.get(f"/approaches/object/{quote(ODD, safe='')}").text
    assert "New orbit solution" in odd
    assert "<b>" not in odd
    found = mirror.get("/approaches/object", params={"des": ODD.lower()}).text
    assert found.count("New orbit solution") == odd.count("New orbit solution")


def test_pages_know_the_past(mirror, both):
    """As of the first reading nothing had been left out, and every link leads to the same past."""
    at = both.approaches.rows("SELECT min(observed_from) FROM approaches_revision")[0][0].isoformat()
    page = mirror.get("/approaches", params={"as_of": at}).text
    assert "As it was known at" in page
    assert "Left out" not in page
    addresses = re.findall('href="(/approaches/object/[^"]*)"', page)
    assert f"/approaches/object/{quote(both.gone)}?as_of={quote(at)}" in addresses
    assert "Left out since" not in mirror.get(f"/approaches/object/{both.gone}", params={"as_of": at}).text
    assert mirror.get(f"/approaches/object/{both.renamed}", params={"as_of": at}).status_code == 404
    empty = mirror.get("/approaches?as_of=2001-01-01").text
    assert "Nothing has been read yet" in empty


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?from=soon", 400),
        ("?from=2026-03-02&to=2026-03-01", 400),
        ("?from=1900-01-01&to=2100-01-01", 400),
        ("?from=9999-12-31", 400),
        ("?to=0001-01-01", 400),
        ("?from=9999-12-31&to=9999-12-31", 200),
        ("?from=0001-01-01&to=0001-01-01", 200),
        ("?to=2026-03-01", 200),
        ("?from=%00", 400),
        ("?as_of=once", 400),
        ("/object", 404),
        ("/object?des=%25", 404),
        ("/object/nothing", 404),
        ("/object/C%2F2020%20F3", 404),
        ("/object/%F0%9F%94%AD", 404),
        ("/object/%00", 400),
        ("/object/" + "x" * 5000, 400),
        ("/nothing", 404),
        ("/../../etc/passwd", 404),
    ],
)
def test_refusals_are_pages(mirror, path, status):
    """Bad days, odd names: told on a page of the set, with the headers that bind a browser."""
    answer = mirror.get(f"/approaches{path}")
    if path.startswith("/.."):
        answer = mirror.get("/approaches/%2E%2E/%2E%2E/etc/passwd")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert '<a class="home" href="/approaches' in answer.text
