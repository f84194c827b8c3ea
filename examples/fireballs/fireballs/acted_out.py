"""The fireball service acted out over real HTTP: what the tests and `apod demo --dataset fireballs` ask."""

from __future__ import annotations

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from apod_pipeline.dataset.spans import Span

TODAY = dt.date(2026, 3, 10)
FIELDS = ("date", "energy", "impact-e", "lat", "lat-dir", "lon", "lon-dir", "alt", "vel")
SIGNATURE = {"source": "NASA/JPL Fireball Data API", "version": "1.2"}


class SimulatedFireballs:
    """One fireball on most days, the numbers made of the day: a `dataset.acting.Simulation`."""

    span = Span(TODAY - dt.timedelta(days=59), TODAY)

    def __init__(self) -> None:
        self._nothing = False
        self._told: dict[dt.date, list[Any]] = {}
        for n, day in enumerate(self.span):
            if n % 7 != 5:
                at = f"{day} {n % 24:02}:{n * 7 % 60:02}:09"
                where = [f"{n}.5", "NS"[n % 2], f"{2 * n}.0", "EW"[n % 2]]
                self._told[day] = [at, f"{n + 2}.0", "0.1", *where, "31.5", None if n % 3 else "17.8"]

    @property
    def settings(self) -> dict[str, Any]:
        """Where it answers, and the newest day."""
        return {"url": f"http://127.0.0.1:{self._server.server_port}", "today": TODAY}

    def edit(self, day: dt.date) -> None:
        """Let the fireball of a day have been brighter."""
        self._told[day][1] = str(float(self._told[day][1]) + 0.5)

    def lie(self, *, on: bool) -> None:
        """Know nothing, whatever is asked; or tell the truth again."""
        self._nothing = on

    def _answer(self, path: str) -> dict[str, Any]:
        asked = parse_qs(urlsplit(path).query)
        first, last = (asked[f"date-{end}"][0][:10] for end in ("min", "max"))
        rows = [row for day, row in self._told.items() if first <= str(day) <= last]
        if self._nothing or not rows:
            return {"signature": SIGNATURE, "count": "0"}
        return {"signature": SIGNATURE, "count": str(len(rows)), "fields": FIELDS, "data": rows}

    def __enter__(self) -> Self:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
