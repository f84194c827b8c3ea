"""Secrets that settings hold, and texts without them.

Takes resolved settings or a text, gives what must not be shown, or the text without it. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from apod_pipeline.settings import Settings


def secrets_of(settings: Settings) -> tuple[str, ...]:
    """Every secret that settings hold, the longest first: none of them may stand in a message or a log."""
    from apod_pipeline.settings.resolving import settings_of

    found: list[str] = []
    for one in settings_of(settings.dataset, settings.extras):
        value = settings.own[one.name] if one.name in settings.own else getattr(settings, one.name, None)
        if one.secret and value and value != one.default:
            found += value if isinstance(value, tuple) else [str(value)]
    return tuple(sorted(found, key=len, reverse=True))


def masked(text: str, secrets: Sequence[str]) -> str:
    """A text without any of these."""
    for secret in secrets:
        if len(secret) > 3:  # one that short would blot out words
            text = text.replace(secret, "***")
    return text
