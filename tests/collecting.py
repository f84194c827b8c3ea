"""A web address that keeps what is posted to it: the collector of traces, or of lineage, of a test."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"


@dataclass
class Collector:
    """What is posted, in the order in which it came.

    Attributes:
        address: where it is.
        posted: path, headers in small letters, and body of each request.
        status: what is answered.
        drops: while it is set, an answer never comes to its end.
    """

    address: str = ""
    posted: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: int = 200
    drops: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def bodies(self, path: str) -> list[bytes]:
        """What was posted to a path."""
        return [body for at, _, body in self.posted if at == path]


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector on this machine, for as long as it is wanted."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            kept.posted.append((self.path, headers, body))
            self.send_response(kept.status)
            self.send_header("Content-Length", str(100 if kept.drops.is_set() else 0))
            self.end_headers()
            while kept.drops.is_set() and not kept.over.wait(0.5):  # by drops: no read takes long, all of it does
                self.wfile.write(b" ")
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Nothing: nobody reads it."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    kept.address = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
