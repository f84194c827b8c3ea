"""One mirror over APOD and close approaches: answers, pages, hostile questions; nothing of it where APOD is alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from apod_pipeline.extras.mirror.reader_role import reading_door
from apod_pipeline.settings import resolve
from apod_pipeline.simulator.approaches import TODAY
from mirror.sets import AROUND, DAY, ODD, PICTURES, own, serving
from patience import until
from set_lab import SITE, SetLab

PLAIN, ZIPPED = {"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}


def _entries(client, **asked):
    """The entries of all pages."""
    rows, page = [], 1
    while True:
        told = client.get("/api/approaches/entries", params=asked | {"page": page}).raise_for_status().json()
        rows += [one["entry"] for one in told["entries"]]
        page += 1
        if not told["entries"]:
            assert len(rows) == told["total"]
            return rows


def _as_json(row):
    """An entry of the archive as JSON has it."""
    return json.loads(json.dumps(row, default=str)) | {"utc": row["utc"] and str(row["utc"]).replace("+00:00", "Z")}


# ---- both at one address -------------------------------------------------------------------
def test_each_set_answers_at_one_address(mirror, both):
    """APOD's pages and NASA's old API as ever, the other set's beside; the menus lead from one to the other."""
    assert mirror.get("/planetary/apod").json()["date"] == "2020-06-18"
    front = mirror.get("/")
    assert both.pictures.entries()["2020-06-18"]["title"] in front.text
    assert '<a href="/approaches">Close approaches</a>' in front.text
    page = mirror.get("/approaches")
    assert '<a href="/">Picture of the Day</a>' in page.text
    assert mirror.get("/health/ready").json() == {"live": True, "ready": True}


def test_entries_are_told_as_the_archive_has_them(mirror, both):
    """All of them in pages, by their days; numbers are numbers, and each tells where it came from."""
    known = both.approaches.entries()
    rows = _entries(mirror, per_page=37)
    assert [row["approach"] for row in rows] == sorted(known, key=lambda key: (known[key]["date"], key))
    assert all(row == _as_json(known[row["approach"]]) for row in rows)
    assert isinstance(rows[0]["dist"], float)
    one = mirror.get(f"/api/approaches/entries/{rows[0]['approach']}").json()
    assert one["entry"] == rows[0]
    assert re.fullmatch("[0-9a-f]{40}", one["provenance"]["version"])
    assert re.fullmatch("[0-9a-f]{64}", one["provenance"]["reply_sha256"])


def test_entries_are_narrowed(mirror, both):
    """By days, by an object, by how near, fast and bright: what is left is what a loop over all of them finds."""
    known = both.approaches.entries().values()
    first, last = str(TODAY), str(TODAY + 9 * DAY)
    for asked, wanted in (
        ({"from": first, "to": last}, lambda row: first <= row["date"] <= last),
        ({"des": ODD}, lambda row: row["des"] == ODD),
        ({"dist_max": "0.01", "v_rel_min": "9.5"}, lambda row: row["dist"] <= 0.01 and row["v_rel"] >= 9.5),
        ({"dist_min": "1e-2", "h_max": "22"}, lambda row: row["dist"] >= 0.01 and (row["h"] or 99) <= 22),
        ({"from": "1066-10-14", "to": "1066-10-14"}, lambda _: False),
    ):
        found = {row["approach"] for row in _entries(mirror, **asked)}
        assert found == {row["approach"] for row in known if wanted(row)}


def test_history_and_as_of_tell_the_same_past(mirror, both):
    """What was believed, when: by name, former name and key; also of what was left out; as of then it stood there."""
    for name, causes in (
        (both.moved, ["source", "move"]),
        (both.renamed, ["source", "rename"]),
        (both.former, ["source", "rename"]),
        (both.gone, ["source"]),
        (ODD, ["source", "orbit"]),
    ):
        told = mirror.get(f"/api/approaches/history/{quote(name, safe='')}").json()
        (one,) = [one for one in told["entries"] if [*_causes(one)] == causes]
        assert (one["left_out"] is not None) == (name == both.gone)
        assert mirror.get(f"/api/approaches/history/{one['key']}").json()["entries"] == [one]
        for state in one["revisions"]:
            then = {"as_of": state["provenance"]["observed_from"]}
            assert mirror.get(f"/api/approaches/entries/{one['key']}", params=then).json()["entry"] == state["entry"]
        for old, new in pairwise(one["revisions"]):
            assert old["provenance"]["observed_to"] == new["provenance"]["observed_from"]
        now = mirror.get(f"/api/approaches/entries/{one['key']}")
        assert now.status_code == (404 if name == both.gone else 200)
    then = {"as_of": both.approaches.rows("SELECT min(observed_from) FROM approaches_revision")[0][0].isoformat()}
    assert both.gone in {row["des"] for row in _entries(mirror, **then)}
    assert both.gone not in {row["des"] for row in _entries(mirror)}
    assert _entries(mirror, as_of="2001-01-01") == []


def _causes(one):
    return [state["provenance"]["cause"] for state in one["revisions"]]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("entries?from=2026-02-30", 400),
        ("entries?from=20260101", 400),
        ("entries?to=tomorrow", 400),
        ("entries?to=%00", 400),
        ("entries?per_page=1001", 400),
        ("entries?per_page=" + "9" * 5000, 400),
        ("entries?page=0", 400),
        ("entries?page=-1", 400),
        ("entries?dist_max=nan", 400),
        ("entries?dist_max=1e999", 400),
        ("entries?dist_max=1_0", 400),
        ("entries?dist_max=%D9%A1", 400),
        ("entries?dist_max=" + "9" * 5000, 400),
        ("entries?des=%00", 400),
        ("entries?des=%FF", 400),
        ("entries?des=" + "x" * 201, 400),
        ("entries?as_of=then", 400),
        ("entries?nosuch=1", 400),
        ("entries/none?page=1", 400),
        ("history/799999?from=2026-01-01", 400),
        ("entries/none", 404),
        ("entries/%00", 400),
        ("entries/..%2F..%2Fetc%2Fpasswd", 404),
        ("entries/%F0%9F%94%AD", 404),
        ("entries/" + "x" * 201, 400),
        ("entries/'; DROP TABLE approaches; --", 404),
        ("history/none", 404),
        ("history/%25", 404),
        ("history/%00", 400),
        ("history/%FF", 400),
        ("nothing", 404),
    ],
)
def test_odd_questions_are_told_why(mirror, path, status):
    """What cannot be answered is told in one sentence, never as a fault of ours."""
    answer = mirror.get(f"/api/approaches/{path}")
    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert answer.headers["cache-control"] == "no-store"


def test_a_mistyped_parameter_is_told_with_those_there_are(mirror):
    """It would be taken for no wish at all, and everything be given; NASA's old API has words of its own for it."""
    said = mirror.get("/api/approaches/entries?dist_mx=0.01").json()["error"]
    assert "there is no parameter 'dist_mx' here; there are: as_of, " in said
    assert {"dist_max", "from", "page", "per_page", "to"} <= {*said.partition("there are: ")[2].split(", ")}
    assert mirror.get("/api/search?q=sky&yaer=2020").json()["error"].endswith("page, per_page, q, year")
    assert mirror.get("/api/approaches/entries?api_key=x").status_code == 200
    old = mirror.get(f"/planetary/apod?date={PICTURES.last}&nosuch=1")
    assert (old.status_code, "there is no parameter" in old.text) == (400, False)


# ---- as every answer of the mirror -----------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    ["/approaches", "/approaches/style.css", "/api/approaches/entries", "/api/approaches/history/799999", "/docs"],
)
def test_what_may_be_kept_is_kept(mirror, path):
    """Tagged by encoding, compressed as wished, not sent twice."""
    plain, zipped = mirror.get(path, headers=PLAIN), mirror.get(path, headers=ZIPPED)
    assert plain.content == zipped.content
    assert plain.headers["cache-control"] == "public, max-age=300, stale-if-error=86400"
    assert zipped.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] != zipped.headers["etag"]
    again = mirror.get(path, headers=PLAIN | {"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_description_tells_of_both(mirror):
    """Every address of either set for programs, each answer's schema, and a page of it."""
    told = mirror.get("/openapi.json").json()
    assert {"/planetary/apod", "/api/entries/{day}", "/api/approaches/entries"} <= set(told["paths"])
    assert {"/api/approaches/entries/{key}", "/api/approaches/history/{name}"} <= set(told["paths"])
    entry = told["components"]["schemas"]["ApproachesEntry"]["properties"]
    assert (entry["dist"]["type"], entry["h"]["type"], entry["utc"]["format"]) == (
        "number",
        ["number", "null"],
        "date-time",
    )
    parameters = {one["name"] for one in told["paths"]["/api/approaches/entries"]["get"]["parameters"]}
    assert {"from", "to", "des", "dist_max", "as_of", "page", "per_page"} <= parameters
    assert "GET /api/approaches/entries<" in mirror.get("/docs").text


def test_nothing_that_is_asked_is_a_fault_of_ours(mirror, tmp_path):
    """No 5xx, and answers as described, for generated requests to the set's paths of `/openapi.json`."""
    program = Path(sys.executable).with_name("schemathesis")
    words = ["run", f"{mirror.base_url}/openapi.json", "--include-path-regex", "^/api/approaches/", "--no-color"]
    checks = ["--checks", "not_a_server_error,response_schema_conformance,status_code_conformance"]
    few = ["--max-examples", "15", "--seed", "1", "--phases", "examples,coverage,fuzzing", "--request-timeout", "20"]
    done = subprocess.run(
        [program, *words, *checks, *few], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert "3 selected" in done.stdout, done.stdout[-4000:]


def test_it_reads_as_the_role_that_can_do_nothing_else(both):
    """The set's tables are there for `apod_reader`, and cannot be changed by it."""
    lab = both.approaches
    door = reading_door(resolve({"archive": lab.root}, {}, None), lab.database)
    assert door.role == "apod_reader"
    with psycopg.connect(door.conninfo, autocommit=True) as connection:
        connection.execute("SET ROLE apod_reader")
        assert connection.execute("SELECT count(*) > 0 FROM approaches_as_of(now())").fetchone() == (True,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM approaches")


def test_a_new_reading_is_served_without_a_restart(mirror, both):
    """What a run loads while the mirror serves is on the page and in the answers within a second or two."""
    lab = both.approaches
    before = mirror.get("/approaches").text
    lab.nasa.edit(TODAY + 13 * DAY)
    assert lab.run(AROUND).changed == 1
    until(lambda: mirror.get("/approaches").text != before)


# ---- one alone, or others --------------------------------------------------------------------
def test_without_apod_the_set_has_the_front(both):
    """`/` is its page; NASA's old API answers 404 with a sentence; what tells of the API leaves APOD out."""
    with serving(both.approaches, both.approaches) as address, httpx.Client(base_url=address) as client:
        assert client.get("/").text == client.get("/approaches").text
        assert "Picture of the Day" not in client.get("/").text
        for path in ("/planetary/apod?date=2020-06-01", "/v1/apod"):
            answer = client.get(path)
            assert (answer.status_code, "no Astronomy Picture of the Day" in answer.json()["msg"]) == (404, True)
        assert "/planetary/apod" not in client.get("/openapi.json").json()["paths"]
        assert client.get("/docs").status_code == client.get("/static/gallery.css").status_code == 200
        for path in ("/grid", "/nope", "/day/2020-06-18"):
            assert (client.get(path).status_code, "Close approaches" in client.get(path).text) == (404, True)
        assert client.get("/api/entries/2020-06-18").json() == {"error": "Not Found"}


def test_a_set_that_nobody_has_filled_yet(both, tmp_path, database_url):
    """Its page says so, APOD answers and the mirror is ready; the names and places are those of the DAGs."""
    empty = SetLab(both.approaches.nasa, tmp_path / "approaches", database_url, name="approaches")
    assert empty.command("init").returncode == 0
    own(empty)
    places = {"APOD_ARCHIVE": str(both.pictures.root), "APOD_ARCHIVES": str(tmp_path)}
    with serving(both.pictures, APOD_DATASETS="apod,approaches", **places) as address:
        page = httpx.get(f"{address}/approaches")
        assert (page.status_code, "Nothing has been read yet" in page.text) == (200, True)
        assert httpx.get(f"{address}/api/approaches/entries").json()["total"] == 0
        assert httpx.get(f"{address}/planetary/apod").json()["date"] == "2020-06-18"
        assert httpx.get(f"{address}/health/ready").status_code == 200


def test_tables_alone_are_served(both, tmp_path):
    """Who has the reader's address and no folder names the sets; replies and commits are not known."""
    places = {"APOD_ARCHIVE": str(tmp_path / "none"), "APOD_DATASETS": "approaches"}
    reader = make_conninfo(both.approaches.database, user="apod_reader")
    with serving(both.approaches, APOD_READ_DATABASE_URL=reader, **places) as address:
        told = httpx.get(f"{address}/api/approaches/entries?per_page=1").json()
        assert told["total"] == len(both.approaches.entries())
        assert told["entries"][0]["provenance"]["reply_sha256"] is None
        assert httpx.get(f"{address}/").status_code == 200


def test_tables_that_are_not_there_yet(both, tmp_path, database_url):
    """The set's page and its answers say what to type, with 503; nothing else suffers."""
    reader = make_conninfo(database_url, user="apod_reader")
    places = {"APOD_ARCHIVE": str(tmp_path / "none"), "APOD_DATASETS": "approaches"}
    with serving(both.approaches, APOD_READ_DATABASE_URL=reader, **places) as address:
        page, told = (httpx.get(f"{address}{path}") for path in ("/approaches", "/api/approaches/entries"))
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "apod migrate" in page.text
        assert (told.status_code, "apod migrate" in told.json()["error"]) == (503, True)
        assert httpx.get(f"{address}/health/live").status_code == 200


def test_apod_alone_knows_nothing_of_it(client, served_lab):
    """No page, no answer, no word of another set, and not a module of one."""
    assert client.get("/approaches").status_code == client.get("/api/approaches/entries").status_code == 404
    assert all("pproaches" not in client.get(path).text for path in ("/", "/docs", "/openapi.json"))
    code = (
        "import json, os, sys\n"
        "from apod_pipeline.extras.mirror.application import FLAGS, from_environment\n"
        "os.environ[FLAGS] = json.dumps([{'archive': sys.argv[1]}])\n"
        "from_environment()\n"
        "print([name for name in sys.modules if 'approaches' in name])"
    )
    words = [sys.executable, "-c", code, str(served_lab.root)]
    done = subprocess.run(words, env=served_lab.environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_two_archives_of_one_set_are_refused(both):
    """Both are named, with what to do; nothing listens."""
    place = str(both.approaches.root)
    done = both.pictures.command("serve", "--port", "0", "--archive", place, "--archive", place)
    assert done.returncode == 2
    assert "are both archives of 'approaches'" in done.stderr


def test_a_set_without_pages_has_a_table_and_the_answers(both, tmp_path, database_url, monkeypatch):
    """A stranger's data set beside APOD: its entries in a plain table, and all answers to programs, by its fields."""
    from sightings.acted_out import SimulatedWatch

    monkeypatch.setenv("PYTHONPATH", str(SITE))
    with SimulatedWatch() as watch:
        toy = SetLab(watch, tmp_path / "toy", database_url, name="sightings")
        toy.run(watch.span)
        own(toy)
        with serving(toy, both.pictures, toy) as address, httpx.Client(base_url=address) as client:
            known = toy.entries()
            told = client.get("/api/sightings/entries?per_page=1000").json()
            assert {one["entry"]["sighting"]: one["entry"] for one in told["entries"]} == known
            assert isinstance(told["entries"][0]["entry"]["brightness"], float)
            place = told["entries"][0]["entry"]["place"]
            some = client.get("/api/sightings/entries", params={"place": place, "brightness_max": "-1"}).json()
            assert some["total"] == sum(
                row["place"] == place and (row["brightness"] or 0) <= -1 for row in known.values()
            )
            page = client.get("/sightings")
            assert page.text.count("<tr>") == len(known) + 1
            link = re.search('href="(/api/sightings/history/[^"]*)"', page.text)[1]
            assert client.get(link).status_code == 200
            assert '<a href="/sightings">Fireballs that people saw</a>' in client.get("/").text
            assert client.get("/sightings?page=0").status_code == 400
            day = min(row["night"] for row in toy.entries().values())
            some = client.get("/sightings", params={"from": day, "to": day}).text
            assert some.count("/api/sightings/history/") == sum(row["night"] == day for row in toy.entries().values())
            assert client.get("/sightings?from=soon").status_code == 400
            assert urlsplit(address).hostname == "127.0.0.1"
