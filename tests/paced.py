"""A service that needs so long for every day it is asked for, before the simulator that knows the answer.

Takes a simulator and a pace; gives an address. `serial` does one request after another, and goes on with what nobody
waits for any more; else it does all at once. After `cut_off` seconds it answers 504, or hangs up, by itself.
"""

from __future__ import annotations

import datetime as dt
import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class Paced:
    """A slow service on a port of its own, in the background from `with` to its end.

    Attributes:
        asked: how many days each request asked for, in their order.
        worked: seconds of work in all, whoever waited for it.
        beside: at the beginning of each request, how many were being worked at, itself among them.
    """

    def __init__(
        self, behind: str, a_day: float, *, serial: bool = True, cut_off: float | None = None, hang_up: bool = False
    ) -> None:
        self._behind, self._a_day, self._cut_off, self._hang_up = urlsplit(behind), a_day, cut_off, hang_up
        self._turn: Any = threading.Lock() if serial else threading.Semaphore(1000)
        self._counting = threading.Lock()
        self._ended = threading.Event()
        self.asked: list[int] = []
        self.worked = 0.0
        self.beside: list[int] = []
        self._at_work = 0
        paced = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                paced._answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing on standard error."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that left is no error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, one: BaseHTTPRequestHandler) -> None:
        days = len(span_of(one.path))
        with self._counting:
            self.asked.append(days)
        done = threading.Event()
        threading.Thread(target=self._work, args=(days, done)).start()
        in_time = done.wait(self._cut_off)
        if self._ended.is_set() or (self._hang_up and not in_time):
            one.close_connection = True
        elif not in_time:
            self._say(one, 504, b"upstream request timeout")
        else:
            self._say(one, *self._fetch(one))

    def _work(self, days: int, done: threading.Event) -> None:
        with self._turn:
            with self._counting:
                self._at_work += 1
                self.beside.append(self._at_work)
            self._ended.wait(days * self._a_day)
        with self._counting:
            self._at_work -= 1
            self.worked += days * self._a_day
        done.set()

    def _fetch(self, one: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self._behind.hostname or "", self._behind.port)
        kept = {name: value for name, value in one.headers.items() if name.lower() in {"x-api-key", "accept"}}
        connection.request("GET", one.path, headers=kept)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def _say(self, one: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        one.send_response(status)
        one.send_header("Content-Length", str(len(body)))
        one.end_headers()
        one.wfile.write(body)


def span_of(path: str) -> list[dt.date]:
    """The days that an address asks for."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    if "start_date" in query:
        first, last = (dt.date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
    elif "date_from" in query:
        first, last = (_of_code(query[name]) for name in ("date_from", "date_to"))
    else:
        first = last = dt.date.fromisoformat(query["date"]) if "date" in query else _of_code(path.rpartition("/")[2])
    return [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]


def _of_code(code: str) -> dt.date:
    """The day of the new service's YYMMDD."""
    return dt.date(int(code[:2]) + (1900 if code >= "95" else 2000), int(code[2:4]), int(code[4:]))
