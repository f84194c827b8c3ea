"""Whether every picture that is told of is here and is what it was.

Takes the pictures of an archive, gives findings. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from apod_pipeline.audit.findings import found
from apod_pipeline.extras.pictures.collection import FOLDER, Pictures
from apod_pipeline.model import Finding
from apod_pipeline.versions.commits import pointer_hashes

MEND = "apod pictures sync --verify"


def verified(pictures: Pictures) -> Iterator[Finding]:
    """Every kept file by its hash, its thumbnail by its presence, and whether DVC keeps both."""
    told = pictures.notes.told()
    lines = {line["sha256"]: line for every in told.kept.values() for line in every}
    with ThreadPoolExecutor(2) as pool:  # hashing works outside of Python's lock
        sound = pool.map(pictures.shelf.is_sound, lines, (line["type"] for line in lines.values()))
        wrong = [f"{line['key']} {line['role']}" for line, well in zip(lines.values(), sound, strict=True) if not well]
    says = f"{len(lines)} files, every byte; {len(told.refused)} pictures not to be had"
    yield found("pictures", wrong, well=says, ill=f"{{count}} of {len(lines)} files are gone or damaged", do=MEND)
    unkept = [folder.name for folder in pictures.folders(told)]
    well = f"{len(pointer_hashes(pictures.archive, FOLDER))} folders kept by DVC"
    yield found("picture folders", unkept, well=well, ill="{count} folders hold files that DVC does not keep", do=MEND)


def examined(pictures: Pictures) -> Iterator[Finding]:
    """Which proxy asks for us."""
    from apod_pipeline.extras.pictures.downloading import Downloads
    from apod_pipeline.extras.pictures.guard import Guard

    for scheme, proxy in Downloads(pictures.shelf.incoming, Guard()).proxies.items():
        yield Finding(f"{scheme} proxy", "ok", f"pictures are asked for through {proxy.rpartition('@')[2]}")
