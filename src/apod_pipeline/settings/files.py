"""The files that settings stand in, and how far each is believed.

Takes a path and what settings there are, gives values by variable, and a line for whatever is not followed. Never
parses a value, never shows a secret.

- `.env` in the current folder, and `.apod/local.toml` in the archive: this machine's, every setting counts.
- `apod.toml` in the archive: goes into Git, so it may only say what the data is.

What Git tracks came with somebody's push: a `.env` or a `.apod/local.toml` that it tracks is an order from a stranger.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from apod_pipeline.dataset.settings import Setting
from apod_pipeline.errors import SettingsError

OF_THE_DATA = {"dataset", "preference", "lookback", "gap_after"}  # settings that `apod.toml` may hold
LOCAL = Path(".apod", "local.toml")


class Told(NamedTuple):
    """What a file says: values by variable, and by variable what it says and may not decide."""

    values: Mapping[str, str]
    unheard: Mapping[str, str] = {}


def by_variable(values: Mapping[str, Any], known: Sequence[Setting], where: str) -> dict[str, Any]:
    """Values by variable instead of by name; those that are None were not given.

    Raises:
        SettingsError: there is no such setting.
    """
    variables = {one.name: one.variable for one in known}
    if unknown := sorted(set(values) - set(variables)):
        raise SettingsError(f"{where}: unknown setting {unknown[0]!r}; `apod config` lists the known ones")
    return {variables[name]: value for name, value in values.items() if value is not None}


def of_dotenv(path: Path) -> dict[str, str]:
    """The variables of a `.env`.

    Raises:
        SettingsError: it is no text.
    """
    from dotenv import dotenv_values

    try:
        variables = dotenv_values(path)
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path} cannot be read: {error}. Fix it, or move it away.") from error
    return {name: value for name, value in variables.items() if value is not None}


def of_machine(path: Path, known: Sequence[Setting], *, strict: bool = True) -> dict[str, str]:
    """What `.apod/local.toml` says: any setting, secrets among them.

    Args:
        path: the file.
        known: what may be set.
        strict: whether it may hold nothing else.

    Raises:
        SettingsError: others may read it, or it holds what cannot be used.
    """
    told, archive = path.stat(), path.parent.parent.stat()
    allowed = 0o660 if archive.st_mode & stat.S_IWGRP else 0o600
    if stat.S_IMODE(told.st_mode) & ~allowed & 0o077:
        raise SettingsError(
            f"{path} may hold secrets, and others can access it. Nothing was read; type: chmod {allowed:o} "
            f"{shlex.quote(str(path))}"
        )
    if told.st_uid not in {os.geteuid(), archive.st_uid, 0}:
        raise SettingsError(f"{path} belongs to another user. Nothing was read; remove it, or make it yours (chown).")
    content = _read_toml(path)
    names = {one.name for one in known}
    texts = {key: _as_text(path, key, value, known) for key, value in content.items() if strict or key in names}
    return by_variable(texts, known, str(path))


def of_archive(path: Path, known: Sequence[Setting], *, strict: bool = True) -> Told:
    """What `apod.toml` says of the data, and what it says besides.

    Args:
        path: the file.
        known: what may be set.
        strict: whether it may hold nothing else.

    Raises:
        SettingsError: it holds a secret, something unknown, or what cannot be used.
    """
    content = _read_toml(path)
    secrets = {one.name: one.variable for one in known if one.secret}
    for key in content:
        if key in secrets:
            raise SettingsError(
                f"{path}: {secrets[key]} is a secret, and this file goes into Git. Take it out (and change it, "
                f"if it was committed); set the variable, or write it into .env or {LOCAL}."
            )
    names = {one.name for one in known}
    texts = {key: _as_text(path, key, value, known) for key, value in content.items() if strict or key in names}
    said = by_variable(texts, known, str(path))
    followed = {one.variable for one in known if one.name in OF_THE_DATA}
    return Told(
        {name: value for name, value in said.items() if name in followed},
        {name: value for name, value in said.items() if name not in followed},
    )


def not_followed(path: Path, variable: str, value: str) -> str:
    """The line for what a file that comes with a pull says of this machine's business."""
    if not value.isprintable() or re.search(r"//[^/]*@", value):
        return f"{path} sets {variable}; that comes with a pull and is not followed."
    return (
        f"{path} sets {variable}; that comes with a pull and is not followed. If it is right, type: export "
        f"{variable}={shlex.quote(value)}  (or write it into {LOCAL})"
    )


def is_strangers(path: Path) -> str | None:
    """Why a file of an archive is not believed: its Git tracks it, or does not say; None where it is this machine's."""
    whole = path.absolute()
    root = next((folder for folder in whole.parents if (folder / ".git").exists()), None)
    if root is None or not any((root / name).exists() for name in (".apod", "apod.toml", "data/ledger")):
        return None
    from apod_pipeline.versioning.git import Git, GitFailed

    try:
        tracked = Git(root).run("ls-files", "--", str(whole.relative_to(root))).strip()
    except GitFailed as error:
        return f"{path} is not followed: git cannot say whether it came with a pull ({error.said})."
    name = shlex.quote(str(whole.relative_to(root)))
    return (
        f"{path} is not followed: the archive's Git tracks it, so it came with somebody's push. If it is right, type: "
        f"git -C {shlex.quote(str(root))} rm --cached {name}"
        if tracked
        else None
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}. Fix it, or remove it and run `apod init`.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}. Fix that, or move it away.") from error


def _as_text(path: Path, key: str, value: object, known: Sequence[Setting]) -> str:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    variable = next((one.variable for one in known if one.name == key), None)
    if isinstance(value, list | dict) and variable:
        raise SettingsError(f"{path}: {variable} must be text, a number, or a list of texts.")
    return str(value)
