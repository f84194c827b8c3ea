"""How the old service words a day: the page as NASA's parser read it, dirt included.

Takes a sketch and the hosts that addresses point at, gives the record of `/planetary/apod` (strings only,
absent fields left out, keys in alphabetical order), never a field that is null.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from apod_pipeline.simulator.generated import Sketch, has_entry, sketch_of, title_of

if TYPE_CHECKING:
    from collections.abc import Callable

_GIF_UNTIL = 1997  # pictures of the first years are mostly GIFs
_LEAD = "Today's Picture:    Explanation:  "
_FOOT = "   We keep an  archive file  of all plates.  These pages are written by  Ada Quill and  Ben Marlow ."
_MENU = (
    "  < Archive | Index | Search | Calendar | Glossary | Education | About APOD >  "
    "Authors & editors: Ada Quill & Ben Marlow."
)
_COLUMN_MENU = (
    " \n \n\n| Archive \n| Glossary \n| Education \n| About APOD |\n \n\nThis page is copyrighted by \nAda \nQuill.\n\n"
)
_LOGO = "/wp-content/themes/nasa/assets/images/nasa-logo@2x.png"
_GREETING = "Discover the cosmos! Here you find a new view of the sky every day, and what it shows."


class Hosts(NamedTuple):
    """Where addresses in the entries point: NASA's own hosts, or one simulator."""

    old: str = "https://apod.nasa.gov"
    assets: str = "https://assets.science.nasa.gov"
    science: str = "https://science.nasa.gov"


def next_entry(day: date) -> date:
    """The day of the entry after this one."""
    day += timedelta(days=1)
    while not has_entry(day):
        day += timedelta(days=1)
    return day


def short_code(day: date) -> str:
    """A day as YYMMDD, the form of all the services' page names."""
    return f"{day.year % 100:02d}{day.month:02d}{day.day:02d}"


def extension_of(sketch: Sketch) -> str:
    """The picture file's extension, the same wherever the picture is shown."""
    if sketch.picture_day.year <= _GIF_UNTIL and len(sketch.stem) % 3:
        return ".gif"
    return ".png" if len(sketch.stem) % 7 == 0 else ".jpg"


def _eaten(text: str, sketch: Sketch) -> str:
    cut = 3 + sketch.luck % 9
    while not (text[cut - 1].isalpha() and text[cut].isalpha()):
        cut += 1
    return text[cut:]


def _scripted(text: str, sketch: Sketch) -> str:
    page = f"http://apod.nasa.gov/apod/ap{short_code(sketch.day)}.html"
    return f"{text}   digg_url = '{page}'; digg_skin = 'narrow';"


def _lost_letter(text: str, sketch: Sketch) -> str:
    place = text.index("a", 40 + sketch.luck % 100)
    return f"{text[:place]}\ufffd{text[place + 1 :]}"


_TEXT_SOILS: dict[str, Callable[[str, Sketch], str]] = {
    "double_blanks": lambda text, _: text.replace(". ", ".  ").replace("? ", "?  "),
    "eaten_letters": _eaten,
    "page_script": _scripted,
    "lost_letter": _lost_letter,
    "carriage_returns": lambda text, _: "\r " + text.replace(", ", ",\r ").replace(". ", ". \r ") + "\r \r",
    "no_break_space": lambda text, _: text.replace(". ", ".\u00a0", 2),
    "empty_explanation": lambda *_: "",
    "cut_short": lambda text, sketch: " ".join(text.split(" ", 5 + sketch.luck % 3)[:-1]),
    "first_row_lead": lambda text, _: f"{_LEAD}{text}{_FOOT}",
}


def _explanation(sketch: Sketch, seed: int) -> str:
    text = sketch.explanation
    for kind, soil in _TEXT_SOILS.items():
        if kind in sketch.dirts:
            text = soil(text, sketch)
    if "navigation_text" in sketch.dirts:
        menu = f"Tomorrow's picture: {title_of(next_entry(sketch.day), seed)}{_MENU}"
        text = menu if sketch.luck % 2 else f"{text}  {menu}"
    return text


def _copyright(sketch: Sketch, seed: int) -> str:
    credit = sketch.credit
    if "copyright_newlines" in sketch.dirts:
        first, _, last = credit.partition(" ")
        return f"\n{credit}\n" if sketch.luck % 2 else f"{first}\n{last}"
    if "copyright_blanks" in sketch.dirts:
        return f" {credit} " if sketch.luck % 2 else f"{credit}  "
    if "explanation_in_copyright" in sketch.dirts:
        broken = sketch.explanation.replace(", ", ", \n").replace(". ", ".\n")
        tomorrow = title_of(next_entry(sketch.day), seed)
        holder = credit.replace(" ", "\n") if sketch.luck % 2 else ""
        return f"{holder}\n Explanation:  \n{broken} \n\n\nTomorrow's picture: {tomorrow}{_COLUMN_MENU}"
    return credit


def _title(sketch: Sketch) -> str:
    if "title_credit_line" not in sketch.dirts:
        return sketch.title
    return f"{sketch.title}\r\nCredit and Copyright:" if sketch.claimed else f"{sketch.title}\nCredit:"


def _image_urls(sketch: Sketch, hosts: Hosts) -> tuple[str, str]:
    """The smaller and the larger picture; they are the same on a quarter of the days."""
    dirts, day = sketch.dirts, sketch.picture_day
    base = f"{hosts.old}/apod/image/{short_code(day)[:4]}/{sketch.stem}"
    extension = extension_of(sketch)
    if "foreign_host" in dirts:
        return (f"http://telescope.example.org/live/{short_code(day)}.gif",) * 2
    if "url_blank" in dirts:
        base = base.replace("_", " ")
    large = f"{base}{extension}"
    small = large if len(sketch.stem) % 4 == 0 else f"{base}_1024{extension}"
    if "film_hdurl" in dirts:
        large = f"{base}{('.mpg', '.mov', '.avi')[sketch.luck % 3]}"
    elif "hdurl_trailing_blank" in dirts:
        large += " "
    return small, large


def video_url(sketch: Sketch, hosts: Hosts) -> str:
    """Where the old service says that a day's video is."""
    if sketch.media == "youtube":
        scheme = "" if "protocol_relative_url" in sketch.dirts else "https:"
        return f"{scheme}//www.youtube.com/embed/{sketch.video}?rel=0"
    if sketch.media == "vimeo":
        return f"https://player.vimeo.com/video/{sketch.video}?title=0&byline=0&portrait=0"
    folder = f"{hosts.old}/apod/image/{short_code(sketch.day)[:4]}"
    return f"{folder}/{sketch.stem}/tour.html" if sketch.media == "page" else f"{folder}/{sketch.stem}.mp4"


def record_from(sketch: Sketch, seed: int = 0, hosts: Hosts | None = None) -> dict[str, str]:
    """The old service's answer for a sketched day."""
    hosts = hosts or Hosts()
    record: dict[str, str] = {}
    if sketch.claimed:
        record["copyright"] = _copyright(sketch, seed)
    record["date"] = sketch.day.isoformat()
    record["explanation"] = _explanation(sketch, seed)
    url = ""
    if sketch.media == "image":
        url, record["hdurl"] = _image_urls(sketch, hosts)
    elif sketch.media != "none":
        url = video_url(sketch, hosts)
    record["media_type"] = {"image": "image", "none": "other"}.get(sketch.media, "video")
    record["service_version"] = "v1"
    record["title"] = _title(sketch)
    if url:
        record["url"] = url
    return record


def record_of(day: date, seed: int = 0, hosts: Hosts | None = None) -> dict[str, str]:
    """The old service's answer for a day.

    Returns:
        `date`, `title`, `explanation`, `media_type`, `service_version`; `url`, `hdurl`, `copyright` if any.

    Raises:
        SettingsError: The day has no entry (before 1995-06-16, or one of the four real gaps).
    """
    return record_from(sketch_of(day, seed), seed, hosts)


def placeholder_for(day: date, explanation: str | None, hosts: Hosts) -> dict[str, str]:
    """What the old service has answered for any day since the site moved: the right date, and NASA's logo.

    On every other day it kept the right explanation, so that only title and picture give it away.
    """
    kept = day.toordinal() % 2 == 0 and explanation is not None
    return {
        "date": day.isoformat(),
        "explanation": str(explanation) if kept else _GREETING,
        "hdurl": f"{hosts.science}{_LOGO}",
        "media_type": "image",
        "service_version": "v1",
        "title": "NASA Science",
        "url": f"{hosts.science}{_LOGO}",
    }
