"""What DVC is told in an archive, whatever its user, or whoever pushes to the Git remote, has told it otherwise.

Takes an archive's folder, the DVC remote of the settings and a folder for DVC's scratch; gives the variables that keep
a user's own configuration out, and sees that the archive's two files say the same, so that a `dvc` typed there agrees:

- `.dvc/config`, committed: where everybody has the objects from. It comes with a pull, so it is data: what it says
  beside the address, and might send objects or keys elsewhere, is not followed.
- `.dvc/config.local`, this machine's: the remote in use, the cache, the locks; and what the user wrote for the remote.

Never touches a file outside of the archive. The files are written as UTF-8: DVC's own writer knows ASCII only.
"""

from __future__ import annotations

import io
import logging
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apod_pipeline.archive.writing import replacing

log = logging.getLogger(__name__)

REMOTE, SECTION = "storage", 'remote "storage"'
SCRATCH = "DVC_SITE_CACHE_DIR"
# Options of a remote that neither name a place, a file or a command nor hold a secret: followed from a pull too.
HARMLESS = {
    *("url", "jobs", "checksum_jobs", "region", "acl", "sse", "type"),
    *("timeout", "connect_timeout", "read_timeout", "max_sessions"),
}
FILES = {"keyfile", "credentialpath", "configpath", "cert_path", "key_path"}  # named from inside of `.dvc`


IGNORED = ("config.local", "tmp", "cache")  # of `.dvc`, by Git
DVCIGNORE = """# Add patterns of files dvc should ignore, which could improve
# the performance. Learn more at
# https://dvc.org/doc/user-guide/dvcignore
"""


def begin(root: Path, remote: str) -> None:
    """Let the files that `dvc init` makes be there, with its own words, and name the remote; what they say is kept.

    DVC's own way takes longer than all else that it does in a small archive, and throws away what it finds.
    """
    inside = root / ".dvc"
    inside.mkdir(exist_ok=True)
    _see_lines(inside / ".gitignore", [f"/{name}" for name in IGNORED])
    if not (root / ".dvcignore").exists():
        _put(root / ".dvcignore", DVCIGNORE)
    config = inside / "config"
    if not config.exists() or REMOTE not in config.read_text(encoding="utf-8", errors="replace"):
        share(root, remote)


def environment(scratch: Path) -> dict[str, str]:
    """The variables under which DVC reads the archive's own files only, and keeps its scratch in the archive."""
    nowhere = str(scratch / "nobodys-settings")
    said = os.environ.get(SCRATCH) or str(scratch)
    return {SCRATCH: said, "DVC_GLOBAL_CONFIG_DIR": nowhere, "DVC_SYSTEM_CONFIG_DIR": nowhere}


def configured(root: Path) -> str | None:
    """The address of the remote that the committed file names, a folder as an absolute path; None without one."""
    url = _read(root / ".dvc" / "config").get(SECTION, {}).get("url")
    return None if url is None else _from_inside(root, str(url))


def share(root: Path, remote: str) -> None:
    """Let the committed file say from where everybody can have the objects; it is not touched where it does."""
    path, told, beside = root / ".dvc" / "config", configured(root), _beside(root)
    content = _read(path)
    _say(content, "core", analytics="False", check_update="False", autostage="True", remote=REMOTE)
    # A folder beside, of a clone or of an archive that was moved, is this machine's business: what is committed keeps
    # the remote from which everybody else can have the objects.
    ours_alone = remote == beside and told not in {None, beside}
    if not ours_alone and told != remote:
        _say(content, SECTION, url=_as_written(root, remote))
    _write(path, content)


def keep_own(root: Path, remote: str, scratch: Path) -> None:
    """Let this machine's own file say what is in use here; it is not touched where it does."""
    path = root / ".dvc" / "config.local"
    content = _read(path)
    _say(content, "core", hardlink_lock="False", no_scm="False", site_cache_dir=str(scratch))
    _say(content, "cache", dir="cache", type="reflink,copy")
    _say(content, SECTION, url=_as_written(root, remote))
    _write(path, content)
    _see_lines(root / ".dvcignore", ["/data/raw/.incoming"])


def options(root: Path, remote: str) -> dict[str, str]:
    """What DVC is to know of the remote beside its address: what this machine says, and of a pull what is harmless."""
    pulled, own = _options_in(root / ".dvc" / "config"), _options_in(root / ".dvc" / "config.local")
    for name in sorted(pulled.keys() - own.keys() - HARMLESS):
        log.warning(
            ".dvc/config sets %s for the DVC remote; that comes with a pull and is not followed. If it is right: dvc "
            "remote modify --local %s %s VALUE",
            *(name, REMOTE, name),
        )
    same_kind = urlsplit(pulled.get("url", "")).scheme == urlsplit(remote).scheme
    followed = {name: value for name, value in pulled.items() if name in HARMLESS and same_kind}
    here = {name: _from_inside(root, value) if name in FILES else value for name, value in own.items()}
    return {**followed, **here, "url": remote}


def _options_in(path: Path) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in _read(path).get(SECTION, {}).items()}


def _see_lines(path: Path, lines: Sequence[str]) -> None:
    """Let a file of patterns hold these lines too."""
    told = path.read_text(encoding="utf-8") if path.exists() else ""
    if lacking := [line for line in lines if line not in told.splitlines()]:
        start = told if told.endswith("\n") or not told else f"{told}\n"
        _put(path, start + "".join(f"{line}\n" for line in lacking))


def _put(path: Path, text: str) -> None:
    with replacing(path, durable=False) as file:
        file.write(text.encode())


def _from_inside(root: Path, url: str) -> str:
    if "://" in url or (path := Path(url).expanduser()).is_absolute():
        return url if "://" in url else str(path)
    return os.path.normpath(root / ".dvc" / url)  # as DVC reads it


def _beside(root: Path) -> str:
    return str(root.with_name(f"{root.name}-remote"))


def _as_written(root: Path, remote: str) -> str:
    """The folder beside the archive by the way from there, so that both can be moved; what was set as it was set."""
    return f"../../{root.name}-remote" if remote == _beside(root) else remote


# ---- DVC's files ---------------------------------------------------------------------------
def _read(path: Path) -> Any:  # noqa: ANN401 - configobj's class is untyped
    from configobj import ConfigObj, ConfigObjError

    try:
        return ConfigObj(str(path), encoding="utf-8", interpolation=False)
    except (ConfigObjError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read (%s): it is written again", path, error)
        return ConfigObj(encoding="utf-8", interpolation=False)


def _say(content: Any, section: str, **values: str) -> None:  # noqa: ANN401 - as above
    held = content.setdefault(section, {})
    for name, value in values.items():
        held.pop(name, None) if _unsayable(value) else held.update({name: value})
    if not held:
        del content[section]


def _unsayable(value: str) -> bool:
    """True for what these files cannot hold: `%(name)s` is another value's place, and three quotes end a text."""
    return bool(re.search(r"%\(.*\)s", value)) or ("'''" in value and '"""' in value)


def _write(path: Path, content: Any) -> None:  # noqa: ANN401 - configobj's class is untyped
    text = io.BytesIO()
    content.write(text)
    if not path.exists() or path.read_bytes() != text.getvalue():
        with replacing(path) as file:
            file.write(text.getvalue())
