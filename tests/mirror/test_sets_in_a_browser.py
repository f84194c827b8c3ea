"""The pages of close approaches in a real browser: with scripts and without, on desk and phone, for everybody."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from apod_pipeline.simulator.approaches import TODAY
from mirror.sets import DAY, ODD
from mirror.test_gallery import CHROMIUM, NO_CALLS_HOME, PATIENCE, QUIET

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")

OBJECT = f"/approaches/object/{quote(ODD, safe='')}"
PATHS = ("/approaches", OBJECT, "/approaches?as_of=2001-01-01", "/approaches/object/nothing", "/", "/docs")


@pytest.fixture(scope="module")
def chromium():
    """One browser for all of them."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *NO_CALLS_HOME])
        yield one
        one.close()


@pytest.fixture
def page(chromium, shared):
    """A page whose errors and whose calls to other hosts fail the test; NASA's pictures are none of ours."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.route("https://*.nasa.gov/**", lambda route: route.fulfill(body=b"", content_type="image/png"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: ".nasa.gov/" in asked.url or asked.url.startswith(shared) or complaints.append(asked.url),
    )
    yield page
    context.close()
    assert [one for one in complaints if "404 (Not Found)" not in one] == []


def test_a_point_is_its_object(page, shared):
    """Larger and smaller points between axes with words; one of them leads to its object, and that back."""
    page.goto(f"{shared}/approaches")
    points = page.locator("svg.near a circle")
    assert len({one.get_attribute("r") for one in points.all()}) > 5
    assert page.locator("svg.near a.comet polygon").count() > 0
    box = page.locator("svg.near").bounding_box()
    assert len(set(page.screenshot(clip=box))) > 50  # something is drawn, not one colour
    words = page.locator("svg.near text").all_text_contents()
    assert {"today", "the Moon's orbit", "Distance (Moon's distance = 1)"} <= set(words)
    comet = page.locator("svg.near a.comet").last
    name = comet.get_attribute("aria-label").partition(", ")[0]
    comet.locator("polygon").click()
    page.wait_for_url("**/approaches/object/*")
    assert page.locator("h1").inner_text() == name
    page.get_by_role("link", name="Close approaches", exact=True).click()
    page.wait_for_url(f"{shared}/approaches")
    page.get_by_role("link", name="Picture of the Day").click()
    page.wait_for_url(f"{shared}/")
    page.get_by_role("link", name="Close approaches").click()
    page.wait_for_url(f"{shared}/approaches")


def test_it_works_without_scripts(chromium, shared):
    """With scripts off: other days by the form and by links, an object by its name."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{shared}/approaches")
    page.get_by_role("textbox", name="From").fill(str(TODAY))
    page.get_by_role("textbox", name="To").fill(str(TODAY + 2 * DAY))
    page.get_by_role("button", name="Show these days").click()
    page.wait_for_url(f"**/approaches?from={TODAY}&to=*")
    days = page.locator("#table ~ .wide tr td:nth-child(2)").all_inner_texts()
    assert 5 < len(days) < 12
    assert all(str(TODAY) <= day < str(TODAY + 3 * DAY) for day in days)
    page.get_by_role("link", name="later").click()
    page.wait_for_url(f"**/approaches?from={TODAY + 3 * DAY}&to=*")
    page.get_by_label("Find an object").fill(ODD)
    page.get_by_role("button", name="Find").click()
    page.wait_for_url("**/approaches/object?des=*")
    assert page.locator("tbody tr, table tr").count() >= 4
    context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_everybody_can_use_it(page, shared, scheme):
    """No serious finding of axe-core, in the dark and in the light; the plot says what it shows."""
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    for path in PATHS:
        page.goto(f"{shared}{path}")
        found = Axe().run(page).response["violations"]
        assert [(path, one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] != "minor"] == []
    page.goto(f"{shared}/approaches")
    assert page.get_by_role("group", name="Close approaches: distance from Earth by day").count() == 1


@pytest.mark.parametrize("path", PATHS)
def test_it_fits_a_phone(page, shared, path):
    """On a narrow screen nothing has to be pushed aside to be read; what is wide moves in a frame of its own."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{shared}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
