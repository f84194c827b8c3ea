"""What stands before a server that speaks S3: it counts what is asked, and misbehaves as real stores do.

Takes a server's address, gives one of its own. It knows one access key, as moto knows none.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
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
        asked: method and path of all that passed.
    """

    def __init__(self, server: str) -> None:
        self.deaf_to: set[str] = set()
        self.refuse_if_match = False
        self.fail: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
        self.asked: list[tuple[str, str]] = []
        self._to = urlsplit(server).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
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
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library's name
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                path = unquote(self.path.partition("?")[0])
                key_given = f"Credential={ACCESS}/" in self.headers.get("authorization", "")
                failed = gateway.fail(self.command, path) or (None if key_given else (403, "InvalidAccessKeyId"))
                if gateway.refuse_if_match and self.headers.get("if-match"):
                    failed = 412, "PreconditionFailed"
                if failed:
                    secret = self.headers.get("authorization", "")  # as Amazon does: what was signed comes back
                    return self.give(failed[0], [], FAILED.format(failed[1], secret).encode())
                gateway.asked.append((self.command, path))
                headers = {k: v for k, v in self.headers.items() if k.lower() not in gateway.deaf_to}
                server = http.client.HTTPConnection(gateway._to, timeout=30)
                server.request(self.command, self.path, body, headers)
                came = server.getresponse()
                self.give(came.status, came.getheaders(), came.read())
                return server.close()

            def give(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                length = next((v for k, v in headers if k.lower() == "content-length"), str(len(body)))
                for name, value in headers:
                    if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - the library's names

        return Handler
