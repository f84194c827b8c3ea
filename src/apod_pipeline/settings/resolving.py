"""Where every value comes from: flags, the environment, files, in their order of strength.

Takes flags, the environment, `.env`, the archive's `.apod/local.toml` and its `apod.toml` (in this order of strength;
the last one may only say what the data is), gives one frozen `Settings`. Never read at import, never kept in a global,
and a secret never shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.settings import Setting
from apod_pipeline.errors import SettingsError
from apod_pipeline.settings.files import (
    LOCAL,
    Told,
    by_variable,
    is_strangers,
    not_followed,
    of_archive,
    of_dotenv,
    of_machine,
)
from apod_pipeline.settings.general import GENERAL, Settings

Layers = list[tuple[str, Mapping[str, Any]]]
ARCHIVE, DATASET = GENERAL[:2]
EXTRAS = next(one for one in GENERAL if one.name == "extras")


def settings_of(dataset: str, extras: Iterable[str] = ()) -> tuple[Setting, ...]:
    """All that can be set for an archive of a data set, where some extras are plugged in.

    Raises:
        SettingsError: no such data set is installed.
    """
    own = (one for name in extras for one in settings_of_extra(name))
    return *GENERAL, *data_set(dataset).settings, *own


def own_module(extra: str, part: str = "") -> ModuleType | None:
    """A module of an extra that comes with this package; None where there is none."""
    name = f"apod_pipeline.extras.{extra}{f'.{part}' if part else ''}"
    if not extra.isidentifier():
        return None
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            return None
        raise


def settings_of_extra(name: str) -> tuple[Setting, ...]:
    """What can be set for an extra: named as it is in the entry points `apod_pipeline.settings`; often nothing."""
    if own_module(name):
        ours = own_module(name, "settings")
        return tuple(ours.SETTINGS) if ours else ()
    from importlib.metadata import entry_points  # looking through what is installed takes longer than a short run may

    point = next(iter(entry_points(group="apod_pipeline.settings", name=name)), None)
    return tuple(point.load()) if point else ()


def defaults(archive: Path, dataset: str = DATASET.default, **values: Any) -> Settings:  # noqa: ANN401 - of any kind
    """Settings that come from nowhere: every default, and some values by name. There is no secret in them.

    Raises:
        SettingsError: no such data set is installed.
    """
    own = {one.name: one.default for one in data_set(dataset).settings} | values
    return Settings(archive, dataset, sources=own.pop("sources"), preference=own.pop("preference"), own=own)


def resolve(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    dotenv: Path | None = Path(".env"),
) -> Settings:
    """Settings from flags, the environment, `.env` here, `.apod/local.toml` and `apod.toml` in the archive.

    Args:
        flags: values by name (`archive`, `sources`, ...); None means "not given".
        environ: the environment.
        dotenv: file of variables, read where it exists; None reads none.

    Raises:
        SettingsError: naming the variable and where its bad value stands.
    """
    notices: list[str] = []
    layers: Layers = [("environment", environ)]
    if dotenv and _believed(dotenv, notices):
        layers.append((str(dotenv), of_dotenv(dotenv)))
    archive, dataset = _place(flags or {}, layers)
    local = archive / LOCAL if _believed(archive / LOCAL, notices) else None
    known = settings_of(dataset[0], _extras(flags or {}, layers, local))
    layers.insert(0, ("flag", by_variable(flags or {}, known, "the flags")))
    if local:
        layers.append((str(local), of_machine(local, known)))
    toml = archive / "apod.toml"
    told = of_archive(toml, known) if toml.is_file() else Told({})
    notices += [not_followed(toml, name, said) for name, said in told.unheard.items() if not _set(name, layers)]
    layers.append((str(toml), told.values))
    values, origins = {}, {}
    for one in known:
        values[one.name], origins[one.variable] = _value(one, layers) if one is not DATASET else dataset
    notices += _kept_secrets(known, values, origins, [where for where, _ in layers])
    own = {one.name: values.pop(one.name) for one in known[len(GENERAL) :] if one.name not in {"sources", "preference"}}
    return Settings(**values, own=own, origins=origins, notices=tuple(notices))


def _place(flags: Mapping[str, Any], layers: Layers) -> tuple[Path, tuple[str, str]]:
    """The archive; and what it is of with who says so: nobody but its own file, where there is one."""
    told = {one.variable: flags[one.name] for one in (ARCHIVE, DATASET) if flags.get(one.name) is not None}
    archive = Path(_value(ARCHIVE, [("flag", told), *layers])[0])
    toml = archive / "apod.toml"
    wanted = _value(DATASET, [("flag", told), *layers])
    if not toml.is_file():
        return archive, wanted
    held = _value(DATASET, [(str(toml), of_archive(toml, [DATASET], strict=False).values)])
    if wanted[1] == "flag" and wanted[0] != held[0]:
        raise SettingsError(
            f"{archive} is an archive of {held[0]!r}, not of {wanted[0]!r}. Nothing was touched; name another folder "
            "with --archive."
        )
    return archive, held


def _extras(flags: Mapping[str, Any], layers: Layers, local: Path | None) -> tuple[str, ...]:
    """Which extras are plugged in: they bring settings of their own."""
    told = {EXTRAS.variable: flags["extras"]} if flags.get("extras") is not None else {}
    machine = [(str(local), of_machine(local, [EXTRAS], strict=False))] if local else []
    names: tuple[str, ...] = _value(EXTRAS, [("flag", told), *layers, *machine])[0]
    return names


def _believed(path: Path, notices: list[str]) -> bool:
    if not os.access(path, os.F_OK) or not path.is_file():
        return False  # nor where it cannot be seen: who only reads somebody's archive does not get that one's settings
    if why := is_strangers(path):
        notices.append(why)
    return not why


def _set(variable: str, layers: Layers) -> bool:
    return any(bool(values.get(variable)) for _, values in layers)


def _kept_secrets(
    known: Sequence[Setting], values: dict[str, Any], origins: dict[str, str], strength: list[str]
) -> list[str]:
    """Keep a key from a host that was set in a weaker place than the key: who sets the host would get it.

    What the caller hands in and the environment are both of whoever starts the process.
    """
    by_name, notices = {one.name: one for one in known}, []
    for one in known:
        if one.sent_to is None:
            continue
        host = by_name[one.sent_to]
        where, set_by = origins[one.variable], origins[host.variable]
        if "default" in {where, set_by} or max(1, strength.index(set_by)) <= max(1, strength.index(where)):
            continue
        values[one.name], origins[one.variable] = one.default, "default"
        url = values[host.name]
        notices.append(
            f"{one.variable} (from {where}) is not sent to {url}, which was set elsewhere ({set_by}): {one.default} is "
            f"sent instead. If it is right, type: export {host.variable}={url}"
        )
    return notices


def _value(setting: Setting, layers: Layers) -> tuple[Any, str]:
    for origin, values in layers:
        raw = values.get(setting.variable)
        if raw is None or raw == "":
            continue
        if not isinstance(raw, str):
            return raw, origin
        try:
            return setting.parse(raw), origin
        except ValueError as error:
            shown = "its value cannot be used" if setting.secret else str(error)
            raise SettingsError(
                f"{setting.variable} (from {origin}): {shown}. Correct it; `apod config` shows all settings."
            ) from error
    return setting.default, "default"


def described(settings: Settings) -> list[dict[str, str]]:
    """Every setting with its value (secrets masked), its origin and its meaning: rows for `apod config`."""
    rows = []
    for one in settings_of(settings.dataset, settings.extras):
        value = settings.own[one.name] if one.name in settings.own else getattr(settings, one.name)
        shown = "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
        if one.secret and shown:
            shown = shown if value == one.default else "***"
        origin = settings.origins.get(one.variable, "default")
        meaning = one.meaning + _overruled(one.name, settings)
        rows.append({"name": one.variable, "value": shown, "origin": origin, "meaning": meaning})
    return rows


def _overruled(name: str, settings: Settings) -> str:
    """What is to be said of a setting that the data set's own calendar overrules; else nothing."""
    dataset = data_set(settings.dataset)
    around = dataset.calendar.around
    if name == "lookback" and around > settings.lookback:
        return f"; no effect: {dataset.name} always requests {around} days back"
    if name == "gap_after" and dataset.identity is not None:
        return f"; no effect: {dataset.name} believes an answer without entries by its own calendar"
    return ""
