"""Kept pictures in a real browser: grids, a day and its viewer, a wall, the contact sheet, in windows of all sizes."""

from __future__ import annotations

import os
import re

import httpx
import pytest

from mirror.test_gallery import CHROMIUM, JUMPED, NO_CALLS_HOME, PATIENCE, QUIET
from mirror.with_pictures import (
    AGAIN,
    ALMOST,
    AWAY,
    FIRST,
    LAST,
    ONCE,
    ONE_DAY,
    archive_with_pictures,
    kept,
    picture_of,
    serving,
)
from patience import until

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
DESK, PHONE, WALL = (1440, 900), (390, 844), (1920, 1080)
DAY = f"/day/{ONCE}"


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
def opened(browser, pictured):
    """Pages of a size, whose errors and whose calls to other hosts than the mirror fail the test."""
    contexts, complaints = [], []

    def open_(path, size=DESK, where=pictured, **wishes):
        contexts.append(browser.new_context(viewport={"width": size[0], "height": size[1]}, **wishes))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((where, "data:")) or complaints.append(asked.url))
        page.goto(f"{where}{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _drawn(image):
    image.evaluate("image => image.decode()")
    return image.evaluate("image => image.naturalWidth") > 0


def _place(page):
    """How the viewer's picture lies: scale, right, down."""
    found = page.locator(".stage img").evaluate("image => image.style.transform")
    right, down, scale = re.findall(r"-?[\d.]+", found)
    return float(scale), float(right), float(down)


# ---- pages -----------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [DESK, PHONE, WALL])
@pytest.mark.parametrize("path", ["/", "/grid", DAY, "/search?q=light", "/duplicates", "/wall"])
def test_nothing_jumps(opened, path, size):
    """Whatever the window, every picture has its place before it comes."""
    page = opened(path, size)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(JUMPED) < 0.02
    sizes = (
        "images => images.map(one => [one.getAttribute('width'), one.getAttribute('height')]).filter(one => !one[0])"
    )
    assert page.locator("img:not(.haze)").evaluate_all(sizes) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_lists_show_the_small_and_a_day_the_large(opened, picture_lab):
    """Grids and hits load thumbnails, a day its file as the window needs it; what is not kept is as it was."""
    digest, _ = picture_of(picture_lab, ONCE)
    page = opened("/grid")
    sources = page.locator(".tile img").evaluate_all("images => images.map(one => one.src)")
    assert len(sources) > 15
    assert {bool(re.search(r"/pictures/[0-9a-f]{64}\.thumb\.webp$", one)) for one in sources} == {True}
    assert page.locator(f'a.tile[href="/day/{AWAY}"] img').count() == 0  # it is on no host of NASA's
    assert opened("/search?q=light").locator(".hits img").count() > 3
    page = opened(DAY)
    assert (
        page.locator("figure img")
        .evaluate("image => image.decode().then(() => image.currentSrc)")
        .endswith(f"/pictures/{digest}.jpg")
    )
    assert page.locator("[data-view]").get_attribute("href") == f"/pictures/{digest}.jpg"


def test_a_day_tells_of_its_picture(opened, picture_lab):
    """Kind, size, type, rights, where it was had, and on which other days it ran: the same file, or nearly."""
    ((wide, high),) = picture_lab.rows(f"SELECT width, height FROM apod_picture WHERE date = '{ONCE}'")
    told = opened(DAY).locator("dl.picture").inner_text()
    for words in ("the original file", f"{wide} \u00d7 {high} pixels", " KB", "image/jpeg", "Harp.jpg"):
        assert words in told
    again = " ".join(told.split("Ran again")[1].split())
    assert f"on {AGAIN} (the same file)" in again
    assert f"on {ALMOST} (nearly the same)" in again
    later = opened(f"/day/{AGAIN}")
    before = later.locator("dt", has_text="Ran before").locator("xpath=following-sibling::dd[1]")
    assert before.inner_text() == f"on {ONCE} (the same file)"
    before.get_by_role("link").click()
    later.wait_for_url(f"**{DAY}")
    assert httpx.get(later.url.replace(str(ONCE), str(AWAY))).text.count("dl class=") == 0


def test_the_contact_sheet(opened):
    """Pairs stand side by side, newest first, each said how alike; the menu leads there."""
    page = opened("/")
    page.get_by_role("link", name="Seen before").click()
    page.wait_for_url("**/duplicates")
    pairs = [tuple(one.locator("time").all_inner_texts()) for one in page.locator(".pairs > li").all()]
    assert (str(ONCE), str(AGAIN)) in pairs
    assert [later for _, later in pairs] == sorted((later for _, later in pairs), reverse=True)
    same = page.locator(".pairs > li", has=page.locator(f'a[href="/day/{AGAIN}"]')).filter(has_text="The same file")
    assert same.locator("img").count() == 2
    assert httpx.get(f"{page.url}?page=999").status_code == 200
    assert httpx.get(f"{page.url}?page=0").status_code == 400


def test_the_status_says_what_is_kept(pictured, picture_lab):
    """How many files, and what they take."""
    ((many,),) = picture_lab.rows("SELECT count(DISTINCT sha256) FROM apod_picture")
    assert re.search(rf"Pictures kept</dt><dd>{many} · [\d.]+ MB", httpx.get(f"{pictured}/status").text)


# ---- the viewer --------------------------------------------------------------------------------
def test_the_viewer_by_keys(opened):
    """Enter opens it, keys zoom, pan and turn pages with it open, Escape closes it, and the focus is where it was."""
    page = opened(DAY)
    page.locator("[data-view]").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    assert dialog.is_visible()
    assert _drawn(page.locator(".stage img"))
    for key, scale in (("+", 1.5), ("=", 2.25), ("-", 1.5), ("-", 1), ("-", 1), ("+", 1.5), ("0", 1)):
        page.keyboard.press(key)
        assert _place(page)[0] == scale
    assert page.locator("output").inner_text() == "100 %"
    for _ in range(4):
        page.keyboard.press("+")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowLeft")
    assert _place(page)[1:] == (60, -60)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/day/{ONCE - ONE_DAY}#view")
    assert dialog.is_visible()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**{DAY}#view")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{DAY}")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.matches('[data-view], body')")


def test_the_viewer_by_mouse_and_buttons(opened):
    """The wheel zooms about the pointer, the mouse drags, never past the edge, and every button does what it says."""
    page = opened(DAY)
    page.locator("[data-view]").click()
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -500)
    scale, right, down = _place(page)
    assert scale > 2
    assert right > 0
    page.mouse.down()
    page.mouse.move(340, 320, steps=4)
    page.mouse.up()
    assert _place(page) == (scale, pytest.approx(right + 40), pytest.approx(down + 20))
    page.mouse.down()
    page.mouse.move(9000, 320)
    page.mouse.up()
    wide = page.locator(".stage img").evaluate("image => image.width / image.height") and _place(page)[1]
    assert wide < 1440 * scale
    page.get_by_role("button", name="The whole picture").click()
    assert _place(page) == (1, 0, 0)
    page.get_by_role("button", name="Larger").click()
    page.get_by_role("button", name="Smaller").click()
    assert _place(page)[0] == 1
    page.get_by_role("link", name="The day after").click()
    page.wait_for_url(f"**/day/{ONCE + ONE_DAY}#view")
    page.get_by_role("button", name="Close").click()
    assert page.get_by_role("dialog").count() == 0


def test_two_fingers_zoom(opened):
    """On a phone two fingers that part make the picture larger about the middle between them."""
    page = opened(DAY, PHONE, has_touch=True, is_mobile=True)
    page.locator("[data-view]").tap()
    session = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (180, 400))
    touch("touchStart", (180, 400), (210, 400))
    for step in (20, 40, 60):
        touch("touchMove", (180 - step, 400), (210 + step, 400))
    touch("touchEnd")
    assert _place(page)[0] == pytest.approx(5, abs=0.3)


def test_without_a_script_the_picture_is_a_link(opened, picture_lab):
    """The link leads to the full file, and no viewer is in the way."""
    page = opened(DAY, java_script_enabled=False)
    assert not page.locator(".viewer").is_visible()
    page.locator("[data-view]").click()
    page.wait_for_url(f"**/pictures/{picture_of(picture_lab, ONCE)[0]}.jpg")


# ---- the wall ----------------------------------------------------------------------------------
def test_the_wall_needs_no_script(opened):
    """The newest picture is there at once, large, with title, date and credit; the cursor is not."""
    page = opened("/wall", WALL, java_script_enabled=False)
    figure = page.locator("figure:visible")
    assert figure.count() == 1
    assert str(LAST) in figure.inner_text()
    box = figure.locator(".picture").bounding_box()
    assert (box["width"], box["height"]) == WALL
    assert page.locator("figure").count() == 30
    assert page.evaluate("getComputedStyle(document.body).cursor") == "none"


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_the_wall_goes_on(opened, motion):
    """After so many seconds the next picture is there, faded in, or at once for who wants no motion."""
    from playwright.sync_api import expect

    page = opened("/wall?seconds=60", WALL, reduced_motion=motion)
    first = page.locator("figure").first
    length = first.evaluate("figure => getComputedStyle(figure).transitionDuration")
    assert length == ("0s" if motion == "reduce" else "3s")
    page.clock.install()
    page.reload()
    page.clock.run_for(59_000)
    assert first.is_visible()
    page.clock.run_for(2_000)
    second = page.locator("figure").nth(1)
    expect(second).to_be_visible()
    assert _drawn(second.locator(".picture"))
    page.clock.run_for(60_000)
    expect(page.locator("figure").nth(2)).to_be_visible()
    expect(first).to_be_hidden()


def test_the_wall_wakes_up(browser, tmp_path, postgres_server):
    """Another version brings its newest picture to the wall, without a reload."""
    from playwright.sync_api import expect

    from apod_pipeline.dataset.spans import Span

    first = LAST - ONE_DAY
    with (
        archive_with_pictures(tmp_path, postgres_server, f"wall_{os.getpid()}", first) as lab,
        serving(lab) as where,
    ):
        kept(lab)
        context = browser.new_context()
        page = context.new_page()
        page.clock.install()
        until(lambda: "/pictures/" in httpx.get(f"{where}/wall").text)
        page.goto(f"{where}/wall?seconds=86400")
        page.evaluate("window.same = true")
        lab.nasa.edit(LAST, title="A Title That Was Edited")
        lab.run(Span(LAST, LAST))
        until(lambda: "Edited" in httpx.get(f"{where}/wall?seconds=86400").text)
        page.clock.run_for(61_000)
        expect(page.locator("figcaption:visible")).to_contain_text("A Title That Was Edited")
        assert page.evaluate("window.same")
        context.close()


@pytest.mark.parametrize(("asked", "status"), [("1", 400), ("x", 400), ("3", 200), ("86400", 200), ("86401", 400)])
def test_the_walls_seconds_have_bounds(pictured, asked, status):
    """What is no number of seconds, or too few of them, is refused on a page."""
    assert httpx.get(f"{pictured}/wall?seconds={asked}").status_code == status


# ---- everybody -----------------------------------------------------------------------------------
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_everybody_can_use_it(opened, scheme):
    """No serious finding of axe-core, with the viewer open and closed."""
    from axe_playwright_python.sync_playwright import Axe

    for path in ("/", "/grid", DAY, f"{DAY}#view", "/search?q=light", "/duplicates", "/status", "/wall"):
        page = opened(path, color_scheme=scheme)
        page.wait_for_load_state("networkidle")
        found = Axe().run(page).response["violations"]
        assert [(path, one["id"]) for one in found if one["impact"] in {"serious", "critical"}] == []


@pytest.mark.parametrize("path", ["/wall", "/duplicates", DAY, f"/day/{FIRST}"])
def test_nothing_stands_in_the_pages_that_their_policy_forbids(pictured, path):
    """No script, style or handler is written in a page; the policy is as strict as it was."""
    answer = httpx.get(pictured + path)
    assert not re.search(r"<script(?! src)|<style|\sstyle=|\son\w+=", answer.text)
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in answer.headers["content-security-policy"]
