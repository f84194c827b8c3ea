"""What can be set for alerts; and one resolved set of it.

Takes resolved settings, gives `Wishes`. Never shows a secret.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from apod_pipeline.dataset.settings import Setting, address, one_word, positive, whole
from apod_pipeline.settings import Settings

SECURITY = ("starttls", "tls", "none")


def _addresses(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found or not all(re.fullmatch(r"[^@\s]+@[^@\s]+", one) for one in found):
        raise ValueError(f"must be mail addresses separated by commas, not {text!r}")
    return found


def _one_address(text: str) -> str:
    (one,) = _addresses(text)[:1]
    return one


def _security(text: str) -> str:
    if text not in SECURITY:
        raise ValueError(f"must be one of {', '.join(SECURITY)}, not {text!r}")
    return text


def _urls(text: str) -> tuple[str, ...]:
    found = tuple(text.split())
    if not all("://" in one for one in found):
        raise ValueError("must be addresses as apprise words them, separated by blanks")
    return found


def _web_address(text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise ValueError("must be an http(s) address")
    return text


def _setting(name: str, default: Any, meaning: str, parse: Any = str, *, secret: bool = False) -> Setting:  # noqa: ANN401 - of any type
    return Setting(f"alerts_{name}", f"APOD_ALERTS_{name.upper()}", default, meaning, parse, secret)


SETTINGS = (
    _setting("smtp_host", None, "the mail server; if unset, no email is sent"),
    _setting("smtp_port", 587, "its port", whole(1, 65535)),
    _setting("smtp_security", "starttls", "`starttls`, `tls`, or `none` for a server on this machine", _security),
    _setting("smtp_user", None, "the login there; if unset, none"),
    _setting("smtp_password", None, "its password", secret=True),
    _setting("smtp_ca", None, "file of the authority that the server's certificate comes from", Path),
    _setting("email_from", "apod@localhost", "the sender", _one_address),
    _setting("email_to", (), "the recipients", _addresses),
    _setting("slack_webhook", None, "an incoming webhook of Slack's", _web_address, secret=True),
    _setting("slack_token", None, "the token of a Slack bot", one_word, secret=True),
    _setting("slack_channel", None, "the channel that the bot posts to"),
    _setting("slack_api", "https://slack.com/api", "Slack's API, for the bot", address),
    _setting("apprise", (), "addresses for apprise, which knows a hundred other services", _urls, secret=True),
    _setting("ping_url", None, "a dead-man's switch, as of healthchecks.io", _web_address, secret=True),
    _setting("late_after", 6.0, "hours after its day begins at which a missing newest entry is late", positive(float)),
    _setting("hole_after", 3, "days after which a missing day is a hole", positive(int)),
    _setting("calm", 72.0, "hours without a failure after which a condition counts as new again", positive(float)),
    _setting("lasting", 6.0, "hours that a condition which came back must last to be told again", positive(float)),
    _setting("timeout", 10.0, "seconds that a channel may take", positive(float)),
    _setting("texts", None, "folder of texts that replace ours, file by file", Path),
    _setting("log", None, "where a reader finds the log; if unset, the archive's own", str),
)


class Wishes(NamedTuple):
    """What was set, by the names above without `alerts_`."""

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = None
    smtp_ca: Path | None = None
    email_from: str = "apod@localhost"
    email_to: tuple[str, ...] = ()
    slack_webhook: str | None = None
    slack_token: str | None = None
    slack_channel: str | None = None
    slack_api: str = "https://slack.com/api"
    apprise: tuple[str, ...] = ()
    ping_url: str | None = None
    late_after: float = 6.0
    hole_after: int = 3
    calm: float = 72.0
    lasting: float = 6.0
    timeout: float = 10.0
    texts: Path | None = None
    log: str | None = None

    def __repr__(self) -> str:
        return "Wishes(...)"


def wishes(settings: Settings) -> Wishes:
    """What of resolved settings is about alerts; the defaults where the extra is not plugged in."""
    told = {one.name.removeprefix("alerts_"): settings.own[one.name] for one in SETTINGS if one.name in settings.own}
    return Wishes(**told)
