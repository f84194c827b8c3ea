"""One file from the web into one here: politely, with limits, from public hosts only.

Takes addresses, gives files with what the host said of them. What comes in part goes on where it stopped, if the host
can say that it is the same file still. Never follows a redirect to where it may not ask, never takes a body without
end, and never asks one host more often than it was told to.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import httpcore

from apod_pipeline.extras.pictures.guard import Forbidden, Guard, GuardedNetwork
from apod_pipeline.extras.pictures.magic import looks_like_a_picture
from apod_pipeline.fetching.http_client import USER_AGENT

CONNECT, SILENCE = 15.0, 30.0  # seconds: to connect; between two pieces of a body
REDIRECTS, TRIES = 5, 3
PIECE_TO_JUDGE = 64  # bytes by which a picture is told from a page
PATIENCE = 60.0  # seconds that a host may ask to wait
PATIENT_WITH = 6  # failures in a row after which a host is left alone until the next sync
SAFE = "%/:=&?~#+!$,;'@()*[]"  # what stands in addresses as it is


class Refused(Exception):
    """The host was asked, and what it gives is not to be had, or not to be taken; in words."""


class Unreachable(Exception):
    """The host does not answer, or not well, today; in words."""


class Had(NamedTuple):
    """What came.

    Attributes:
        path: the file; None where the host says that what is here is still the same.
        place: the address that it came from, after redirects.
        etag: the host's word for these bytes.
        modified: when it says that they were last changed.
    """

    path: Path | None
    place: str
    etag: str | None = None
    modified: str | None = None


@dataclass(eq=False, repr=False)
class Host:
    """What is known of one host in this sync."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    next_at: float = 0.0
    failures: int = 0


@dataclass(eq=False, repr=False)
class Downloads:
    """Downloads into a folder.

    Attributes:
        folder: where bodies lie while they come; what is in part there goes on.
        guard: judges addresses.
        per_second: requests a second to one host.
        timeout: seconds that one file may take, with all its tries.
        most: bytes of the largest file that is taken.
        concurrency: connections at a time.
        stopped: set when nothing more is to be begun.
        clock: seconds, from wherever.
    """

    folder: Path
    guard: Guard
    per_second: float = 5.0
    timeout: float = 300.0
    most: int = 300_000_000
    concurrency: int = 4
    stopped: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic
    _hosts: dict[str, Host] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def proxies(self) -> Mapping[str, str]:
        """The proxies that the environment names, by scheme."""
        told = getproxies_environment()
        return {
            scheme: told.get(scheme) or told["all"]
            for scheme in ("http", "https")
            if told.get(scheme) or told.get("all")
        }

    # ---- one file ------------------------------------------------------------------------
    def fetch(self, address: str, known: Had | None = None) -> Had:
        """The file at an address; with `known`, only where it is another one than that.

        Raises:
            Refused: it is not to be had, or not to be taken.
            Unreachable: it may be had another time; what came of it stays in the folder.
        """
        deadline = self.clock() + self.timeout
        for attempt in range(TRIES):
            try:
                return self._followed(address, known, deadline)
            except Unreachable:
                if attempt == TRIES - 1 or self.clock() >= deadline or self.stopped.wait(0.5 * 2**attempt):
                    raise
        raise AssertionError("the last try returns or raises")

    def _followed(self, address: str, known: Had | None, deadline: float) -> Had:
        place = address
        for _ in range(REDIRECTS + 1):
            try:
                self.guard.see(place)
                with self._asked(place, known) as response:
                    target = _header(response, "location")
                    if response.status in {301, 302, 303, 307, 308} and target:
                        place = urljoin(place, target)
                        continue
                    return self._taken(response, place, known, deadline)
            except Forbidden as error:
                raise Refused(f"{_site(place)}: {error}") from error
            except (
                httpcore.NetworkError,
                httpcore.TimeoutException,
                httpcore.ProtocolError,
                httpcore.ProxyError,
            ) as error:
                raise self._failed(place, _in_words(error)) from error
            except (httpcore.UnsupportedProtocol, UnicodeError, ValueError) as error:
                raise Refused(f"{_site(place)} is no address that can be asked") from error
        raise Refused(f"{_site(address)}: more than {REDIRECTS} redirects")

    @contextmanager
    def _asked(self, place: str, known: Had | None) -> Iterator[httpcore.Response]:
        self._await_turn(place)
        headers = {"User-Agent": USER_AGENT, "Accept": "image/*", "Accept-Encoding": "identity"}
        part, note = self._part(place)
        if known:
            headers |= {"If-None-Match": known.etag} if known.etag else {}
            headers |= {"If-Modified-Since": known.modified} if known.modified and not known.etag else {}
        elif part.exists() and (same := note.get("etag") or note.get("modified")) and not same.startswith("W/"):
            headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": same}
        timeouts = {"connect": CONNECT, "read": SILENCE, "write": SILENCE, "pool": self.timeout}
        target = quote(place, safe=SAFE)
        with self._pool_for(place).stream("GET", target, headers=headers, extensions={"timeout": timeouts}) as response:
            yield response

    def _taken(self, response: httpcore.Response, place: str, known: Had | None, deadline: float) -> Had:
        status = response.status
        if status == 304 and known:
            self._host(place).failures = 0
            return known._replace(path=None)
        if status == 429 or status >= 500 or status == 408:
            raise self._failed(place, f"HTTP {status}", _header(response, "retry-after"))
        part, _ = self._part(place)
        if status == 416:  # it has become shorter
            part.unlink(missing_ok=True)
            raise Unreachable(f"{_site(place)}: HTTP 416")
        if status not in {200, 206}:
            raise Refused(f"{_site(place)}: HTTP {status}")
        if _header(response, "content-type").startswith(("text/", "application/json", "image/svg")):
            raise Refused(f"{_site(place)} sends {_header(response, 'content-type').partition(';')[0]}, not a picture")
        had = Had(part, place, _header(response, "etag") or None, _header(response, "last-modified") or None)
        begin = part.stat().st_size if status == 206 else 0
        if status == 206 and not _header(response, "content-range").startswith(f"bytes {begin}-"):
            part.unlink(missing_ok=True)
            raise Unreachable(f"{_site(place)} sends another part than it was asked for")
        self._write(response, had, begin, deadline)
        self._host(place).failures = 0
        return had

    def _write(self, response: httpcore.Response, had: Had, begin: int, deadline: float) -> None:
        """The body into the folder.

        Raises:
            Refused: it is too large, or no picture by its first bytes. Nothing of it stays.
            Unreachable: it did not come to its end; what came stays.
        """
        part, note = had.path, self._note(had.place)
        assert part is not None  # noqa: S101 - told by who calls
        told = _header(response, "content-length")
        whole = begin + int(told) if told.isdigit() else None
        self._see_size(whole or 0, had.place)
        note.write_text(json.dumps({"etag": had.etag, "modified": had.modified}))
        size, judged = begin, begin > 0
        try:
            with part.open("ab" if begin else "wb") as file:
                for piece in response.iter_stream():
                    file.write(piece)
                    size += len(piece)
                    self._see_size(size, had.place)
                    if not judged and size >= PIECE_TO_JUDGE:
                        file.flush()
                        judged = self._see_first_bytes(part, had.place)
                    if self.clock() > deadline or self.stopped.is_set():
                        raise Unreachable(
                            f"{_site(had.place)} sent {size} bytes in {self.timeout:.0f} s, not all of them"
                        )
            if not judged:
                self._see_first_bytes(part, had.place)
        except Refused:
            part.unlink(missing_ok=True)
            note.unlink(missing_ok=True)
            raise
        if whole is not None and size != whole:
            raise Unreachable(f"{_site(had.place)} sent {size} of {whole} bytes")
        note.unlink(missing_ok=True)

    def _see_size(self, size: int, place: str) -> None:
        if size > self.most:
            raise Refused(f"{_site(place)} sends more than {self.most / 1e6:.0f} MB")

    @staticmethod
    def _see_first_bytes(part: Path, place: str) -> bool:
        with part.open("rb") as file:
            if not looks_like_a_picture(file.read(PIECE_TO_JUDGE)):
                raise Refused(f"{_site(place)} sends what is no picture by its first bytes")
        return True

    # ---- hosts ---------------------------------------------------------------------------
    def _await_turn(self, place: str) -> None:
        host = self._host(place)
        if host.failures >= PATIENT_WITH:
            raise Unreachable(f"{_site(place)} failed {PATIENT_WITH} times in a row, and is left alone for now")
        with host.lock:
            wait = max(0.0, host.next_at - self.clock())
            if wait > PATIENCE:
                raise Unreachable(f"{_site(place)} asks us to wait {wait:.0f} seconds")
            if wait and self.stopped.wait(wait):
                raise Unreachable("given up")
            host.next_at = self.clock() + 1 / self.per_second

    def _failed(self, place: str, why: str, wait: str = "") -> Unreachable:
        host = self._host(place)
        host.failures += 1
        if wait.isdigit():
            host.next_at = max(host.next_at, self.clock() + int(wait))
        return Unreachable(f"{_site(place)}: {why}")

    def _host(self, place: str) -> Host:
        with self._lock:
            return self._hosts.setdefault(urlsplit(place).netloc, Host())

    def _pool_for(self, place: str) -> Any:  # noqa: ANN401 - a pool, with or without a proxy
        parts = urlsplit(place)
        proxy = self.proxies.get(parts.scheme)
        if proxy is None or proxy_bypass(parts.netloc):
            return self._direct
        with suppress(OSError):  # a host that only the proxy knows is left to the proxy
            self.guard.resolved(parts.hostname or "", parts.port or 443)
        return self._through(proxy)

    @cached_property
    def _authorities(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @cached_property
    def _direct(self) -> httpcore.ConnectionPool:
        return httpcore.ConnectionPool(
            ssl_context=self._authorities,
            max_connections=self.concurrency * 2,
            max_keepalive_connections=self.concurrency,
            network_backend=GuardedNetwork(self.guard),
        )

    def _through(self, proxy: str) -> httpcore.HTTPProxy:
        with self._lock:
            known: dict[str, httpcore.HTTPProxy] = self.__dict__.setdefault("_known_proxies", {})
            if proxy not in known:
                parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
                if parts.scheme not in {"http", "https"} or not parts.hostname:
                    raise Refused("the proxy that the environment names is no http proxy")
                login = (parts.username or "", parts.password or "") if parts.username else None
                known[proxy] = httpcore.HTTPProxy(
                    f"{parts.scheme}://{parts.hostname}:{parts.port or 80}",
                    proxy_auth=login,
                    ssl_context=self._authorities,
                    network_backend=GuardedNetwork(self.guard, [parts.hostname]),
                )
            return known[proxy]

    # ---- the folder ----------------------------------------------------------------------
    def _part(self, place: str) -> tuple[Path, dict[str, Any]]:
        """Where the body of an address lies while it comes, and what was said of it."""
        part, note = self.folder / f"{_name(place)}.part", self._note(place)
        try:
            told = json.loads(note.read_bytes())
        except (FileNotFoundError, ValueError):
            told = {}
        return part, told if isinstance(told, dict) else {}

    def _note(self, place: str) -> Path:
        return self.folder / f"{_name(place)}.json"

    def stop(self) -> None:
        """Begin nothing more, and let what comes stay as it is."""
        self.stopped.set()

    def close(self) -> None:
        """Let go of the connections."""
        if pool := self.__dict__.get("_direct"):
            pool.close()
        for proxy in self.__dict__.get("_known_proxies", {}).values():
            proxy.close()


def _name(place: str) -> str:
    return sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _header(response: httpcore.Response, name: str) -> str:
    wanted = name.encode()
    return next((value.decode("latin-1").strip() for key, value in response.headers if key.lower() == wanted), "")


def _site(place: str) -> str:
    """An address without what may be a secret: user, query, fragment."""
    parts = urlsplit(place)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _in_words(error: Exception) -> str:
    kinds: dict[type[Exception], str] = {
        httpcore.ConnectTimeout: "it does not answer",
        httpcore.ReadTimeout: "it stopped sending",
    }
    return kinds.get(type(error), " ".join(str(error).split())[:120] or type(error).__name__)
