"""Files and folders taken into DVC's cache, with their hashes in the `.dvc` files beside them.

Takes DVC's repository and paths of an archive that are whole; gives what `dvc add` and `dvc commit` give, to the byte,
by the functions of DVC's that hash and copy, in a quarter of the time: DVC would read every `.dvc` file, build a graph
of them, ask Git what it ignores and hash twice. A path about which anything is unusual (a `.dvc` file that somebody
edited, a file that Git tracks or `.dvcignore` hides) is left to DVC's own commands, and to what these say of it. Never
touches the file itself: it stays where it is while it is read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from apod_pipeline.archive.writing import replacing

USUAL = re.compile(
    rb"outs:\n- md5: \S+\n  size: \d+\n(?:  nfiles: \d+\n)?  hash: md5\n  path: \S+\n(?:  desc: older [^\n]+\n)?"
)
NAME = re.compile(r"(?!(?:null|true|false|yes|no|on|off|y|n)$)[A-Za-z_][\w.-]*|[0-9a-f]{2}", re.IGNORECASE | re.ASCII)


def keep(
    repo: Any,  # noqa: ANN401 - DVC is untyped
    paths: Sequence[Path],
    said: Callable[[Path], str],
    tracked: Callable[[], Collection[str]],
    *,
    linked: bool = False,
) -> None:
    """Take paths into the cache, and write their `.dvc` files.

    Args:
        repo: DVC's.
        paths: files, or folders of files.
        said: a path as DVC is told of it.
        tracked: gives the names that Git's index holds.
        linked: whether the cache's copies may be other names of files that nobody ever writes to.
    """
    if not paths:
        return
    names = tracked()
    ours = [path for path in paths if _is_usual(repo, path, said, names)]
    with _alone(repo, [said(path) for path in ours]):
        for path in ours:
            _keep(repo, path, said(path), linked=linked)
    others = [path for path in paths if path not in ours]
    if new := [said(path) for path in others if not _pointer(path).exists()]:
        repo.add(new)
    for path in others:
        if said(path) not in new:  # `dvc add` would build the graph of all stages first
            repo.commit(said(_pointer(path)), force=True)


def _pointer(path: Path) -> Path:
    return Path(f"{path}.dvc")


def _is_usual(repo: Any, path: Path, said: Callable[[Path], str], names: Collection[str]) -> bool:  # noqa: ANN401 - DVC is untyped
    pointer, name = _pointer(path), path.relative_to(repo.root_dir).as_posix()
    if pointer.exists() and not USUAL.fullmatch(pointer.read_bytes()):
        return False
    if not NAME.fullmatch(path.name):
        return False
    is_folder = path.is_dir()
    if path.is_symlink() or not (is_folder or path.is_file()) or name in names:
        return False
    if is_folder and any(one.startswith(f"{name}/") for one in names):
        return False
    hidden = repo.dvcignore.is_ignored_dir if is_folder else repo.dvcignore.is_ignored_file
    return not hidden(said(path))


@contextmanager
def _alone(repo: Any, said: list[str]) -> Iterator[None]:  # noqa: ANN401 - DVC is untyped
    """With the locks that DVC's own commands take: nobody else writes there."""
    from dvc.repo import lock_repo
    from dvc.rwlock import rwlock

    with (
        lock_repo(repo),
        rwlock(repo.tmp_dir, repo.fs, " ".join(sys.argv), [], said, repo.config["core"].get("hardlink_lock", False)),
    ):
        yield


def _keep(repo: Any, path: Path, said: str, *, linked: bool) -> None:  # noqa: ANN401 - DVC is untyped
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.transfer import transfer

    cache, fs = repo.cache.local, repo.fs
    staging, meta, obj = build(cache, said, fs, "md5", ignore=repo.dvcignore, checksum_jobs=fs.hash_jobs)
    failed = transfer(staging, cache, {obj.hash_info}, shallow=False, hardlink=linked).failed
    if failed:
        raise OSError(f"{len(failed)} files of {path} could not be copied into DVC's cache")
    _see_ignored(path)
    name = f"'{path.name}'" if path.name.isdigit() else path.name  # else it were a number
    files = "" if meta.nfiles is None else f"  nfiles: {meta.nfiles}\n"
    text = f"outs:\n- md5: {obj.hash_info.value}\n  size: {meta.size}\n{files}  hash: md5\n  path: {name}\n"
    with replacing(_pointer(path), durable=False) as file:
        file.write(text.encode())


def _see_ignored(path: Path) -> None:
    """Let Git ignore what DVC keeps."""
    ignored, line = path.parent / ".gitignore", f"/{path.name}"
    told = ignored.read_text(encoding="utf-8", errors="surrogateescape") if ignored.exists() else ""
    if line not in told.splitlines():
        with replacing(ignored, durable=False) as file:
            start = told if told.endswith("\n") or not told else f"{told}\n"
            file.write(f"{start}{line}\n".encode(errors="surrogateescape"))
