"""An archive as DVC's repository, with the configuration that this machine decided on and no other.

Takes an archive's folder, the DVC remote of the settings and a folder for DVC's scratch; gives DVC's own object. DVC
reads four files of configuration, at every step anew: the machine's, the user's, one that comes with a pull and the
archive's own one. Here it is told what they come to: a user's habits and whoever pushes never decide anything.
"""

from __future__ import annotations

import copy
import os
from functools import cached_property
from pathlib import Path
from typing import Any

from apod_pipeline.versioning.dvc_settings import REMOTE, SCRATCH, options


def opened(root: Path, remote: str, scratch: Path) -> Any:  # noqa: ANN401 - DVC is untyped
    """The repository; the caller closes it.

    Args:
        root: the archive's folder, where DVC was set up already.
        remote: any DVC remote URL, or a folder.
        scratch: what DVC may keep for itself.

    Raises:
        ConfigError: of DVC, naming an option of the remote that it does not know.
    """
    from dvc.config import Config, get_compiled_schema
    from dvc.repo import Repo

    decided: dict[str, Any] = {str(section): {} for section in get_compiled_schema().schema}
    decided["core"] = {
        "analytics": False,
        "autostage": True,
        "check_update": False,
        "hardlink_lock": False,
        "remote": REMOTE,
        "site_cache_dir": os.environ.get(SCRATCH) or str(scratch),
    }
    decided["cache"] = {"dir": str(root / ".dvc" / "cache"), "type": "reflink,copy"}
    decided["remote"] = {REMOTE: options(root, remote) | {"url": remote}}

    def load(self: Any, **_: object) -> None:  # noqa: ANN401 - DVC is untyped
        self.clear()
        self.update(self.validate(copy.deepcopy(decided)))

    class_of_config = type("Decided", (Config,), {"load": load})
    config = cached_property(lambda self: class_of_config(self.dvc_dir, local_dvc_dir=self.dvc_dir, fs=self.fs))
    # What Git is to ignore in `.dvc`, it was told when DVC was set up: to ask thrice at every opening takes long.
    class_of_repo = type("Archive", (Repo,), {"config": config, "_ignore": lambda _: None})
    config.__set_name__(class_of_repo, "config")
    return class_of_repo(str(root))


def put(odb: Any, file: Path, oid: str, *, anew: bool = False) -> None:  # noqa: ANN401 - DVC is untyped
    """Let a remote hold an object, whole or not at all; in the place of another of its name where it is sent anew."""
    target = odb.oid_to_path(oid)
    odb.fs.makedirs(odb.fs.parent(target), exist_ok=True)
    odb.fs.put(str(file), f"{target}.partial")
    if anew and odb.fs.exists(target):
        odb.fs.remove(target)  # not every kind of remote replaces a file by another
    odb.fs.move(f"{target}.partial", target)
