"""Commands about versions: log, diff, show, trace, tag.

Takes what was typed, asks the library, prints. All but tag only look. Never edits an entry.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from apod_pipeline.cli.options import DAY, archive_option, existing

if TYPE_CHECKING:
    from apod_pipeline.versions.commits import Changed
    from apod_pipeline.versions.comparing import Change


@click.command()
@click.option("-n", "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many of the newest.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@archive_option
def log(limit: int, archive: Path | None, *, everything: bool, as_json: bool) -> None:
    """The versions, newest first.

    When each was made and by whom, and how many entries it added (+), edited (~) and removed (-).

    Example: apod log -n 5
    """
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.cli import presentation
    from apod_pipeline.versions import commits

    known = list(commits.log(Archive(existing(archive).archive)))[::-1]
    shown = known if everything else known[:limit]
    if as_json:
        presentation.as_object({"versions": [_as_row(one) for one in shown]})
        return
    headings = ["version", "date (UTC)", "+", "~", "-", "entries", "CSV's MD5", "by", "release"]
    presentation.table(headings, [_as_cells(one) for one in shown])
    if len(shown) < len(known):
        click.echo(f"... and {len(known) - len(shown)} earlier ones; all of them with --all")


def _as_row(one: Changed) -> dict[str, Any]:
    from apod_pipeline.archive.lines import timestamp

    version, counts = one.version, {name: getattr(one, name) for name in ("added", "edited", "removed", "entries")}
    told = {"version": version.commit, "at": timestamp(version.at), "by": version.who, "subject": version.subject}
    return {**told, **counts, "csv_md5": one.csv_md5, "releases": version.tags, "code_version": version.code or None}


def _as_cells(one: Changed) -> tuple[Any, ...]:
    version = one.version
    counts = (one.added, one.edited, one.removed, "" if one.entries is None else one.entries)
    by = version.who.partition(" <")[0]
    return version.commit[:10], f"{version.at:%Y-%m-%d %H:%M:%S}", *counts, one.csv_md5, by, " ".join(version.tags)


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B", default="HEAD")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write one self-contained page.")
@archive_option
def diff(old: str, new: str, html: Path | None, archive: Path | None, *, as_json: bool) -> None:
    """What differs between two versions.

    Entry by entry, field by field. A and B are commits, tags, HEAD~3, days (their last state, UTC) or instants; B is
    the newest version when left out.
    Words that went stand in [-...-], words that came in {+...+}.

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


@click.command()
@click.argument("day", type=DAY)
@click.option("--as-of", "name", default="HEAD", help="A commit, tag, day (its last state, UTC) or instant.")
@archive_option
def show(day: dt.datetime, name: str, archive: Path | None, *, as_json: bool) -> None:
    """A day's entry, with every field.

    As it is, or with --as-of as it was known at another time.

    Example: apod show 2024-01-15 --as-of 2026-10-01
    """
    from apod_pipeline.archive.lines import timestamp
    from apod_pipeline.cli import presentation
    from apod_pipeline.errors import SettingsError
    from apod_pipeline.versions.wording import as_text
    from apod_pipeline.wiring import states

    known = states(existing(archive))
    version = known.version(name)
    entry = known.entry(version, day.date())
    if entry is None:
        raise SettingsError(
            f"{day.date()}: version {version.commit[:10]} of {timestamp(version.at)} has no entry of it. "
            f"`apod coverage --from {day.date()} --to {day.date()}` says what is known of it now."
        )
    if as_json:
        presentation.as_object({"version": version.commit, "at": timestamp(version.at), "entry": entry})
        return
    presentation.table(["field", "value"], [(n, as_text(value)) for n, value in entry.items() if value or n == "date"])
    click.echo(f"as of version {version.commit[:10]} of {timestamp(version.at)}")


@click.command()
@click.argument("day", type=DAY)
@click.argument("field", required=False)
@archive_option
def trace(day: dt.datetime, field: str | None, archive: Path | None, *, as_json: bool) -> None:
    """Where an entry's values come from.

    From which reply (hash, source, time), by which rules and code version, in which run and commit; of every field,
    or of one.

    Example: apod trace 2024-01-15 title
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.versions.tracing import lines
    from apod_pipeline.wiring import tracing

    told = tracing(existing(archive)).trace(day.date(), field)
    if as_json:
        presentation.as_object(told)
        return
    for line in lines(told):
        click.echo(line)


@click.command()
@click.argument("name")
@archive_option
def tag(name: str, archive: Path | None, *, as_json: bool) -> None:
    """Make a release of the newest version.

    An annotated tag with a summary; CHANGELOG.md and SHA256SUMS of the data are kept in the archive, and all is pushed.

    Example: apod tag v2026.11.22
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.wiring import releases

    with releases(existing(archive), presentation.tell) as maker:
        done = maker.make(name)
    if as_json:
        presentation.as_object(done)
        return
    click.echo(f"{done['tag']} is version {done['version'][:10]}")
    for line in done["summary"]:
        click.echo(line)
