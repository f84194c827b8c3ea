"""What can be set for the object store; and one resolved set of it.

Takes resolved settings, gives `Wishes`. Credentials and region are no settings: they are the usual `AWS_*` variables,
which the library reads by itself, or what a caller has from elsewhere and hands in as `objectstore_keys`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from apod_pipeline.dataset.settings import Setting, address, positive
from apod_pipeline.settings import Settings

WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _url(text: str) -> str:
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=+-]+)*/?", text):
        raise ValueError("must be s3://BUCKET or s3://BUCKET/PREFIX, without a user or password")
    return text.rstrip("/")


def _yes_or_no(text: str) -> bool:
    if text.lower() not in WORDS:
        raise ValueError(f"must be one of {', '.join(WORDS)}, not {text!r}")
    return WORDS[text.lower()]


SETTINGS = (
    Setting("objectstore_url", "APOD_OBJECTSTORE_URL", None, "where versions go: `s3://BUCKET/PREFIX`", _url),
    Setting("objectstore_endpoint", "APOD_OBJECTSTORE_ENDPOINT", None, "the server; if unset, Amazon's", address),
    Setting(
        "objectstore_single_publisher",
        "APOD_OBJECTSTORE_SINGLE_PUBLISHER",
        False,
        "`true` where the store has no conditional writes and nobody else ever publishes there",
        _yes_or_no,
    ),
    Setting(
        "objectstore_timeout", "APOD_OBJECTSTORE_TIMEOUT", 60.0, "seconds that one request may take", positive(float)
    ),
    Setting(
        "objectstore_patience",
        "APOD_OBJECTSTORE_PATIENCE",
        30.0,
        "seconds for which a request that fails is repeated",
        positive(float),
    ),
    Setting(
        "objectstore_delta",
        "APOD_OBJECTSTORE_DELTA",
        False,
        "`true`: each version is also one of a Delta table below `delta/`; needs the extra `delta`",
        _yes_or_no,
    ),
)


class Keys(NamedTuple):
    """Credentials that a caller hands in instead of the environment's, each where it is not None; never shown."""

    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    region: str | None = None

    def __repr__(self) -> str:
        return "Keys(***)"


class Wishes(NamedTuple):
    """What was set, by the names above without `objectstore_`."""

    url: str | None = None
    endpoint: str | None = None
    single_publisher: bool = False
    timeout: float = 60.0
    patience: float = 30.0
    delta: bool = False
    keys: Keys = Keys()

    @property
    def place(self) -> tuple[str, str]:
        """Bucket and prefix."""
        bucket, _, prefix = (self.url or "").removeprefix("s3://").partition("/")
        return bucket, prefix


def wishes(settings: Settings) -> Wishes:
    """What of resolved settings is about the object store; the defaults where the extra is not plugged in."""
    told = {
        one.name.removeprefix("objectstore_"): settings.own[one.name] for one in SETTINGS if one.name in settings.own
    }
    return Wishes(**told, keys=settings.own.get("objectstore_keys", Keys()))
