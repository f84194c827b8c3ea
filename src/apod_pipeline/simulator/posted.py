"""How the new service words a day: texts in HTML, and a whole page in the old layout inside a field.

Takes a sketch, gives one object of `/wp-json/wp/v2/apod-basic`, never the picture's address where one would
look for it (`url` is the article). Days before the redesign were migrated by a program, later ones are
typed into WordPress: both leave their marks, and the same day reads a little differently here than at the
old service.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING

from apod_pipeline.datasets.apod.drawn_pictures import size_of
from apod_pipeline.simulator.generated import Sketch, has_entry, month_name, title_of
from apod_pipeline.simulator.scraped import Hosts, extension_of, next_entry, short_code, video_url

if TYPE_CHECKING:
    from apod_pipeline.simulator.world import Edit

REDESIGNED = date(2026, 8, 1)
"""From this day on entries are typed into WordPress; earlier ones were migrated."""

GENERIC_PICTURE = "/dynamicimage/assets/science/astro/programs/cosmic-origins/images/misc/news-thumbnail.png"
_LICENCE = '<a href="http://creativecommons.org/licenses/by-sa/3.0/deed.en" target="_blank">Licence</a>'
_SLUG = re.compile(r"[^a-z0-9]+")
_PAGE = """<!doctype html>
<html>
<head>
<meta charset="UTF-8">
<title> APOD: {human_day} - {title}</title>
<link rel="canonical" href="{permalink}">
<meta name="description" content="Explanation: {description}">
<meta property="og:type" content="article">
<meta property="og:title" content="{title}">
<meta property="og:url" content="{permalink}">
<meta property="og:site_name" content="NASA Science">
<meta property="og:image" content="{og_image}">
<meta property="article:published_time" content="{day}T00:05:00-04:00">
</head>
<body BGCOLOR="#F4F4FF" text="#000000">
<!-- rendered for request {visit} -->

<center id="apod-basic-{visit}">
<h1> Astronomy Picture of the Day </h1>
<p>

<a href="{science}/apod/archive/">Discover the cosmos!</a>
A new view of the sky for every day, and a few lines that tell what it shows.
<p>

{human_day}<br>

{medium}
</center>

<center>
<b> {title} </b> <br>

<b>Image Credit &
<a href="{science}/apod/about-apod/">Copyright</a>:</b>

{credit}
</center>

<p>

<b> Explanation: </b>

{explanation}
<p> <center>

<b> Tomorrow's picture: </b><a href="{next_link}">APOD: {next_title}</a>

<p> <hr>
<a href="{last_link}">&lt;</a>
| <a href="{science}/apod/archive/">Archive</a>
| <a href="{science}/apod/archive/">Index</a>
| <a href="{science}/apod/calendar/">Calendar</a>
| <a href="/feed/apod-basic/">RSS</a>
| <a href="{science}/apod/about-apod/">About APOD</a>
| <a href="{next_link}">&gt;</a>

<hr><p>
<b> Authors & editors: </b>
Ada Quill, Ben Marlow<br>
</center>
</body>
</html>"""


def human_day(day: date) -> str:
    """A day as it stands above a picture: 2026 September 16."""
    return f"{day.year} {month_name(day).capitalize()} {day.day}"


def code_of(day: date) -> str:
    """The day's code in addresses; with the full year from 2095 on, where two digits no longer tell."""
    return short_code(day) if day.year < 2095 else f"{day.year}{short_code(day)[2:]}"


def permalink(day: date, title: str, hosts: Hosts) -> str:
    """The article's address."""
    slug = _SLUG.sub("-", title.lower().replace("'", "")).strip("-")
    return f"{hosts.science}/image-article/apod-{day.year}-{month_name(day)}-{day.day}-{slug}/"


def _last_entry(day: date) -> date:
    day -= timedelta(days=1)
    while not has_entry(day) and day.year >= 1995:
        day -= timedelta(days=1)
    return day


def _quotes(text: str, luck: int) -> str:
    """The apostrophes of this day: plain, curly, or one of two entities."""
    apostrophe = ("'", "&#8217;", "\u2019", "&#039;")[luck % 4]
    return text if apostrophe == "'" else text.replace("'", apostrophe)


def _title(sketch: Sketch) -> str:
    title = _quotes(escape(sketch.title, quote=False), sketch.luck // 4)
    return title.replace(' "', " &#8220;", 1).replace('" ', "&#8221; ", 1) if sketch.luck % 2 else title


def _explanation(sketch: Sketch, seed: int, hosts: Hosts) -> str:
    migrated, luck = sketch.day < REDESIGNED, sketch.luck
    text = _quotes(escape(sketch.explanation, quote=False), luck)
    target = ' target="_blank"' if migrated else ""
    for phrase in sketch.links:
        address = f"https://example.org/sky/{phrase.lower().replace(' ', '-')}"
        text = text.replace(phrase, f'<a href="{address}"{target}>{phrase}</a>', 1)
    tomorrow = escape(title_of(next_entry(sketch.day), seed), quote=False)
    if migrated:
        text = text.replace("</a>,", "</a> ,").replace("</a>.", "</a> .").replace("</a>:", "</a> :")
        note = f"<br /><br /><b> Tomorrow&#039;s picture: </b> {tomorrow} <br />" if luck % 8 < 5 else ""
        return f"<strong>Explanation:</strong> {text}{note}"
    if luck % 2:
        text = text.replace(" <a ", "\u00a0<a ").replace("</a> ", "</a>\u00a0")
    lead = "<strong>Explanation:\u00a0</strong>" if luck % 2 else "<strong>Explanation: </strong>"
    note = _linked_title(tomorrow, sketch, seed, hosts)
    return f"{lead}{text}<br><br><strong>Tomorrow's picture:\u00a0</strong>{note}"


def _linked_title(tomorrow: str, sketch: Sketch, seed: int, hosts: Hosts) -> str:
    if sketch.luck % 3:
        return tomorrow.lower()
    day = next_entry(sketch.day)
    return f'<a href="{permalink(day, title_of(day, seed), hosts)}">{tomorrow}</a>'


def _credit(sketch: Sketch) -> str:
    """The credit line in HTML; on typed days a bare name claims a copyright, as often as not."""
    migrated = sketch.day < REDESIGNED
    target = ' target="_blank"' if migrated else ""
    first, comma, rest = escape(sketch.credit, quote=False).partition(", ")
    address = f"https://example.org/{_SLUG.sub('-', sketch.credit.lower()).strip('-')}"
    holder = f'<a href="{address}"{target}>{first}</a>{" , " if comma and migrated else comma}{rest}'
    if "licence_only" in sketch.dirts:
        label = f"Image Credit &amp; {_LICENCE}:"
    elif not sketch.claimed:
        label = "Image Credit:"
    elif migrated and sketch.luck % 5 == 0:
        label = 'Image Credit &amp; <a href="https://example.org/about">Copyright</a>:'
    elif migrated or sketch.luck % 2:
        label = "Image Credit &amp; Copyright:"
    else:
        return holder
    return f"<b> {label} </b> {holder}" if migrated else f"<strong>{label}</strong> {holder}"


def original_url(sketch: Sketch, hosts: Hosts, extension: str) -> str:
    """Where the original file of a day is now."""
    if "foreign_host" in sketch.dirts and sketch.media == "image":
        return "http://telescope.example.org/live/field.gif"
    day = sketch.picture_day
    folder = f"/content/dam/science/cds/apod/apod/{day.year}/{month_name(day)}"
    return f"{hosts.assets}{folder}/{sketch.stem}{extension}"


def _rendition(sketch: Sketch, hosts: Hosts) -> str | bool:
    """`hdurl`: a picture of the CDN in its full size, a generic picture, or false."""
    luck = sketch.luck
    generic = f"{hosts.assets}{GENERIC_PICTURE}?w=594&h=516&fit=clip"
    if sketch.media in {"page", "none"} or luck < 4:
        return generic
    if luck < 6:
        return False
    width, height = size_of(sketch.stem if sketch.media == "image" else f"{sketch.stem}_snapshot")
    extension = extension_of(sketch) if sketch.media == "image" else "_snapshot.png"
    url = original_url(sketch, hosts, extension)
    if sketch.media != "image" and luck % 7 == 0:
        width = height = 0
    if sketch.day >= REDESIGNED or luck % 2:
        url = url.replace("/content/dam/", "/dynamicimage/assets/")
    return f"{url}?w={width}&h={height}&fit=clip&crop=faces%2Cfocalpoint"


def _medium(sketch: Sketch, hosts: Hosts, edit: Edit) -> str:
    """The picture or player as it stands in the page; lost on a few days whose rendition is left."""
    given = edit.get("url")
    if sketch.media == "none" or (sketch.media == "image" and 6 <= sketch.luck < 9 and not given):
        return ""
    if sketch.media == "image":
        url = escape(given if isinstance(given, str) else original_url(sketch, hosts, extension_of(sketch)))
        return f'<a href="{url}">\n<IMG SRC="{url}" alt="{escape(_alt(sketch))}"></a>'
    if sketch.media == "film":
        url = escape(given if isinstance(given, str) else original_url(sketch, hosts, ".mp4"))
        return f'<video controls title="">\n<source src="{url}" type="video/mp4">\n</video>'
    player = given if isinstance(given, str) else video_url(sketch, hosts)
    if sketch.luck % 5 == 0:
        player = player.removeprefix("https:")
    return f'<iframe width="960" height="540" src="{escape(player)}" allowfullscreen></iframe>'


def _alt(sketch: Sketch) -> str:
    if sketch.day < REDESIGNED:
        return "The explanation tells what is seen. A click leads to the largest version of the picture."
    return f"A view of {sketch.links[0]}, one of the sights of {sketch.links[1]}."


def _post_id(sketch: Sketch) -> int | str | None:
    number = 500_000 + sketch.day.toordinal()
    if sketch.luck >= 250:
        return None
    return str(number) if sketch.luck >= 238 else number


def _media_type(sketch: Sketch) -> str:
    if sketch.media in {"image", "none"}:
        return "image"
    return "video" if sketch.media == "film" or sketch.luck % 3 == 0 else "iframe"


def entry_from(sketch: Sketch, seed: int, hosts: Hosts, visit: str, edit: Edit) -> dict[str, object]:
    """One day as the new service tells it.

    Args:
        sketch: The day, its edits already in the texts.
        seed: For the titles of the days before and after.
        hosts: Where addresses point.
        visit: An identifier of this very fetch; it stands in `basic_html`.
        edit: Fields that replace what would be told: `url` (the medium's), `hdurl`, `credit`, `alt`.
    """
    link = permalink(sketch.day, sketch.title, hosts)
    title, explanation = _title(sketch), _explanation(sketch, seed, hosts)
    credit = edit.get("credit") or _credit(sketch)
    hdurl = edit["hdurl"] or False if "hdurl" in edit else _rendition(sketch, hosts)
    following, before = next_entry(sketch.day), _last_entry(sketch.day)
    next_title = title_of(following, seed)
    page = _PAGE.format(
        day=sketch.day,
        human_day=human_day(sketch.day),
        title=title,
        permalink=link,
        description=escape(sketch.explanation),
        og_image=str(hdurl or "").replace("&", "&#038;"),
        visit=visit,
        science=hosts.science,
        medium=_medium(sketch, hosts, edit),
        credit=credit,
        explanation=explanation,
        next_link=permalink(following, next_title, hosts),
        next_title=f"{human_day(following)} &#8211; {escape(next_title, quote=False)}",
        last_link=permalink(before, title_of(before, seed), hosts),
    )
    return {
        "date": sketch.day.isoformat(),
        "post_id": _post_id(sketch),
        "title": title,
        "permalink": link,
        "media_type": _media_type(sketch),
        "explanation": explanation,
        "credit": credit,
        "copyright": credit,
        "alt": edit.get("alt") or _alt(sketch),
        "url": link,
        "hdurl": hdurl,
        "basic_html": page,
        "basic_html_url": f"{hosts.science}/wp-json/wp/v2/apod-basic/{code_of(sketch.day)}/html",
    }
