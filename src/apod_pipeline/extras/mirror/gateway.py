"""The gateway's part: whether a key may ask, and what is left of its hour.

Takes a key, gives headers to send along, or the reason of a refusal. Keys are off unless a file of them is given. Never
keeps a key in the clear: the file holds SHA-256 digests, and so does the count, which all processes share and which
outlives them.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
import time
import tomllib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from apod_pipeline.errors import DatabaseUnavailable, SettingsError
from apod_pipeline.extras.mirror.answers import Header

UNLIMITED = 1_000_000  # clients read a number, so they get one
WINDOW = 3600.0  # seconds, rolling: the present hour, and of the one before the part that is still in the window

ALWAYS: tuple[Header, ...] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"X-RateLimit-Limit, X-RateLimit-Remaining"),
    (b"x-content-type-options", b"nosniff"),
)


class Passage(NamedTuple):
    """Whether a request may pass.

    Attributes:
        refused: a name in `planetary_gateway.MESSAGES`; None lets it pass.
        headers: to be sent along.
    """

    refused: str | None
    headers: tuple[Header, ...]


def limit_headers(limit: int, left: int) -> tuple[Header, ...]:
    """Both headers, which clients rely upon: one of them raises where the second is not there."""
    return (b"x-ratelimit-limit", str(limit).encode()), (b"x-ratelimit-remaining", str(left).encode())


NO_LIMIT = limit_headers(UNLIMITED, UNLIMITED)


def open_gate(_: str) -> Passage:
    """Keys are off: everybody passes."""
    return Passage(None, NO_LIMIT)


def digest(key: str) -> str:
    """What stands in the file for a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def read_keys(file: Path) -> dict[str, int]:
    """The limits by the keys' digests, of a TOML file.

        [[key]]
        sha256 = "…"      # printf %s "$KEY" | sha256sum
        name = "the wall screen"
        limit = 1000      # requests an hour; 0 disables the key

    Raises:
        SettingsError: the file is not such a one.
    """
    try:
        keys = tomllib.loads(file.read_text(encoding="utf-8"))["key"]
        return {str(key["sha256"]).lower(): int(key.get("limit", 1000)) for key in keys}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(
            f"{file} is not a file of keys ({error!r}). Nothing is served; docs/serve.md shows one."
        ) from error


@dataclass(eq=False, repr=False)
class KeyedGate:
    """Keys are on.

    Attributes:
        limits: requests an hour by the key's digest.
        counts: the file of the counts; made where it is missing.
        now: seconds since 1970.
    """

    limits: Mapping[str, int]
    counts: Path
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        with closing(self._opened()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS used (key TEXT, hour INTEGER, count INTEGER, PRIMARY KEY (key, hour))"
            )
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.counts, timeout=5, isolation_level=None)
        connection.execute("PRAGMA synchronous = OFF")  # a count that a power cut loses is no loss
        return connection

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __call__(self, key: str) -> Passage:
        """Count one request of a key, if it may pass.

        Raises:
            DatabaseUnavailable: the file of the counts cannot be written.
        """
        if not key:
            return Passage("API_KEY_MISSING", ())
        name = digest(key)
        limit = self.limits.get(name)
        if limit is None:
            return Passage("API_KEY_INVALID", ())
        if limit <= 0:
            return Passage("API_KEY_DISABLED", ())
        try:
            left, wait = self._count(name, limit)
        except sqlite3.Error as error:  # a full disk, say: nobody passes uncounted
            raise DatabaseUnavailable(f"the requests of the keys cannot be counted now ({error})") from error
        headers = limit_headers(limit, left)
        if wait:
            return Passage("OVER_RATE_LIMIT", (*headers, (b"retry-after", str(wait).encode())))
        return Passage(None, headers)

    def _count(self, name: str, limit: int) -> tuple[int, int]:
        """How many requests are left, and in how many seconds to come back (0: this one may pass)."""
        now = self.now()
        hour, into = divmod(now, WINDOW)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            rows = self._connection.execute(
                "SELECT hour, count FROM used WHERE key = ? AND hour >= ?", (name, hour - 1)
            )
            counts = {int(at): int(count) for at, count in rows}
            before, present = counts.get(int(hour) - 1, 0), counts.get(int(hour), 0)
            used = present + before * (1 - into / WINDOW)
            if used + 1 > limit:
                return 0, _wait(limit, before, present, into)
            self._connection.execute(
                "INSERT INTO used VALUES (?, ?, 1) ON CONFLICT (key, hour) DO UPDATE SET count = count + 1",
                (name, int(hour)),
            )
            self._connection.execute("DELETE FROM used WHERE hour < ?", (int(hour) - 1,))
            return max(0, math.floor(limit - used - 1)), 0
        finally:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")


def _wait(limit: int, before: int, present: int, into: float) -> int:
    """Seconds until one more request fits: the window's older part shrinks, then the present hour is the older one."""
    room = limit - 1 - present
    if room >= 0 and before:
        return max(1, math.ceil(WINDOW * (1 - room / before) - into))
    following = WINDOW * (1 - max(0, limit - 1) / present) if present else 0.0
    return max(1, math.ceil(WINDOW - into + following))
