"""Everything that can be set: its name, its default, where its value came from.

Takes flags, the environment, `.env`, the archive's `.apod/local.toml` and its `apod.toml` (in this order of strength;
the last one may only say what the data is), gives one frozen `Settings`. Never read at import, never kept in a global,
and a secret never shows in a repr.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from apod_pipeline.errors import SettingsError
from apod_pipeline.settings_files import (
    LOCAL,
    Known,
    Told,
    by_variable,
    is_strangers,
    not_followed,
    of_archive,
    of_dotenv,
    of_machine,
)

SOURCE_NAMES = ("science", "planetary", "file")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in SOURCE_NAMES]
    if unknown or not names:
        raise ValueError(f"holds {text!r}; known sources: {', '.join(SOURCE_NAMES)}")
    return names


def _asked_names(text: str) -> tuple[str, ...]:
    names = _names(text)
    if "file" in names:
        raise ValueError("names 'file', which cannot be asked: type `apod import FILE` to take one over")
    return names


def _address(text: str) -> str:
    if not re.match(r"https?://[^/@]+", text) or "@" in text:
        raise ValueError("must be an http(s) address without a user or password in it")
    return text.rstrip("/")


def _author(text: str) -> str:
    if not re.fullmatch(r"[^<>\n]+ <[^<>\s]+>", text):
        raise ValueError(f"must look like 'Name <mail@host>', not {text!r}")
    return text


def _remote(text: str) -> str:
    if re.match(r"[\w+]+://[^/]*:[^/]*@", text) or re.match(r"[\w+]*https?://[^/]*@", text):
        raise ValueError("must not hold a password or a token: use ssh keys, or the helpers of git and DVC")
    # A plain folder is meant from where one stands; git and DVC would look for it from inside of the archive.
    here = "://" not in text and not re.match(r"[^/]+:", text)
    return str(Path(text).expanduser().absolute()) if here else text


def _key(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError("must be one word of plain letters, digits and signs")
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}, not {text}")
        return value

    return parse


def _positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:  # noqa: ANN401 - int or float, as asked
        value = kind(text)
        if not 0 < value < math.inf:
            raise ValueError(f"must be a number above 0, not {text}")
        return value

    return parse


def _setting(name: str, default: Any, meaning: str, parse: Callable[[str], Any] = str, *, secret: bool = False) -> Any:  # noqa: ANN401 - a dataclass field of any type
    meta = {"name": name, "meaning": meaning, "parse": parse, "secret": secret}
    return field(default=default, metadata=meta, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """One resolved set of settings.

    `origins` tells for every variable where its value came from, `notices` what was found and is not followed.
    """

    archive: Path = _setting("APOD_ARCHIVE", Path("apod-archive"), "the archive folder", Path)
    database_url: str | None = _setting(
        "APOD_DATABASE_URL", None, "PostgreSQL to load; without it the archive's embedded one", secret=True
    )
    read_database_url: str | None = _setting(
        "APOD_READ_DATABASE_URL", None, "the read-only role, for serving", secret=True
    )
    postgres_host: str | None = _setting("POSTGRES_HOST", None, "selects a server, with the four below")
    postgres_port: int = _setting("POSTGRES_PORT", 5432, "its port", _whole(1, 65535))
    postgres_user: str = _setting("POSTGRES_USER", "postgres", "its user")
    postgres_password: str | None = _setting("POSTGRES_PASSWORD", None, "its password", secret=True)
    postgres_db: str = _setting("POSTGRES_DB", "apod", "its database")
    sources: tuple[str, ...] = _setting(
        "APOD_SOURCES", ("science", "planetary"), "whom to ask, in this order", _asked_names
    )
    preference: tuple[str, ...] = _setting("APOD_PREFERENCE", SOURCE_NAMES, "whose reading is the entry", _names)
    science_url: str = _setting("APOD_SCIENCE_URL", "https://science.nasa.gov", "base of NASA's new API", _address)
    planetary_url: str = _setting(
        "APOD_PLANETARY_URL", "https://api.nasa.gov", "base of NASA's old API, or of a mirror of it", _address
    )
    nasa_api_key: str = _setting("NASA_API_KEY", "DEMO_KEY", "key for the old API", _key, secret=True)
    dvc_remote: str | None = _setting("APOD_DVC_REMOTE", None, "any DVC remote; without it a folder beside", _remote)
    git_remote: str | None = _setting("APOD_GIT_REMOTE", None, "pushed to when set", _remote)
    git_author: str = _setting(
        "APOD_GIT_AUTHOR", "Airflow Pipeline <airflow@mlops.local>", "who makes the versions", _author
    )
    today: dt.date | None = _setting(
        "APOD_TODAY",
        None,
        "the newest day that is due; without it the date in US Eastern",
        dt.date.fromisoformat,
    )
    lookback: int = _setting("APOD_LOOKBACK", 10, "how many days back every run reads again", _positive(int))
    gap_after: int = _setting(
        "APOD_GAP_AFTER", 21, "days after which a day that no source has becomes a gap", _positive(int)
    )
    page_size: int = _setting("APOD_PAGE_SIZE", 25, "days a request to the new API", _positive(int))
    range_days: int = _setting("APOD_RANGE_DAYS", 366, "days a request to the old API", _positive(int))
    http_timeout: float = _setting("APOD_HTTP_TIMEOUT", 30.0, "seconds a request may take in all", _positive(float))
    http_retries: int = _setting("APOD_HTTP_RETRIES", 5, "how often a failed request is repeated", _whole(0, 100))
    http_backoff: float = _setting("APOD_HTTP_BACKOFF", 0.5, "seconds before the first repetition", _positive(float))
    http_concurrency: int = _setting("APOD_HTTP_CONCURRENCY", 4, "requests at one time", _positive(int))
    http_body_limit: int = _setting("APOD_HTTP_BODY_LIMIT", 256 << 20, "bytes of the largest reply", _positive(int))
    origins: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    notices: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def remote_folder(self) -> Path:
        """Where versions are pushed when no DVC remote was set: a folder beside the archive."""
        root = self.archive.absolute()
        return root.with_name(root.name + "-remote")

    @property
    def database(self) -> str | None:
        """Connection string (libpq) of the server to load, or None for the embedded one."""
        if self.database_url or not self.postgres_host:
            return self.database_url
        parts = {
            "host": self.postgres_host,
            "port": self.postgres_port,
            "user": self.postgres_user,
            "password": self.postgres_password,
            "dbname": self.postgres_db,
        }
        return " ".join(f"{key}='{_quoted(str(value))}'" for key, value in parts.items() if value)


KNOWN = Known(
    {item.name: item.metadata["name"] for item in fields(Settings) if item.metadata},
    {item.name for item in fields(Settings) if item.metadata and item.metadata["secret"]},
)
Layers = list[tuple[str, Mapping[str, Any]]]


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def resolve(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    dotenv: Path | None = Path(".env"),
) -> Settings:
    """Settings from flags, the environment, `.env` here, `.apod/local.toml` and `apod.toml` in the archive.

    Args:
        flags: values by field name (`archive`, `sources`, ...); None means "not given".
        environ: the environment.
        dotenv: file of variables, read where it exists; None reads none.

    Raises:
        SettingsError: naming the variable and where its bad value stands.
    """
    notices: list[str] = []
    layers: Layers = [("flag", by_variable(flags or {}, KNOWN, "flags")), ("environment", environ)]
    if dotenv and _believed(dotenv, notices):
        layers.append((str(dotenv), of_dotenv(dotenv)))
    archive = Path(_value(fields(Settings)[0], layers)[0])
    if _believed(local := archive / LOCAL, notices):
        layers.append((str(local), of_machine(local, KNOWN)))
    toml = archive / "apod.toml"
    told = of_archive(toml, KNOWN) if toml.is_file() else Told({})
    notices += [not_followed(toml, name, said) for name, said in told.unheard.items() if not _set(name, layers)]
    layers.append((str(toml), told.values))
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for item in fields(Settings):
        if item.metadata:
            values[item.name], origins[item.metadata["name"]] = _value(item, layers)
    notices += _kept_key(values, origins, [where for where, _ in layers])
    return Settings(**values, origins=origins, notices=tuple(notices))


def _believed(path: Path, notices: list[str]) -> bool:
    if not os.access(path, os.F_OK) or not path.is_file():
        return False  # nor where it cannot be seen: who only reads somebody's archive does not get that one's settings
    if why := is_strangers(path):
        notices.append(why)
    return not why


def _set(variable: str, layers: Layers) -> bool:
    return any(bool(values.get(variable)) for _, values in layers)


def _kept_key(values: dict[str, Any], origins: dict[str, str], strength: list[str]) -> list[str]:
    """Keep NASA's key from a host that was set in a weaker place than the key: who sets the host would get it.

    What the caller hands in and the environment are both of whoever starts the process.
    """
    key, host = origins["NASA_API_KEY"], origins["APOD_PLANETARY_URL"]
    if "default" in {key, host} or max(1, strength.index(host)) <= max(1, strength.index(key)):
        return []
    values["nasa_api_key"], origins["NASA_API_KEY"] = Settings.nasa_api_key, "default"
    url = values["planetary_url"]
    notice = (
        f"NASA_API_KEY (from {key}) is not sent to {url}, which was set elsewhere ({host}): DEMO_KEY is. Where it is "
        f"right, type: export APOD_PLANETARY_URL={url}"
    )
    return [notice]


def _value(item: Any, layers: Layers) -> tuple[Any, str]:  # noqa: ANN401 - dataclass Field
    name = item.metadata["name"]
    for origin, values in layers:
        raw = values.get(name)
        if raw is None or raw == "":
            continue
        if not isinstance(raw, str):
            return raw, origin
        try:
            return item.metadata["parse"](raw), origin
        except ValueError as error:
            shown = "its value cannot be used" if item.metadata["secret"] else str(error)
            raise SettingsError(f"{name} (from {origin}): {shown}. Correct it; `apod config` shows all.") from error
    return item.default, "default"


def described(settings: Settings) -> list[dict[str, str]]:
    """Every setting with its value (secrets masked), its origin and its meaning: rows for `apod config`."""
    rows = []
    for item in fields(Settings):
        if not item.metadata:
            continue
        value = getattr(settings, item.name)
        shown = "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)
        if item.metadata["secret"] and shown:
            shown = shown if shown == "DEMO_KEY" else "***"
        name = item.metadata["name"]
        rows.append(
            {
                "name": name,
                "value": shown,
                "origin": settings.origins.get(name, "default"),
                "meaning": item.metadata["meaning"],
            }
        )
    return rows
