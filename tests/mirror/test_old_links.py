"""NASA's oldest links, which are dead at NASA: each leads to the page of ours that shows the same."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/apod/ap200601.html", "/day/2020-06-01"),
        ("/apod/AP200601.HTML", "/day/2020-06-01"),
        ("/apod/ap200601.htm", "/day/2020-06-01"),
        ("/apod/ap950616.html", "/day/1995-06-16"),
        ("/apod/ap991231.html", "/day/1999-12-31"),
        ("/apod/ap000101.html", "/day/2000-01-01"),
        ("//apod/ap200601.html", "/day/2020-06-01"),
        ("/apod/ap200601.html?as_of=2026-11-01", "/day/2020-06-01?as_of=2026-11-01"),
        ("/apod/astropix.html", "/"),
        ("/apod/", "/"),
        ("/apod", "/"),
        ("/apod/archivepix.html", "/calendar"),
        ("/apod/lib/apsearch.html", "/search"),
    ],
)
def test_an_old_link_leads_to_our_page(client, path, page):
    """For good, and with what else was asked."""
    answer = client.get(f"{str(client.base_url).rstrip('/')}{path}")
    assert (answer.status_code, answer.headers["location"]) == (301, page)


def test_the_page_that_it_leads_to_is_the_entrys(client, served_lab):
    """A reader who follows the old link sees that day's entry."""
    answer = client.get("/apod/ap200601.html", follow_redirects=True)
    assert answer.status_code == 200
    assert served_lab.entries()["2020-06-01"]["permalink"] is None or "2020-06-01" in answer.text


@pytest.mark.parametrize("path", ["/apod/ap200231.html", "/apod/ap2006011.html", "/apod/image/2006/m.jpg", "/apod/x"])
def test_what_is_no_link_of_a_day_is_not_there(client, path):
    """A day that no calendar has, or another name: not found, and never a fault of ours."""
    assert client.get(path).status_code == 404
