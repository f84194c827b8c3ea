"""The gallery in a real browser: what people see, press and click, with scripts and without, on desk and phone."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from apod_pipeline.archive.folder import DEMO_MARK
from apod_pipeline.dataset.spans import Span
from apod_pipeline.simulator import Simulator
from lab import Lab
from mirror.conftest import ended, started

CHROMIUM = shutil.which("chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
NO_CALLS_HOME = ("--disable-background-networking", "--disable-component-update")
PATIENCE = 30_000  # milliseconds: the machine may be busy with other tests
FIRST, EVIL, LAST = dt.date(2020, 4, 20), dt.date(2020, 6, 3), dt.date(2020, 6, 18)
SCRIPT = "<script>document.title='taken'</script><img src=x onerror=document.title='taken'>"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[str]:
    """Sixty days with drawn pictures, as a demo's archive has them: one full of script, one edited."""
    name = f"gallery_{os.getpid()}"
    with (
        Simulator(today=LAST, local_pictures=True) as nasa,
        psycopg.connect(postgres_server, autocommit=True) as server,
    ):
        server.execute(f"CREATE DATABASE {name}")
        url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
        lab = Lab(nasa, Path(tmp_path_factory.mktemp("shown")) / "archive", url)
        nasa.edit(EVIL, title=f"Evil {SCRIPT}", explanation=f"Evil text. {SCRIPT} " * 20, credit=f"Eve {SCRIPT}")
        lab.run(Span(FIRST, LAST))
        nasa.edit(LAST, title="A Title That Was Edited")
        lab.run(Span(LAST, LAST))
        (lab.root / ".apod" / DEMO_MARK).touch()
        process, address = started(lab)
        yield address
        ended(process)


@pytest.fixture(scope="module")
def browser():
    """One browser for all of them."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *NO_CALLS_HOME])
        yield one
        one.close()


@pytest.fixture
def page(browser, shown):
    """A page whose errors and whose calls to other hosts fail the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith((shown, "data:")) or complaints.append(asked.url))
    yield page
    context.close()
    assert complaints == []


def test_today_is_shown_large_and_arrow_keys_turn_the_pages(page, shown):
    """The newest picture is there, drawn; its page leads to the day before and back by keys."""
    page.goto(shown)
    assert page.locator("h1").inner_text() == "A Title That Was Edited"
    picture = page.locator("figure img")
    assert picture.count() == 1
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    assert len(set(page.screenshot(clip=picture.bounding_box()))) > 50  # something is drawn, not one colour
    page.locator("h1 a").click()
    page.wait_for_url("**/day/2020-06-18")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**/day/2020-06-17")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/day/2020-06-18")


JUMPED = """
new Promise(done => {
    let jumped = 0;
    const add = entries => entries.filter(one => !one.hadRecentInput).forEach(one => { jumped += one.value; });
    const seen = new PerformanceObserver(list => add(list.getEntries()));
    seen.observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => { add(seen.takeRecords()); done(jumped); }));
})
"""


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", ["/", "/grid", "/day/2020-06-01", "/search?q=title", "/calendar"])
def test_nothing_jumps_as_pictures_come(browser, shown, address, path, width):
    """On desk and phone, with a demo's pictures and with NASA's, which come late and in sizes that nobody foretells."""
    from apod_pipeline.datasets.apod.drawn_pictures import picture

    context = browser.new_context(viewport={"width": width, "height": 844})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    tall = picture("tall", 300, 900)
    page.route("https://*.nasa.gov/**", lambda route: route.fulfill(body=tall, content_type="image/png"))
    for where in (shown, address):
        page.goto(f"{where}{path}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate(JUMPED) < 0.1
    before = page.evaluate(JUMPED)
    page.evaluate("document.body.style.paddingTop = '400px'")
    assert page.evaluate(JUMPED) > before + 0.05  # the measure is one
    context.close()


def test_every_page_knows_the_past(page, shown):
    """As of an instant before an edit: every page shows what was known then, and every link leads to the same past."""
    states = httpx.get(f"{shown}/api/entries/{LAST}/history").json()["revisions"]
    before = {"as_of": states[0]["provenance"]["observed_from"]}
    for path in ("/", "/grid", f"/day/{LAST}", f"/day/{LAST}/history", "/search?q=title", "/calendar", "/status"):
        separator = "&" if "?" in path else "?"
        text = httpx.get(f"{shown}{path}{separator}as_of={before['as_of']}").text
        assert "A Title That Was Edited" not in text
        assert "As it was known at" in text
        assert httpx.get(f"{shown}{path}{separator}as_of=once").status_code == 400
    assert "A Title That Was Edited" in httpx.get(f"{shown}/calendar").text
    page.goto(f"{shown}/calendar?as_of={before['as_of']}")
    page.locator(f'a[href^="/day/{LAST}"]').click()
    assert page.locator("h1").inner_text() == states[0]["entry"]["title"]
    page.locator("a[rel=prev]").click()
    page.wait_for_url("**/day/2020-06-17?as_of=*")
    page.get_by_role("link", name="as it is now").click()
    page.wait_for_url(lambda url: "as_of" not in url)
    assert "Nothing here yet" in httpx.get(f"{shown}/?as_of=2001-01-01").text


def test_a_demos_addresses_answer(shown):
    """Whatever an answer to a program names as a demo's picture can be had there, by the name it was asked by."""
    by_name = {"Host": f"localhost:{urlsplit(shown).port}"}
    entry = httpx.get(f"{shown}/planetary/apod?date={LAST}", headers=by_name).json()
    assert entry["url"].startswith("http://localhost:")
    told = [entry["url"], entry["hdurl"]]
    told += [one["url"] for one in httpx.get(f"{shown}/planetary/apod?start_date=2020-06-15").json() if "url" in one]
    told += [httpx.get(f"{shown}/api/entries/{LAST}").json()["entry"]["url"]]
    told += [one["image"] for one in httpx.get(f"{shown}/feed.json").json()["items"][:5] if "image" in one]
    told += [one["url"] for one in httpx.get(f"{shown}/api/search?q=title").json()["hits"]]
    pictures = [one for one in told if urlsplit(one).hostname in {"127.0.0.1", "localhost"}]
    assert len(pictures) > 5
    for one in pictures:
        answer = httpx.get(one)
        ending = urlsplit(one).path.rpartition(".")[2]
        form = {"jpg": "jpeg"}.get(ending, ending)
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"image/{form}")


def test_search_finds_as_one_types(page, shown):
    """Hits come with each letter, the words marked; the address can be kept; a hit leads to its entry."""
    from playwright.sync_api import expect

    page.goto(f"{shown}/search")
    page.get_by_label("Words").press_sequentially("edited title")
    hit = page.locator(".hits a").first
    expect(hit).to_have_text("A Title That Was Edited")
    expect(page.locator(".hits a mark").first).to_be_visible()
    page.wait_for_url("**/search?q=edited+title*")
    hit.click()
    page.wait_for_url("**/day/2020-06-18")


def test_the_grid_goes_on(page, shown):
    """Older pictures come as one scrolls, until the first day is there, each day once."""
    from playwright.sync_api import expect

    page.goto(f"{shown}/grid")
    for _ in range(3):
        page.locator(".tile").last.scroll_into_view_if_needed()
        page.mouse.wheel(0, 3000)
        page.wait_for_load_state("networkidle")
    expect(page.locator('a.tile[href="/day/2020-04-20"]')).to_have_count(1)
    days = page.locator(".tile time").all_inner_texts()
    assert days == sorted(set(days), reverse=True)
    assert len(days) == 59


def test_history_stands_side_by_side(page, shown):
    """An edited title: the words that went on the left, those that came on the right."""
    page.goto(f"{shown}/day/{LAST}")
    page.get_by_role("link", name="2 known").click()
    row = page.locator("tr", has=page.get_by_role("rowheader", name="title"))
    assert row.locator("td").nth(0).locator("del").count() > 0
    assert "Edited" in row.locator("td").nth(1).locator("ins").all_inner_texts()[-1]


def test_a_cell_of_the_calendar_is_its_day(page, shown):
    """A day's cell is coloured by its kind, and leads to its page."""
    page.goto(f"{shown}/calendar")
    assert "gap" in page.locator('a[href="/day/2020-06-10"]').get_attribute("class")
    page.locator('a[href="/day/2020-06-01"]').click()
    page.wait_for_url("**/day/2020-06-01")


def test_texts_are_texts(page, shown):
    """Script in a title, a text and a credit is shown as letters or taken out, and never runs."""
    for path in (f"/day/{EVIL}", f"/day/{EVIL}/history", "/search?q=evil", "/grid", "/calendar"):
        page.goto(f"{shown}{path}")
        assert page.title() != "taken"
        assert page.locator("main script, main [onerror]").count() == 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_everybody_can_use_it(page, shown, scheme):
    """No serious finding of axe-core, in the dark and in the light."""
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    for path in ("/", "/grid", f"/day/{LAST}", f"/day/{LAST}/history", "/search?q=title", "/calendar", "/status"):
        page.goto(f"{shown}{path}")
        found = Axe().run(page).response["violations"]
        assert [(path, one["id"]) for one in found if one["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize("path", ["/", "/grid", "/day/2020-06-18", "/search?q=title", "/calendar", "/status"])
def test_it_fits_a_phone(page, shown, path):
    """On a narrow screen nothing has to be pushed aside to be read."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{shown}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_it_works_without_scripts(browser, shown):
    """With scripts off: search by its button, older pictures and neighbours by their links."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{shown}/grid")
    page.get_by_role("link", name="Older pictures").click()
    page.wait_for_url("**/grid?before=*")
    page.goto(f"{shown}/search")
    page.get_by_label("Words").fill("edited title")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="A Title That Was Edited").click()
    page.locator("a[rel=prev]").click()
    page.wait_for_url("**/day/2020-06-17")
    context.close()


@pytest.mark.parametrize(("path", "status"), [("/day/2020-06-10", 404), ("/day/x", 400), ("/search?year=1", 400)])
def test_refusals_are_pages(shown, path, status):
    """What is not there is said on a page of the gallery, with the headers that bind a browser."""
    answer = httpx.get(f"{shown}{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
