"""Whether the newest version in the store is whole: every object with its size, some of them read and hashed.

Takes a bucket and where doubts are written down, gives findings. Changes nothing in the store, but for a probe's.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.audit.findings import found, in_short
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectGone
from apod_pipeline.extras.objectstore.doubts import doubt
from apod_pipeline.extras.objectstore.manifest import File, Manifest, newest_of, object_of
from apod_pipeline.extras.objectstore.pointers import Pointers
from apod_pipeline.extras.objectstore.probing import LATEST, NUMBERED, SINGLE
from apod_pipeline.model import Finding

MEND = "apod run"  # also where nothing is new: what is missing is sent again
SAMPLE = 5  # objects that are read
MANNERS = {
    LATEST: "the pointer is moved by If-Match",
    NUMBERED: "pointers are numbered, each created by If-None-Match",
    SINGLE: "one publisher only: the pointer is just written",
}


def verified(bucket: Bucket, archive: Archive | None, *, every: bool = False) -> Iterator[Finding]:
    """The newest version's objects.

    Args:
        bucket: where.
        archive: the one here; None where there is none.
        every: read them all, not some.
    """
    pointers = Pointers(bucket)
    try:
        pointed = pointers.read()
        if pointed is None:
            yield Finding("object store", "bad", f"nothing was ever published to {bucket.where}", MEND)
            return
        manifest = pointers.manifest(pointed.pointer)
        wrong = _wrong(bucket, manifest, every=every)
    except ApodError as error:
        yield _away(error)
        return
    if archive:
        doubt(archive, wrong)
    read = len(manifest.files) if every else min(SAMPLE, len(manifest.files))
    says = f"{len(manifest.files)} objects with their sizes, {read} read and hashed"
    yield found("object store", sorted(wrong), well=says, ill="{count} objects are gone or damaged", do=MEND)
    if archive:
        yield from _behind(archive, manifest)


def _wrong(bucket: Bucket, manifest: Manifest, *, every: bool) -> set[str]:
    files = {file.object: file for file in manifest.files.values()}
    copy = newest_of(manifest.parquet.path)
    files[copy] = manifest.parquet._replace(object=copy)
    sizes = {**bucket.sizes("objects/"), **bucket.sizes("parquet/"), **bucket.sizes("newest/")}
    wrong = {name for name, file in files.items() if sizes.get(name) != file.bytes}
    left = [file for name, file in files.items() if name not in wrong]
    read = left if every else random.sample(left, min(SAMPLE, len(left)))
    return wrong | {file.object for file in read if not _is_sound(bucket, file)}


def _is_sound(bucket: Bucket, file: File) -> bool:
    digest = hashlib.sha256()
    try:
        for piece in bucket.pieces(file.object):
            digest.update(piece)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == file.sha256


def _behind(archive: Archive, manifest: Manifest) -> Iterator[Finding]:
    last = Ledger(archive).versions()[-1:]
    if last and last[0].at > manifest.at:
        says = f"it stands at the version of {timestamp(manifest.at)}, this archive at {timestamp(last[0].at)}"
        yield Finding("object store's version", "bad", says, MEND)
    elif last and last[0].at == manifest.at and archive.parquet.is_file():
        path = archive.relative(archive.csv)
        from apod_pipeline.archive.writing import sha256

        same = archive.csv.is_file() and manifest.files[path].object == object_of(sha256(archive.csv))
        says = f"that of {timestamp(manifest.at)}, as here" if same else f"{path} is another one there"
        yield Finding("object store's version", "ok" if same else "bad", says, "" if same else MEND)


def examined(bucket: Bucket) -> Iterator[Finding]:
    """Whether the store answers, and what it honours."""
    pointers = Pointers(bucket)
    try:
        layout, honours = pointers.layout(), pointers.honours()
    except ApodError as error:
        yield _away(error)
        return
    manner = layout["pointer"] if layout else honours.manner(single=bucket.wishes.single_publisher)
    if manner is None:
        do = "set APOD_OBJECTSTORE_SINGLE_PUBLISHER=true where only this archive publishes there"
        yield Finding("object store", "bad", f"{bucket.where}: {honours.says}", do)
        return
    found_out = "found at the first publication" if layout else "tried now"
    yield Finding("object store", "ok", f"{bucket.where}: {honours.says} ({found_out}); {MANNERS[manner]}")


def standing(bucket: Bucket) -> dict[str, str]:
    """What the store stands at, in a line."""
    return {"object store": _asked(bucket, lambda: _stands(Pointers(bucket)))}


def _stands(pointers: Pointers) -> str:
    pointed = pointers.read()
    return f"version of {timestamp(pointed.pointer.at)}" if pointed else "nothing was published yet"


def _asked(bucket: Bucket, ask: Callable[[], str]) -> str:
    try:
        return f"{bucket.where}: {ask()}"
    except ApodError as error:
        return in_short(error)


def _away(error: ApodError) -> Finding:
    return Finding(
        "object store", "bad", in_short(error), MEND if isinstance(error, ObjectGone) else "apod store status"
    )
