"""Airflow's own user interface, in a real browser: what a person sees of the first run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from airflow_bench import MAIN, ORDER

CHROMIUM = shutil.which("chromium")
PATIENCE = 60_000  # milliseconds: the machine may be busy with other tests
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync")
NO_CALLS_HOME = ("--disable-background-networking", "--disable-component-update")


@pytest.fixture
def pictures(tmp_path):
    """Where screenshots are kept: `make screenshots` names the folder of the documents."""
    return Path(os.environ.get("APOD_SCREENSHOTS") or tmp_path)


@pytest.fixture
def page(airflow_instance):
    """A browser at Airflow's first page, after its user has signed in."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *NO_CALLS_HOME])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(PATIENCE)
        page.goto(airflow_instance.url)
        page.get_by_label("Username").fill(airflow_instance.user)
        page.get_by_label("Password").first.fill(airflow_instance.password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{airflow_instance.url}/")
        yield page
        browser.close()


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (apt-get install chromium)")
def test_a_person_sees_the_green_run(airflow_instance, bench, first_run, page, pictures):
    """Signed in, the run's page shows it and all eight tasks as a success, and the graph shows them in their order."""
    from playwright.sync_api import expect

    page.goto(f"{airflow_instance.url}/dags/{MAIN}/runs/{first_run.name}")
    expect(page.get_by_text("8 Task Instances")).to_be_visible()
    for task in ORDER:
        expect(page.get_by_role("row").filter(has_text=task).get_by_text("Success")).to_be_visible()
    page.screenshot(path=pictures / "airflow-run.png")
    page.set_viewport_size({"width": 2000, "height": 720})
    page.get_by_role("button", name="Show Graph").click()
    nodes = page.locator(".react-flow__node")
    expect(nodes).to_have_count(len(ORDER))
    expect(nodes.filter(has_text="success")).to_have_count(len(ORDER))
    boxes = {task: nodes.filter(has_text=task).bounding_box() for task in ORDER}
    assert sorted(ORDER, key=lambda task: boxes[task]["x"]) == ORDER
    page.screenshot(path=pictures / "airflow-graph.png", clip=_around([*boxes.values()]))


def _around(boxes):
    left, top = (min(box[axis] for box in boxes) - 20 for axis in "xy")
    right, bottom = (
        max(box[axis] + box[size] for box in boxes) + 20 for axis, size in (["x", "width"], ["y", "height"])
    )
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}
