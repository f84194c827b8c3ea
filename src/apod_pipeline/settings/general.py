"""What can be set whatever the data set is; and one resolved set of settings.

Takes nothing, gives `Settings` and the list of the general ones. A secret never shows in a repr.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from apod_pipeline.dataset.settings import Setting, positive, whole
from apod_pipeline.settings.keeping import Keep


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


def _listed(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not all(re.fullmatch(r"[a-z][a-z0-9_-]*", name) for name in names):
        raise ValueError(f"must be names separated by commas, not {text!r}")
    return names


def _data_set(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z_]*", name := text.replace("-", "_")):
        raise ValueError(f"must be lower-case letters and _, not {text!r}")
    return name


def _setting(
    variable: str,
    default: Any,  # noqa: ANN401 - of any type, as the field that is made
    meaning: str,
    parse: Callable[[str], Any] = str,
    *,
    secret: bool = False,
) -> Any:  # noqa: ANN401 - a dataclass field
    meta = {"variable": variable, "meaning": meaning, "parse": parse, "secret": secret}
    return field(default=default, metadata=meta, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """One resolved set of settings.

    `sources`, `preference` and what `own` holds by name are the data set's: whom to ask, whose reading is the entry,
    what its services need. `origins` tells for every variable where its value came from, `notices` what was found and
    is not followed.
    """

    archive: Path = _setting("APOD_ARCHIVE", Path("apod-archive"), "the archive folder", Path)
    dataset: str = _setting(
        "APOD_DATASET", "apod", "the data set of a new archive; an existing one names its own", _data_set
    )
    database_url: str | None = _setting(
        "APOD_DATABASE_URL", None, "the PostgreSQL server to load; if unset, the archive's embedded one", secret=True
    )
    read_database_url: str | None = _setting(
        "APOD_READ_DATABASE_URL", None, "connection with the read-only role, for serving", secret=True
    )
    postgres_host: str | None = _setting(
        "POSTGRES_HOST", None, "the PostgreSQL server, together with the four settings below"
    )
    postgres_port: int = _setting("POSTGRES_PORT", 5432, "its port", whole(1, 65535))
    postgres_user: str = _setting("POSTGRES_USER", "postgres", "its user")
    postgres_password: str | None = _setting("POSTGRES_PASSWORD", None, "its password", secret=True)
    postgres_db: str = _setting("POSTGRES_DB", "apod", "its database")
    embedded_server: Path | None = _setting(
        "APOD_EMBEDDED_SERVER", None, "another archive, whose embedded server holds this one's tables too", Path
    )
    extras: tuple[str, ...] = _setting("APOD_EXTRAS", (), "names of the extras to plug in", _listed)
    dvc_remote: str | None = _setting(
        "APOD_DVC_REMOTE", None, "any DVC remote; if unset, a folder beside the archive", _remote
    )
    git_remote: str | None = _setting(
        "APOD_GIT_REMOTE", None, "the Git remote to push to; if unset, nothing is pushed", _remote
    )
    git_author: str = _setting(
        "APOD_GIT_AUTHOR", "Airflow Pipeline <airflow@mlops.local>", "the author of the versions", _author
    )
    today: dt.date | None = _setting(
        "APOD_TODAY",
        None,
        "the newest day that is due; if unset, taken from the clock",
        dt.date.fromisoformat,
    )
    lookback: int = _setting("APOD_LOOKBACK", 10, "how many days back every run requests again", positive(int))
    gap_after: int = _setting(
        "APOD_GAP_AFTER", 21, "age in days at which a day that no source has becomes a gap", positive(int)
    )
    plain_replies: int = _setting(
        "APOD_PLAIN_REPLIES",
        30,
        "how many of the newest raw replies stay files of their own; older ones are packed",
        whole(0, 10_000_000),
    )
    keep_versions: Keep | None = _setting(
        "APOD_KEEP_VERSIONS",
        None,
        "which versions stay as files (last=30,monthly=12,yearly=all); if unset, all do",
        Keep.of,
    )
    http_timeout: float = _setting("APOD_HTTP_TIMEOUT", 30.0, "seconds a request may take in total", positive(float))
    http_retries: int = _setting("APOD_HTTP_RETRIES", 5, "how often a failed request is retried", whole(0, 100))
    http_backoff: float = _setting("APOD_HTTP_BACKOFF", 0.5, "seconds before the first retry", positive(float))
    http_concurrency: int = _setting("APOD_HTTP_CONCURRENCY", 4, "concurrent requests", positive(int))
    http_body_limit: int = _setting(
        "APOD_HTTP_BODY_LIMIT", 256 << 20, "largest reply accepted, in bytes", positive(int)
    )
    sources: tuple[str, ...] = ()
    preference: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict, repr=False)
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


GENERAL = tuple(Setting(item.name, default=item.default, **item.metadata) for item in fields(Settings) if item.metadata)


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
