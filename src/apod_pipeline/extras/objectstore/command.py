"""`apod store`: what the object store stands at, whether it is whole, its files brought back, what kills left swept.

Takes what was typed, asks the room, prints. Needs no archive: a bucket is enough.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apod_pipeline.cli.options import archive_option, settings_of
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.extras.objectstore.bucket import Bucket


@click.group()
def store() -> None:
    """Versions in an S3 bucket, and back from there.

    With APOD_EXTRAS=objectstore every run brings its version there. APOD_OBJECTSTORE_URL names the bucket, the usual
    AWS_* variables open it: see docs/objectstore.md.
    """


@store.command()
@archive_option
def status(archive: Path | None, *, as_json: bool) -> None:
    """Which version is the newest there, and what it is made of.

    Example: apod store status
    """
    from apod_pipeline.archive.lines import timestamp
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.objectstore.bringing import newest
    from apod_pipeline.extras.objectstore.pointers import Pointers

    bucket, _ = _bucket(archive)
    manifest = newest(bucket)
    layout = Pointers(bucket).layout() or {}
    counts = {
        "version": timestamp(manifest.at),
        "data_set": manifest.origin.dataset,
        "entries": manifest.entries,
        "rules": manifest.rules,
        "commit": manifest.commit,
        "files": len(manifest.whole),
        "pictures": len(manifest.pictures),
        "parquet_parts": len(manifest.parts),
        "bytes": sum(file.bytes for file in {file.object: file for file in manifest.files.values()}.values()),
        "pointer": layout.get("pointer"),
    }
    if as_json:
        return presentation.as_object(counts)
    shown = [(name.replace("_", " "), str(value)) for name, value in counts.items() if value is not None]
    return presentation.table(["object store", bucket.where], shown)


@store.command()
@click.option("--all", "every", is_flag=True, help="Read and hash every object, not five of them.")
@archive_option
def verify(archive: Path | None, *, every: bool, as_json: bool) -> None:
    """Look whether all of the newest version is there.

    Exit code 1 if not: the next run sends what is missing or damaged again.

    Example: apod store verify --all
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.objectstore.verifying import verified

    bucket, here = _bucket(archive)
    findings = [*verified(bucket, here, every=every)]
    if as_json:
        checks = [{"what": one.what, "well": one.well, "says": one.says, "do": one.do} for one in findings]
        presentation.as_object({"well": all(one.well for one in findings), "checks": checks})
    else:
        rows = [(finding.what, finding.state, finding.says, finding.do) for finding in findings]
        presentation.table(["what", "state", "found", "what to do"], rows)
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@store.command()
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where the files go."
)
@archive_option
def fetch(folder: Path, archive: Path | None, *, as_json: bool) -> None:
    """Bring the newest version's files from the bucket.

    CSV, JSON, Parquet and pictures, each verified by its SHA-256. No archive is needed. Files that are there already
    are not fetched again.

    Example: apod store fetch --to ./from-the-bucket
    """
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.objectstore.bringing import bring, newest

    bucket, _ = _bucket(archive)
    manifest = newest(bucket)
    with presentation.progress("fetching", len(manifest.whole)) as progress:
        counts = bring(bucket, manifest, folder, progress)
    presentation.done(f"written to {folder}", counts, as_json=as_json)


def _age(_context: click.Context, _option: click.Parameter, text: str) -> dt.timedelta:
    """`24h` or `7d` as a time."""
    found = re.fullmatch(r"(\d{1,5})([hd])", text)
    if not found:
        raise click.BadParameter("must be hours or days, such as 24h or 7d")
    return dt.timedelta(**{"hours" if found[2] == "h" else "days": int(found[1])})


@store.command()
@click.option(
    "--older-than", callback=_age, default="24h", show_default=True, metavar="AGE", help="Hours or days, such as 7d."
)
@archive_option
def sweep(older_than: dt.timedelta, archive: Path | None, *, as_json: bool) -> None:
    """End uploads that were killed half way.

    Their parts are in no object and take room unseen. Only what lies below the prefix and began that long ago is ended.
    Needs: pip install 'apod-pipeline[s3]'.

    Example: apod store sweep --older-than 7d
    """
    from apod_pipeline.archive.lines import timestamp
    from apod_pipeline.cli import presentation
    from apod_pipeline.extras.objectstore import sweeping

    bucket, _ = _bucket(archive)
    swept = sweeping.sweep(bucket.wishes, older_than)
    if as_json:
        told = [{"path": one.path, "begun": timestamp(one.begun)} for one in swept]
        return presentation.as_object({"swept": len(swept), "uploads": told})
    shown = [(one.path, timestamp(one.begun)) for one in swept]
    return presentation.table(["upload", "begun"], shown or [("none is older than that", "")])


def _bucket(archive: Path | None) -> tuple[Bucket, Archive | None]:
    """The bucket that is set, and the archive where there is one."""
    from apod_pipeline.extras.objectstore.bucket import Bucket
    from apod_pipeline.extras.objectstore.settings import wishes

    settings = settings_of(archive=archive)
    if "objectstore" not in settings.extras:
        settings = settings_of(archive=settings.archive, extras=",".join((*settings.extras, "objectstore")))
    wanted = wishes(settings)
    if wanted.url is None:
        raise SettingsError(
            "no object store is set. Nothing was asked; type: APOD_OBJECTSTORE_URL=s3://BUCKET/PREFIX apod store status"
        )
    from apod_pipeline.wiring import archive_of

    here = archive_of(settings)
    return Bucket(wanted), here if here.exists else None
