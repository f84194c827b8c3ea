"""The gateway in front of the old service: keys, rate limits, and errors of its own shape.

Takes a request for `/planetary/...`, gives the old service's answer or a refusal, never counts a request
that was refused for its key. Order as in api-umbrella: path, HTTPS, key, rate limit, and only then the
service behind.
"""

from __future__ import annotations

import math
import re
import time
from collections import deque
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from apod_pipeline.datasets.apod.old_api.planetary_gateway import form_of, key_of, refusal
from apod_pipeline.simulator.message import Answer, Headers, Request, text_answer

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO_KEY = "DEMO_KEY"
DEMO_LIMIT = 30
_KEY = re.compile(r"[A-Za-z0-9]{40}")
_SPECIAL_KEYS = {
    "DISABLED": "API_KEY_DISABLED",
    "UNVERIFIED": "API_KEY_UNVERIFIED",
    "UNAUTHORIZED": "API_KEY_UNAUTHORIZED",
}
"""A valid-looking key that begins with one of these words is refused for that reason."""


class Gateway:
    """One gateway with its counters.

    Args:
        rate_limit: Requests that a registered key may make in a window.
        window: Length of the sliding window, in seconds.
    """

    def __init__(self, rate_limit: int = 1000, window: float = 3600.0) -> None:
        self.rate_limit = rate_limit
        self.window = window
        self._lock = Lock()
        self._used: dict[str, deque[float]] = {}

    def reset(self) -> None:
        """Forget all counted requests."""
        with self._lock:
            self._used.clear()

    def answer(self, request: Request, service: Callable[[Request], Answer]) -> Answer:
        """Let a request through to the service, or refuse it."""
        if request.path.rstrip("/") != "/planetary/apod":
            return _refusal("NOT_FOUND", request)
        if request.headers.get("x-forwarded-proto", "https") != "https":
            return _refusal("HTTPS_REQUIRED", request)
        key = key_of(request.headers, request.arguments())
        trouble = _trouble_with(key)
        if trouble:
            return _refusal(trouble, request)
        limit = DEMO_LIMIT if key == DEMO_KEY else self.rate_limit
        left, retry_after = self._count(key, limit)
        if retry_after:
            answer = _refusal("OVER_RATE_LIMIT", request)
            answer.headers.append(("Retry-After", str(retry_after)))
        else:
            answer = service(replace(request, path="/v1/apod/", query=_without_key(request)))
        answer.headers += _passing_headers(limit, left)
        return answer

    def _count(self, key: str, limit: int) -> tuple[int, int]:
        """Count one request: how many are left, and in how many seconds to come back (0: it may pass)."""
        with self._lock:
            now = time.monotonic()
            used = self._used.setdefault(key, deque())
            while used and used[0] <= now - self.window:
                used.popleft()
            if len(used) >= limit:
                oldest = used[0] if used else now
                return 0, max(1, math.ceil(oldest + self.window - now))
            used.append(now)
            return limit - len(used), 0


def _trouble_with(key: str) -> str:
    if not key:
        return "API_KEY_MISSING"
    if key == DEMO_KEY:
        return ""
    if not _KEY.fullmatch(key):
        return "API_KEY_INVALID"
    return next((code for word, code in _SPECIAL_KEYS.items() if key.startswith(word)), "")


def _without_key(request: Request) -> str:
    kept = [pair for pair in request.arguments() if pair[0] != "api_key"]
    return urlencode(kept, quote_via=quote_plus)


def _passing_headers(limit: int, left: int) -> Headers:
    return [
        ("X-RateLimit-Limit", str(limit)),
        ("X-RateLimit-Remaining", str(left)),
        ("Via", "https/1.1 api-umbrella (ApacheTrafficServer [cMsSf ])"),
        ("X-Cache", "MISS"),
        ("Age", "0"),
        ("Vary", "Accept-Encoding"),
        ("Strict-Transport-Security", "max-age=31536000; preload"),
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-XSS-Protection", "1; mode=block"),
    ]


def _refusal(code: str, request: Request) -> Answer:
    told = refusal(code, form_of(request.path, request.headers, request.arguments()))
    answer = text_answer(told.status, told.text, told.content_type)
    answer.headers.append(("Access-Control-Allow-Origin", "*"))
    return answer
