"""What stands before a server that speaks S3: it counts what is asked, and misbehaves as real stores do.

Takes a server's address, gives one of its own. It knows one access key, as moto knows none.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote, urlsplit

KEYS = "gateway-access-one", "what-nobody-shall-see"
ACCESS, SECRET = KEYS
FAILED = "<Error><Code>{}</Code><Message>{}</Message></Error>"


class Gateway:
    """A gateway that runs; `with` ends it.

    Attributes:
        deaf_to: headers that are dropped, in lower case: `if-match`, `if-none-match`.
        refuse_if_match: 412 whatever the ETag, as Ceph 16 does.
        fail: gives a status and a code for a method and a path that shall fail; None lets it pass.
        hangs: whether a question is taken and never answered.
        stalls: whether of an answer only half of the bytes come, and the connection stays open.
        asked: method and path of all that passed.
    """

    def __init__(self, server: str) -> None:
        self.deaf_to: set[str] = set()
        self.refuse_if_match = False
        self.fail: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
        self.hangs: Callable[[str, str], bool] = lambda _method, _path: False
        self.stalls: Callable[[str, str], bool] = lambda _method, _path: False
        self._over = threading.Event()
        self.asked: list[tuple[str, str]] = []
        self._to = urlsplit(server).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gateway": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def sent(self) -> list[str]:
        """Paths of what was put, without bucket and prefix, since they were last looked at."""
        found = [path.split("/sky/apod/", 1)[-1] for method, path in self.asked if method == "PUT"]
        self.asked.clear()
        return found

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def _failed(self, method: str, path: str, headers: Message) -> tuple[int, str] | None:
        """What a question is answered with instead; None where it passes."""
        if self.refuse_if_match and headers.get("if-match"):
            return 412, "PreconditionFailed"
        key_given = f"Credential={ACCESS}/" in headers.get("authorization", "")
        return self.fail(method, path) or (None if key_given else (403, "InvalidAccessKeyId"))


class _Handler(BaseHTTPRequestHandler):
    gateway: Gateway
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library's name
        pass

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = unquote(self.path.partition("?")[0])
        if self.gateway.hangs(self.command, path):
            return self.hang()
        failed = self.gateway._failed(self.command, path, self.headers)
        if failed:
            secret = self.headers.get("authorization", "")  # as Amazon does: what was signed comes back
            return self.give(failed[0], [], FAILED.format(failed[1], secret).encode())
        self.gateway.asked.append((self.command, path))
        return self.pass_on(body)

    def pass_on(self, body: bytes) -> None:
        headers = {k: v for k, v in self.headers.items() if k.lower() not in self.gateway.deaf_to}
        with closing(http.client.HTTPConnection(self.gateway._to, timeout=30)) as server:
            server.request(self.command, self.path, body, headers)
            came = server.getresponse()
            with suppress(ConnectionError):  # who asked may have been killed
                self.give(came.status, came.getheaders(), came.read())

    def hang(self) -> None:
        self.gateway._over.wait(120)
        self.close_connection = True

    def give(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        length = next((v for k, v in headers if k.lower() == "content-length"), str(len(body)))
        for name, value in headers:
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.gateway.stalls(self.command, self.path):
            self.wfile.write(body[: len(body) // 2])
            return self.hang()
        if self.command != "HEAD":
            self.wfile.write(body)
        return None

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - the library's names
