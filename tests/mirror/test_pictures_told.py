"""`apod serve --pictures`: APIs and feeds lead to what is kept here, and say NASA's addresses without it."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
import psycopg
from psycopg.conninfo import make_conninfo

from mirror.with_pictures import AWAY, FIRST, LAST, ONCE, TWO, archive_with_pictures, kept, picture_of, serving
from patience import until

ATOM = "{http://www.w3.org/2005/Atom}"


def _addresses(where):
    """All that the APIs and the feeds say of pictures, by who says it."""
    old = httpx.get(f"{where}/planetary/apod?date={ONCE}").json()
    several = httpx.get(f"{where}/planetary/apod?start_date={ONCE}&end_date={ONCE}").json()[0]
    then = httpx.get(f"{where}/planetary/apod?date={ONCE}&as_of=2099-01-01").json()
    ours = httpx.get(f"{where}/api/entries/{ONCE}").json()["entry"]
    states = httpx.get(f"{where}/api/entries/{ONCE}/history").json()["revisions"]
    years = httpx.get(f"{where}/api/on-this-day?date={ONCE}").json()["entries"]
    found = httpx.get(f"{where}/api/search?q=light&year=2018&per_page=50").json()["hits"]
    feed = next(one for one in httpx.get(f"{where}/feed.json").json()["items"] if one["url"].endswith(str(ONCE)))
    atom = ElementTree.fromstring(httpx.get(f"{where}/feed.xml").content)  # noqa: S314 - our own
    entry = next(one for one in atom.iter(f"{ATOM}entry") if one.find(f"{ATOM}published").text.startswith(str(ONCE)))
    links = {link.get("rel"): link for link in entry.iter(f"{ATOM}link")}
    assert links["enclosure"].get("href") in entry.find(f"{ATOM}content").text
    return {
        "old": {old["url"], old["hdurl"]},
        "range": {several["url"], several["hdurl"]},
        "as of": {then["url"], then["hdurl"]},
        "entry": {ours["url"], ours["hdurl"]},
        "history": {states[0]["entry"]["url"]},
        "day": {years[0]["entry"]["hdurl"]},
        "search": {one["url"] for one in found if one["date"] == str(ONCE)} or {old["url"]},
        "feed": {feed["image"]},
        "atom": {links["enclosure"].get("href")},
    }


def test_every_answer_leads_here(picture_lab, leading):
    """Each address of a kept picture is the mirror's, by the name it was asked by, and answers with the kept bytes."""
    digest, _ = picture_of(picture_lab, ONCE)
    here = f"{leading}/pictures/{digest}.jpg"
    assert {who: said for who, said in _addresses(leading).items() if said != {here}} == {}
    assert httpx.get(here).status_code == 200
    by_name = f"http://localhost:{urlsplit(leading).port}"
    for _ in range(2):  # also what is given at once
        told = [httpx.get(f"{one}/planetary/apod?date={ONCE}").json()["url"] for one in (leading, by_name)]
        assert told == [here, here.replace(leading, by_name)]


def test_without_the_flag_nothing_is_said_of_it(picture_lab, pictured):
    """The same answers name the source's addresses, as the tables have them."""
    ((shown,),) = picture_lab.rows(f"SELECT url FROM apod_entry WHERE date = '{ONCE}'")
    assert {who: said for who, said in _addresses(pictured).items() if said != {shown}} == {}


def test_what_is_not_kept_keeps_its_address(picture_lab, leading, pictured):
    """An entry without a file says what it says without the flag; of two sizes the larger one is here, for both."""
    asked = f"/planetary/apod?date={AWAY}"
    assert httpx.get(leading + asked).content == httpx.get(pictured + asked).content
    told = httpx.get(f"{leading}/planetary/apod?date={TWO}").json()
    assert told["url"] == told["hdurl"] == f"{leading}/pictures/{picture_of(picture_lab, TWO)[0]}.jpg"
    without = httpx.get(f"{pictured}/planetary/apod?date={TWO}").json()
    assert (without["url"] == without["hdurl"], told["title"]) == (False, without["title"])


def test_the_past_has_the_pictures_of_its_time(leading, pictured, picture_lab):
    """As of an instant at which nothing was kept yet, pages and answers lead to where the source has its pictures."""
    ((before,),) = picture_lab.rows("SELECT max(observed_from) FROM apod_revision")
    then = {"as_of": before.isoformat()}
    said = httpx.get(f"{leading}/planetary/apod", params={"date": str(ONCE), **then}).json()
    assert "/pictures/" not in said["url"]
    for path in ("/", "/grid", f"/day/{ONCE}", "/search?q=light", "/status"):
        page = httpx.get(pictured + path, params={**dict(httpx.URL(path).params), **then})
        assert (page.status_code, "/pictures/" in page.text) == (200, False), path
        later = httpx.get(pictured + path, params={**dict(httpx.URL(path).params), "as_of": "2099-01-01"})
        assert later.status_code == 200
        assert ("/pictures/" in later.text) == (path != "/status"), path


def test_the_tables_say_what_the_source_said(picture_lab, leading):
    """No address of ours comes into the data."""
    assert httpx.get(f"{leading}/planetary/apod?start_date={FIRST}").status_code == 200
    assert picture_lab.rows("SELECT count(*) FROM apod_entry WHERE url LIKE '%/pictures/%'") == [(0,)]


def test_pictures_are_noticed_without_a_new_version(tmp_path, postgres_server):
    """What is kept while the mirror runs is given within seconds, to pages and to programs."""
    name = f"noticed_{os.getpid()}"
    with (
        archive_with_pictures(tmp_path, postgres_server, name, LAST) as lab,
        serving(lab, "--pictures", APOD_SERVE_PICTURES="") as where,
    ):

        def address():
            return httpx.get(f"{where}/planetary/apod?date={LAST}").json()["url"]

        assert address().startswith(lab.nasa.url)
        assert "Seen before" not in httpx.get(f"{where}/").text
        kept(lab)
        until(lambda: address().startswith(f"{where}/pictures/"))
        until(lambda: "Seen before" in httpx.get(f"{where}/").text)
        assert len(lab.rows("SELECT DISTINCT observed_from FROM apod_revision")) == 1


def test_the_environment_may_say_it(picture_lab):
    """`APOD_SERVE_PICTURES=1` is the flag, for who starts it without a command line, in every worker process."""
    with serving(picture_lab, "--workers", "2", APOD_SERVE_PICTURES="1") as where:
        told = [httpx.get(f"{where}/planetary/apod?date={ONCE}").json()["url"] for _ in range(8)]
    assert {one.startswith(f"{where}/pictures/") for one in told} == {True}


def test_a_films_still_is_a_picture_too(tmp_path, postgres_server):
    """A kept still is given with `thumbs`, and stands behind the link that plays the film; the film's address stays."""
    film = "https://www.youtube.com/embed/abcdefghijk"
    with archive_with_pictures(tmp_path, postgres_server, f"film_{os.getpid()}", LAST) as lab:
        kept(lab)
        with psycopg.connect(lab.database) as owner:  # the hosts of films are not asked by tests
            owner.execute(
                "UPDATE apod_revision SET media_type = 'video', thumbnail_url = url, url = %s, hdurl = NULL", [film]
            )
        digest, _ = picture_of(lab, LAST)
        with serving(lab, "--pictures") as where:
            told = httpx.get(f"{where}/planetary/apod?date={LAST}&thumbs=true").json()
            page = httpx.get(f"{where}/day/{LAST}").text
            wall = httpx.get(f"{where}/wall").text
    assert (told["url"], told["thumbnail_url"]) == (film, f"{where}/pictures/{digest}.jpg")
    assert re.search(
        rf'with-still" href="{film}" data-player="{film}"><img class="still" src="/pictures/{digest}', page
    )
    assert digest in wall


def test_a_reader_without_the_right_to_see_pictures_goes_on(tmp_path, postgres_server):
    """Where the table of pictures may not be read, all is as without it, until it may."""
    with archive_with_pictures(tmp_path, postgres_server, f"right_{os.getpid()}", LAST) as lab:
        kept(lab)
        reader = make_conninfo(lab.database, user="apod_reader")
        with (
            psycopg.connect(lab.database, autocommit=True) as owner,
            serving(lab, "--pictures", APOD_DATABASE_URL="", APOD_READ_DATABASE_URL=reader) as where,
        ):

            def is_here():
                answer = httpx.get(f"{where}/planetary/apod?date={LAST}")
                assert answer.status_code == 200
                assert httpx.get(f"{where}/day/{LAST}").status_code == 200
                return "/pictures/" in answer.json()["url"]

            assert is_here()
            owner.execute("REVOKE SELECT ON apod_picture FROM apod_reader")
            until(lambda: not is_here())
            owner.execute("GRANT SELECT ON apod_picture TO apod_reader")
            until(is_here)


def test_a_file_that_is_not_here_leads_nowhere(tmp_path, postgres_server):
    """A kept picture whose file is missing keeps the source's address, until the file is back."""
    with archive_with_pictures(tmp_path, postgres_server, f"lost_{os.getpid()}", LAST) as lab:
        kept(lab)
        digest, _ = picture_of(lab, LAST)
        place = lab.root / "data" / "pictures" / digest[:2] / f"{digest}.jpg"
        place.rename(tmp_path / place.name)
        with serving(lab, "--pictures") as where:
            asked = f"{where}/planetary/apod?date={LAST}"
            assert httpx.get(asked).json()["url"].startswith(lab.nasa.url)
            assert httpx.get(f"{where}/pictures/{digest}.jpg").status_code == 404
            (tmp_path / place.name).rename(place)
            until(lambda: httpx.get(asked).json()["url"] == f"{where}/pictures/{digest}.jpg")
