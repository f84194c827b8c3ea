"""The new service's feed, the last resort: the newest thirty days as RSS.

Takes a feed's bytes, gives items in the words of the service's JSON. Never gives an item without an explanation:
half an entry is no better than a day that is asked for again tomorrow.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from apod_pipeline.datasets.apod.calendar import publishing_day
from apod_pipeline.errors import Unreadable

_IN_LINK = re.compile(r"/apod-(\d{4})-([a-z]+)-(\d{1,2})(?:-|/)")
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_OWN = ("explanation", "hdurl", "credit", "copyright", "alt", "media_type")


def feed_items(body: Path) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Every complete item with its day.

    Raises:
        Unreadable: when the body is no feed.
    """
    try:
        # expat refuses entity bombs since 2.4.1, which Python 3.11 bundles.
        root = ElementTree.parse(body).getroot()  # noqa: S314 - see above
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise Unreadable(f"it is no feed: {error}") from error
    if root.tag != "rss":
        raise Unreadable("it is no feed: a web page, or another kind of XML")
    for element in root.iter("item"):
        item = _item(element)
        if item.get("explanation"):
            yield _day(item), item


def _item(element: ElementTree.Element) -> dict[str, Any]:
    item: dict[str, Any] = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        text = child.text or ""
        if name in {"title", "link", "pubDate"} and "}" not in child.tag:
            item[{"link": "permalink"}.get(name, name)] = text
        elif child.tag == _CONTENT:
            item["basic_html"] = text
        elif name in _OWN and "}" in child.tag:
            item[name] = text
    return item


def _day(item: dict[str, Any]) -> str | None:
    if found := _IN_LINK.search(item.get("permalink", "")):
        year, month, day = found.groups()
        try:
            return str(dt.datetime.strptime(f"{year} {month} {day}", "%Y %B %d").date())  # noqa: DTZ007 - a day has no zone
        except ValueError:
            return None
    try:
        published = parsedate_to_datetime(item.get("pubDate", ""))
        # RFC 5322: -0000 is UTC, said by somebody who does not tell where he is.
        return str(publishing_day(published if published.tzinfo else published.replace(tzinfo=dt.UTC)))
    except (ValueError, OverflowError):
        return None
