"""The new service's feed: RSS 2.0 with a namespace of its own.

Takes entries as the new service tells them, gives the feed's XML, never an entry's page but inside CDATA.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apod_pipeline.simulator.scraped import Hosts

_EASTERN = "America/New_York"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def eastern_today() -> date:
    """The day on which NASA's services are at this moment."""
    return datetime.now(ZoneInfo(_EASTERN)).date()


def feed_of(entries: Iterable[Mapping[str, object]], hosts: Hosts) -> str:
    """The feed of some entries, in their order."""
    items = "".join(_item(entry) for entry in entries)
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" \
xmlns:atom="http://www.w3.org/2005/Atom" xmlns:apod="https://science.nasa.gov/apod/">
<channel>
\t<title>APOD Basic</title>
\t<description>APOD Basic markup feed.</description>
\t<link>{hosts.science}/</link>
\t<atom:link href="{hosts.science}/feed/apod-basic/" rel="self" type="application/rss+xml" />
\t<language>en-us</language>
{items}</channel>
</rss>
"""


def _item(entry: Mapping[str, object]) -> str:
    text = {name: str(value) for name, value in entry.items()}
    link = escape(text["permalink"])
    hdurl = text["hdurl"].replace("&", "&#038;") if entry["hdurl"] else ""
    return f"""\t<item>
\t\t<title>{text["title"]}</title>
\t\t<link>{link}</link>
\t\t<guid isPermaLink="true">{link}</guid>
\t\t<pubDate>{_published(date.fromisoformat(text["date"]))}</pubDate>
\t\t<apod:url>{link}</apod:url>
\t\t<apod:hdurl>{hdurl}</apod:hdurl>
\t\t<apod:credit>{_cdata(text["credit"])}</apod:credit>
\t\t<apod:copyright>{_cdata(text["copyright"])}</apod:copyright>
\t\t<apod:alt>{escape(text["alt"])}</apod:alt>
\t\t<apod:explanation>{_cdata(text["explanation"])}</apod:explanation>
\t\t<description>{_cdata(text["explanation"])}</description>
\t\t<content:encoded>{_cdata(text["basic_html"])}</content:encoded>
\t</item>
"""


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _published(day: date) -> str:
    """Five past midnight, US Eastern, in the form of RFC 822."""
    moment = datetime.combine(day, time(0, 5), ZoneInfo(_EASTERN)).astimezone(UTC)
    month, weekday = _MONTHS[moment.month - 1], _WEEKDAYS[moment.weekday()]
    return f"{weekday}, {moment.day:02d} {month} {moment.year} {moment:%H:%M:%S} +0000"
