"""The toy data set's service, acted out over real HTTP."""

from __future__ import annotations

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from apod_pipeline.dataset.spans import Span

TODAY = dt.date(2026, 3, 10)


class SimulatedWatch:
    """Two sightings a night but one, and whatever a test does to them."""

    span = Span(TODAY - dt.timedelta(days=29), TODAY)

    def __init__(self) -> None:
        self.empty = self.span.first + dt.timedelta(days=5)
        self.sightings: list[dict[str, Any]] = [
            {"name": f"{night}-{place[0]}", "night": str(night), "place": place, "magnitude": -1.5 - n, "sound": sound}
            for night in self.span
            if night != self.empty
            for n, (place, sound) in enumerate((("Far Hill", "yes"), ("Low Mill", "no")))
        ]
        self.placeholder = False
        self.requests: list[str] = []

    def named(self, name: str) -> dict[str, Any]:
        """One of them, to be changed."""
        return next(one for one in self.sightings if one["name"] == name)

    def __enter__(self) -> Self:
        watch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watch.requests.append(self.path)
                body = json.dumps(watch.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, Any]:
        """Where it answers, and the newest day."""
        return {"watch_url": self.url, "today": TODAY}

    def edit(self, day: dt.date) -> None:
        """Let what was seen first on a night have been brighter."""
        next(one for one in self.sightings if one["night"] == str(day))["magnitude"] -= 1

    def lie(self, *, on: bool) -> None:
        """Say sorry for every sighting; or tell the truth again."""
        self.placeholder = on

    def answer(self, path: str) -> list[dict[str, Any]]:
        """What it says to a question."""
        asked = parse_qs(urlsplit(path).query)
        first, last = asked["from"][0], asked["to"][0]
        told = [one for one in self.sightings if first <= one["night"] <= last]
        if self.placeholder:
            return [{"name": "", "night": one["night"], "place": "Sorry"} for one in told]
        return [{**one, "asked_at": "just now"} for one in told]
