"""`apod datasets`: what archives can be of.

Takes what was typed, asks what is installed, prints. Only looks.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from apod_pipeline.dataset.about import About
    from apod_pipeline.dataset.description import DataSet

WIDTH = 120  # letters of a line


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def datasets(*, as_json: bool) -> None:
    """Show what archives can be of: the data sets that are installed.

    Of each: what it is, where it comes from, what may be done with it, which days it has and how large it is. `apod
    init --dataset NAME` begins an archive of one.

    Example: apod datasets --json
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.dataset.installed import data_set, names
    from apod_pipeline.errors import SettingsError

    found = []
    for name in names():
        try:
            found.append(_told(data_set(name)))
        except SettingsError as error:  # one that is broken hides none of the others
            presentation.tell(f"apod: {error}", "error")
    if as_json:
        presentation.as_object({"datasets": found})
        return
    for one in found:
        click.echo(f"{click.style(one['name'], bold=True)}  {one['title']}")
        for word, text in _lines(one):
            click.echo(fill(text, WIDTH, initial_indent=f"  {word:<8}", subsequent_indent=" " * 10))


def _told(one: DataSet) -> dict[str, Any]:
    about, days = one.about, one.calendar
    return {
        "name": one.name,
        "title": about.title,
        "creator": about.creator,
        "homepage": about.homepage,
        "origins": [{"source": name, **origin._asdict()} for name, origin in about.origins.items()],
        "licence": about.licence,
        "rights": _rights(about),
        "first_day": str(days.first_day),
        "zone": days.zone,
        "days_ahead": days.ahead,
        "size": about.size or None,
    }


def _rights(about: About) -> str:
    """The licence of the whole, and what is to be known of single entries; whatever of it is known."""
    known = [about.licence, about.rights and about.rights.notes]
    return "; ".join(text for text in known if text) or "nothing is known of them"


def _lines(one: dict[str, Any]) -> list[tuple[str, str]]:
    ahead = f", to {one['days_ahead']} days ahead" if one["days_ahead"] else ""
    return [
        ("of", f"{one['creator']}, {one['homepage']}"),
        *(("from", f"{origin['title']} ({origin['source']}), {origin['page']}") for origin in one["origins"]),
        ("rights", one["rights"]),
        ("days", f"from {one['first_day']}{ahead}; a day begins at midnight in {one['zone']}"),
        ("size", one["size"] or "not known"),
    ]
