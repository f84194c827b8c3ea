"""A DVC remote over HTTP: no folder of this machine, in memory, and able to vanish."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Objects(ThreadingHTTPServer):
    """A DVC remote over HTTP in memory; with `room` for so many objects, after which it answers nobody any more."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held: dict[str, bytes] = {}
        self.room: int | None = None
        self.lock = threading.Lock()
        self.before_taking: Callable[[], object] = lambda: None

    @property
    def gone(self) -> bool:
        return self.room == 0


class _Handler(BaseHTTPRequestHandler):
    server: Objects

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        if self.server.gone:
            self.close_connection = True  # without a word
            return
        body = self.server.held.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if with_body and body:
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.before_taking()
        body = self._body()
        with self.server.lock:
            if self.server.gone:
                self.close_connection = True
                return
            self.server.held[self.path] = body
            if self.server.room is not None:
                self.server.room -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if length := self.headers.get("Content-Length"):
            return self.rfile.read(int(length))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


@contextmanager
def serving() -> Iterator[Objects]:
    """A remote that answers until the end."""
    with Objects() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
