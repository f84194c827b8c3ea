"""`apod diff`: what differs between two versions.

Takes what was typed, asks the library, prints. Only looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import archive_option, existing

if TYPE_CHECKING:
    from apod_pipeline.versions.comparing import Change


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B", default="HEAD")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one self-contained HTML page.")
@archive_option
def diff(old: str, new: str, html: Path | None, archive: Path | None, *, as_json: bool) -> None:
    """Show what differs between two versions.

    Entry by entry, field by field. A and B are commits, tags, HEAD~3, days (their last state, UTC) or instants; B
    defaults to the newest version. Removed words are shown in [-...-], added words in {+...+}.

    Example: apod diff 2026-11-01 HEAD --html changes.html
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.wiring import states

    known = states(existing(archive))
    before, after = known.version(old), known.version(new)
    difference = known.difference(before, after)
    if as_json:
        _print_object(before.commit, after.commit, difference.counts, difference.changes())
        return
    if html:
        from apod_pipeline.archive.writing import replacing
        from apod_pipeline.versions.changes_page import page

        with replacing(html.absolute()) as file:
            file.writelines(part.encode() for part in page(before, after, difference.counts, difference.changes()))
        click.echo(f"{html} is written")
    else:
        presentation.changes(difference.changes(brief=True))
    told = ", ".join(f"{count} {kind}" for kind, count in difference.counts.items())
    click.echo(f"{before.commit[:10]} to {after.commit[:10]}: {told}")


def _print_object(old: str, new: str, counts: dict[str, int], changes: Iterable[Change]) -> None:
    """One JSON object, printed as it is read: it may be as large as the archive."""
    import json

    for part in _json_parts({"from": old, "to": new, "counts": counts}, changes, json.dumps):
        click.echo(part, nl=False)


def _json_parts(head: dict[str, Any], changes: Iterable[Change], dumps: Any) -> Iterator[str]:  # noqa: ANN401
    yield dumps(head)[:-1] + ', "changes": ['
    separator = "\n"
    for change in changes:
        told = {name: {"from": old, "to": new} for name, (old, new) in change.fields.items()}
        yield separator + dumps({"date": change.key, "kind": change.kind, "fields": told}, ensure_ascii=False)
        separator = ",\n"
    yield "\n]}\n"
