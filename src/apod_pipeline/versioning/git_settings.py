"""What a user's own Git settings must not decide in an archive: what is kept, byte for byte, and what Git answers.

Takes a repository's folder, gives the words that every git of ours is begun with, and sees that the repository itself
says the same: DVC's libraries, and the user's own git there, read it. Never changes a setting outside of the archive,
never touches how a remote is reached (`url.*.insteadOf`, credentials, proxies: those are the user's business).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from apod_pipeline.archive.writing import replacing
from apod_pipeline.versioning.inherited import inherited

# What is kept, and how: also written into the archive's own `.git/config`.
KEPT = {
    "core.excludesFile": os.devnull,  # a user's `*.jsonl` must not keep a new ledger file out of the commits
    "core.attributesFile": os.devnull,  # nor a filter change what is kept
    "core.autocrlf": "false",
    "core.safecrlf": "false",
    "core.eol": "lf",
    "core.ignoreStat": "false",
    "core.sparseCheckout": "false",
    "core.splitIndex": "false",  # DVC reads the index with a library of its own, which knows the plain form
    "index.version": "2",
    "index.skipHash": "false",
    "index.sparse": "false",
    "feature.manyFiles": "false",
}
# What a git of ours does besides, and how it answers; a user's own git there may do otherwise.
OURS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "",  # a command, which another user's repository could name
    "core.quotePath": "false",
    "core.abbrev": "40",  # what commit says of the commit it made is its whole name
    "core.preferSymlinkRefs": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "tag.forceSignAnnotated": "false",
    "push.gpgSign": "false",
    "push.pushOption": "",
    "core.bigFileThreshold": "512m",
    "push.followTags": "false",
    "push.recurseSubmodules": "no",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "commit.cleanup": "whitespace",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "init.templateDir": "",
    "init.defaultObjectFormat": "sha1",
    "init.defaultRefFormat": "files",
    "clone.defaultRemoteName": "origin",
    "add.ignoreErrors": "false",
    "color.ui": "false",
    "column.ui": "never",
    "diff.orderFile": os.devnull,
    "diff.relative": "false",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "log.follow": "false",
    "status.showUntrackedFiles": "normal",
    "trailer.separators": ":",
}
WORDS = tuple(word for name, value in {**KEPT, **OURS}.items() for word in ("-c", f"{name}={value}"))

# Variables that turn a git to another repository, or to other files of it; those that reach a remote are left.
_TURNING = {
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_PREFIX", "GIT_ATTR_SOURCE"),
    *("GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS", "GIT_TEMPLATE_DIR"),
    *("GIT_DEFAULT_HASH", "GIT_DEFAULT_REF_FORMAT", "GIT_INDEX_VERSION", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
}
_QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_ATTR_NOSYSTEM": "1",
}

ATTRIBUTES = ".gitattributes"
EVERY_BYTE = "* -text -ident -filter -working-tree-encoding\n"
_BEGIN, _END = "# apod: begin, whatever a user's own settings say", "# apod: end"


def environment() -> dict[str, str]:
    """This process's environment as a git of ours may have it."""
    kept = {name: value for name, value in inherited(os.environ).items() if name not in _TURNING}
    kept.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes")
    return kept | _QUIET


def settled(root: Path) -> bool:
    """True when a repository of ours says by itself what is kept; of a linked work tree that is not asked."""
    config = root / ".git" / "config"
    return not config.is_file() or (_block() in _read(config) and (root / ATTRIBUTES).exists())


def keep_every_byte(root: Path) -> None:
    """See that a repository changes no byte that it checks out or takes in, whatever a tree's own attributes say."""
    _write(root / ".git" / "info" / "attributes", EVERY_BYTE)


def settle(root: Path) -> None:
    """See that a repository of ours says by itself what is kept, and how.

    Where it did not yet, a Git that was told otherwise may have put CR LF into the files of ours: that is undone.

    Args:
        root: its folder; `.git` is there, and is not somebody else's.
    """
    inside = root / ".git"
    if not (root / ATTRIBUTES).exists():
        _write(root / ATTRIBUTES, EVERY_BYTE)
    told = _read(inside / "config")
    if _block() in told:
        return
    keep_every_byte(root)
    for file in _small_files(root):
        if b"\r\n" in (content := file.read_bytes()):
            with replacing(file) as whole:
                whole.write(content.replace(b"\r\n", b"\n"))
    _write(inside / "config", f"{_without_block(told).rstrip()}\n{_block()}")


def _read(config: Path) -> str:
    return config.read_text(encoding="utf-8", errors="surrogateescape")


def _small_files(root: Path) -> Iterable[Path]:
    """What the archive keeps in Git: lines that end in LF, which none of them holds otherwise."""
    yield from (root / "data" / "ledger").glob("*.jsonl")
    yield from (root / "data").glob("**/*.dvc")
    ours = (".gitignore", ".dvcignore", ".dvc/config", ".dvc/.gitignore", "apod.toml", "data/reports/quality.json")
    yield from (path for name in ours if (path := root / name).is_file())


def _block() -> str:
    lines = [_BEGIN]
    for section in dict.fromkeys(name.partition(".")[0] for name in KEPT):
        lines += [f"[{section}]", *(f"\t{name} = {value}" for name, value in _named(section))]
    return "\n".join([*lines, _END]) + "\n"


def _named(section: str) -> Iterator[tuple[str, str]]:
    return ((name.partition(".")[2], value) for name, value in KEPT.items() if name.startswith(f"{section}."))


def _without_block(told: str) -> str:
    return re.sub(rf"^{re.escape(_BEGIN)}\n.*?^{re.escape(_END)}\n", "", told, flags=re.DOTALL | re.MULTILINE)


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode("utf-8", errors="surrogateescape"))
