"""One HTTP client for all sources: patience with limits, and no secret in anything it says.

Takes requests, writes the bodies into files as they come, gives status, size and hash. Never holds a whole body in
memory, never follows a redirect to another host, never repeats what was refused (400, 403, 404), nor a question for
many days that took too long: whoever asks can ask for less.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apod_pipeline import __version__
from apod_pipeline.dataset.sources import Request
from apod_pipeline.errors import ReplyRefused, SettingsError, SourceRefused, SourceTooSlow, SourceUnavailable
from apod_pipeline.fetching.one_at_a_time import turn
from apod_pipeline.ports import Answer

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"apod-pipeline/{__version__} (an archive of one's own; asks politely)"
LONGEST_WAIT = 60.0
PATIENCE = 1.5  # times the time-out: how long a request may take with all its repetitions, pauses aside
REDIRECTS = 5


class _Again(Exception):
    """This try failed in a way that another may not.

    Attributes:
        slow: it took too long.
        limited: the service answers, and wants to be asked less often.
        wait: seconds that it asks to wait.
    """

    def __init__(self, what: str, *, slow: bool = False, limited: bool = False, wait: float | None = None) -> None:
        super().__init__(what)
        self.slow, self.limited, self.wait = slow, limited, wait


@dataclass(eq=False)
class _Line:
    """A client for one request at a time, whose connection can be cut from another thread."""

    client: httpx.Client
    cut_off: bool = False
    _socket: socket.socket | None = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore tells of a request (its extension `trace`): a connection was made, or speaks TLS now."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.cut_off:
                self.cut()

    def cut(self) -> None:
        """End the connection: whoever waits for it goes on at once."""
        self.cut_off = True
        if self._socket:
            with suppress(OSError):  # SSLSocket's own shutdown would let its reader go on without TLS
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@dataclass(eq=False, repr=False)
class HttpClient:
    """Downloads, a few at a time.

    Attributes:
        timeout: seconds a request may take in all, then it is cut off; to connect, a third of it.
        retries: how often a failed request is repeated.
        backoff: seconds before the first repetition, doubled each time, with jitter.
        body_limit: bytes of the largest body that is taken.
        bases: names of the settings that hold the services' base addresses, for messages.
        key: name of the setting that holds the key, for messages.
        sleep: how to wait; tests hand in their own.
    """

    timeout: float = 30.0
    retries: int = 5
    backoff: float = 0.5
    body_limit: int = 256 << 20
    bases: tuple[str, ...] = ()
    key: str = "the key"
    sleep: Callable[[float], object] | None = None
    _abandoned: threading.Event = field(default_factory=threading.Event)
    _used_up: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _alone: threading.Lock = field(default_factory=threading.Lock)
    _resting: dict[tuple[str, str], list[_Line]] = field(default_factory=dict)
    _busy: set[_Line] = field(default_factory=set)

    @cached_property
    def _authorities(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _make(self, *, secure: bool) -> httpx.Client:
        # Without authorities it can speak to no https host; reading them all takes longer than an answer does.
        authorities = self._authorities if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        library = _library()
        connect = max(self.timeout / 3, min(self.timeout, 1.0))
        try:
            client: httpx.Client = library.Client(
                timeout=library.Timeout(self.timeout, connect=connect),
                headers={"User-Agent": USER_AGENT, "Accept": "application/json, application/rss+xml;q=0.5"},
                verify=authorities,
                trust_env=True,
            )
        except (ImportError, ValueError) as error:
            raise SettingsError(
                "the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) cannot be used. Nothing was "
                "requested; unset it, or name an http proxy."
            ) from error
        return client

    @contextmanager
    def _line(self, address: str, seconds: float) -> Iterator[_Line]:
        """A line to an address's host, kept for the next request; cut when the time of this one is over."""
        host = urlsplit(address)[:2]
        with self._lock:
            if self._abandoned.is_set():
                raise _Again("given up")
            resting = self._resting.setdefault(host, [])
            line = resting.pop() if resting else _Line(self._make(secure=host[0] == "https"))
            self._busy.add(line)
        watch = threading.Timer(seconds, line.cut)
        watch.daemon = True
        watch.start()
        try:
            yield line
        finally:
            watch.cancel()
            watch.join()
            with self._lock:
                self._busy.remove(line)
                if not line.cut_off:
                    resting.append(line)
            if line.cut_off:  # whatever came: a body of no told length ends where its connection does
                line.client.close()
                raise _Again(f"no answer in time: it took more than {seconds:.3g} seconds", slow=True)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            while self._resting:
                for line in self._resting.popitem()[1]:
                    line.client.close()

    def abandon(self) -> None:
        """Give up what is on its way, and begin nothing more."""
        self._abandoned.set()
        with self._lock:
            for line in self._busy:
                line.cut()

    def download(self, request: Request, into: Path) -> Answer:
        """Ask until an answer is had that another try would not change.

        Args:
            request: the question.
            into: where the body is written; whole when this returns.

        Raises:
            SourceTooSlow: a list of more than one day did not come in time; it was not repeated.
            SourceUnavailable: after the last repetition (a wide list has none), or when the rate limit is used up.
            SourceRefused: the key was refused, or we are sent elsewhere: it concerns every day alike.
            ReplyRefused: this one answer is too large to be taken.
        """
        left = self.timeout * PATIENCE
        for attempt in range(self.retries + 1):
            begin = time.monotonic()
            try:
                self._mind_the_limit(request)
                with self._turn(request) as waited:
                    begin += waited
                    return self._once(request, into, min(self.timeout, left))
            except _Again as again:
                left -= time.monotonic() - begin
                less = (request.divisible and again.slow) or (request.wide and not again.limited)
                if less or left <= 0 or attempt == self.retries or self._abandoned.is_set():
                    raise self._given_up(request, attempt + 1, again) from again
                (self.sleep or self._abandoned.wait)(self._pause(attempt, again.wait, request))
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _turn(self, request: Request) -> Iterator[float]:
        """The turn to ask a service that wants one question at a time; gives how many seconds it was waited for."""
        begin = time.monotonic()
        if not request.alone:
            yield 0.0
            return

        def wait(seconds: float) -> None:
            if self._abandoned.wait(seconds):
                raise _Again("given up")

        while not self._alone.acquire(timeout=0.2):  # among our own threads, without looking again and again
            wait(0)
        try:
            with turn(urlsplit(request.address).netloc, wait):
                yield time.monotonic() - begin
        finally:
            self._alone.release()

    @staticmethod
    def _given_up(request: Request, tries: int, last: _Again) -> SourceUnavailable:
        kind = SourceTooSlow if request.divisible and last.slow else SourceUnavailable
        many = f"{tries} tries" if tries > 1 else "one try"
        return kind(
            f"{request.asked}: no answer from {request.address} after {many} ({last}). What was received before is "
            "kept; type the same command again later."
        )

    def _pause(self, attempt: int, asked: float | None, request: Request) -> float:
        if asked is not None and asked > LONGEST_WAIT:
            raise SourceUnavailable(
                f"{request.asked}: {urlsplit(request.address).netloc} asks us to wait {asked:.0f} seconds. What was "
                "received before is kept; type the same command again then."
            )
        pause: float = self.backoff * 2**attempt * random.uniform(0.5, 1.5)
        return max(pause, asked or 0.0)

    def _mind_the_limit(self, request: Request) -> None:
        host = urlsplit(request.address).netloc
        if self._used_up.get(host, 0.0) > time.monotonic():
            own = f", or set {self.key} to a key of your own" if request.headers else ""
            raise SourceUnavailable(
                f"{request.asked}: the rate limit of {host} is used up. What was received before is kept; type the "
                f"same command again in an hour{own}."
            )

    def _once(self, request: Request, into: Path, seconds: float) -> Answer:
        address = request.address
        with self._line(address, seconds) as line:
            import httpx

            trace = {"trace": line.trace}
            try:
                for _ in range(REDIRECTS + 1):
                    with line.client.stream("GET", address, headers=request.headers, extensions=trace) as response:
                        if response.next_request is None:
                            return self._take(response, request, into)
                        address = self._same_host(str(response.next_request.url), request)
            except (httpx.LocalProtocolError, UnicodeEncodeError):
                pass  # their words quote the header, and so the key: they are not even chained
            except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
                slow = isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout)
                raise _Again(_in_words(error), slow=slow) from error
            else:
                raise _Again(f"more than {REDIRECTS} redirects")
        raise SourceRefused(
            f"{request.asked}: the request cannot be sent, because {self.key} contains a character that no header "
            "can hold. Nothing was requested; set it to a valid key."
        )

    def _same_host(self, target: str, request: Request) -> str:
        old, new = urlsplit(request.address), urlsplit(target)
        if (old.scheme, old.netloc) == (new.scheme, new.netloc):
            return target
        there = f"{new.scheme}://{new.netloc.rpartition('@')[2]}"  # what stands before an @ is a secret
        if (old.scheme, new.scheme, new.hostname) == ("http", "https", old.hostname):
            raise SourceRefused(
                f"{request.asked}: {old.netloc} requires https. Nothing was stored; set its base address {self._bases} "
                f"to {there}."
            )
        raise SourceRefused(
            f"{request.asked}: {old.netloc} redirects us to {there}, which is not followed. Nothing was stored; if the "
            f"service has moved, set its new base address {self._bases}."
        )

    @property
    def _bases(self) -> str:
        return f"({' or '.join(self.bases)})"

    def _take(self, response: httpx.Response, request: Request, into: Path) -> Answer:
        size, digest = 0, hashlib.sha256()
        with into.open("wb") as file:
            for piece in response.iter_bytes():
                size += len(piece)
                if size > self.body_limit:
                    raise ReplyRefused(
                        f"{request.asked}: {request.address} sends more than {self.body_limit >> 20} MB. Nothing of it "
                        "was kept; if that is expected, raise APOD_HTTP_BODY_LIMIT."
                    )
                digest.update(piece)
                file.write(piece)
        self._weigh(response, request)
        return Answer(response.status_code, dt.datetime.now(dt.UTC), size, digest.hexdigest())

    def _weigh(self, response: httpx.Response, request: Request) -> None:
        status = response.status_code
        if status == 429 or status >= 500:
            wait = _retry_after(response.headers.get("Retry-After"))
            limited = status == 429 or (status == 503 and wait is not None)
            raise _Again(f"HTTP {status}", slow=status == 504, limited=limited, wait=wait)
        if response.headers.get("X-RateLimit-Remaining") == "0":
            self._used_up[urlsplit(request.address).netloc] = time.monotonic() + 3600
        if status in {401, 403}:
            whom, do = ("the key", f"set {self.key} to a valid key") if request.headers else ("us", "try later")
            raise SourceRefused(
                f"{request.asked}: {urlsplit(request.address).netloc} refuses {whom} (HTTP {status}). Nothing was "
                f"stored for these days; {do}, or use another source with --source."
            )


def _library() -> Any:  # noqa: ANN401 - the module httpx
    """The library httpx, without its command line: that would import rich and pygments, a tenth of a short run."""
    line = "httpx._main"
    absent = line not in sys.modules
    if absent:
        sys.modules[line] = None  # type: ignore[assignment] # httpx then does without, as if rich were not installed
    try:
        import httpx
    finally:
        if absent:
            del sys.modules[line]
    return httpx


def _retry_after(value: str | None) -> float | None:
    if value is None:
        return None
    with suppress(ValueError):
        return max(0.0, float(value))
    from email.utils import parsedate_to_datetime

    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - dt.datetime.now(dt.UTC)).total_seconds())
    return None


def _in_words(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
