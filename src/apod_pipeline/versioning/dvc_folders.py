"""Folders of many files that never change, of which some may be elsewhere: kept by DVC, one copy on the disk.

Takes DVC's repository and folders below `data/`; gives their listings, kept, with every file of the folder in them. A
file that is not here stays in its folder's listing. A file that is here becomes another name of DVC's own copy of it
(a hard link), where the file system has such: neither is ever written to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from apod_pipeline.versioning import dvc_keeping


def keep(
    repo: Any,  # noqa: ANN401 - DVC is untyped
    folders: Sequence[Path],
    said: Callable[[Path], str],
    listed: Callable[[Path], Mapping[str, str]],
    tracked: Callable[[], Collection[str]],
) -> None:
    """Take folders into DVC's cache, and their hashes into the `.dvc` files beside them.

    Args:
        repo: DVC's.
        folders: with a file or more in each.
        said: a path as DVC is told of it.
        listed: what a folder that is kept already holds by its listing: name -> hash.
        tracked: gives the names that Git's index holds.
    """
    whole: list[Path] = []
    added: list[Path] = []
    for folder in folders:
        here, before = _files(folder), listed(folder)
        if here.keys() >= before.keys():
            whole.append(folder)
        else:  # a file that is added by its own name joins those that are elsewhere
            added += [path for name, path in here.items() if name not in before]
    dvc_keeping.keep(repo, whole, said, tracked, linked=True)
    if added:
        repo.add([said(path) for path in added], relink=False)


def listing(repo: Any, oid: str) -> dict[str, str]:  # noqa: ANN401 - DVC is untyped
    """What a folder holds: name -> hash; its listing is brought from the remote where it is not here."""
    path = Path(repo.cache.local.oid_to_path(oid))
    if not path.exists():
        odb = repo.cloud.get_remote_odb(hash_name="md5")
        path.parent.mkdir(parents=True, exist_ok=True)
        odb.fs.get(odb.oid_to_path(oid), str(path))
    return {item["relpath"]: item["md5"] for item in json.loads(path.read_bytes())}


def share(repo: Any, folder: Path, listed: Mapping[str, str]) -> None:  # noqa: ANN401 - DVC is untyped
    """Let the folder's files be other names of the cache's, where that can be."""
    for name, path in _files(folder).items():
        if oid := listed.get(name):
            link(Path(repo.cache.local.oid_to_path(oid)), path)


def link(kept: Path, path: Path) -> bool:
    """Let a file be another name of a copy that is kept for good; false where that cannot be, and it stays as it is."""
    neighbour = path.with_name(f".{path.name}.partial")
    with suppress(OSError):
        if path.exists() and path.samefile(kept):
            return True
        neighbour.unlink(missing_ok=True)
        os.link(kept, neighbour)
        neighbour.replace(path)
        return True
    return False


def _files(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
