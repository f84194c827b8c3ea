"""JPL's close-approach service acted out over generated objects: a `dataset.acting.Simulation`, and more levers.

Takes a span of days, gives an HTTP address that answers as the service does (version 1.5), and what can be done to what
it tells: new orbit solutions, other days, other names, withdrawals, faults. Deterministic: the same day, the same rows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from typing import Any, Self

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import faults
from apod_pipeline.simulator.generated_approaches import Approach, approaches_of
from apod_pipeline.simulator.message import Answer, Request, as_json
from apod_pipeline.simulator.server import Server

TODAY = dt.date(2026, 3, 10)
FIELDS = ("des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f", "h")
OPTIONS = {"diameter": ("diameter", "diameter_sigma"), "fullname": ("fullname",)}
PARAMETERS = {"date-min", "date-max", "dist-max", "des", *OPTIONS}
LUNAR_DISTANCE = 384400 / 149597870.7  # au
_POLL_SECONDS = 0.02
_SIGNED = {"signature": {"source": "NASA/JPL SBDB Close Approach Data API", "version": "1.5"}}


class SimulatedJpl:
    """The service on a loopback port, from `with` to its end.

    Args:
        span: days of which it tells; some weeks up to `TODAY` unless given.
        a_day: approaches on a day that has some.
        every: how many days lie from one such day to the next.
        address: where it listens; port 0 takes a free one.
    """

    def __init__(
        self,
        span: Span | None = None,
        a_day: int = 3,
        every: int = 1,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.span = span or Span(TODAY - dt.timedelta(days=44), TODAY)
        last = self.span.last + dt.timedelta(days=0 if span else 75)
        self.approaches = [one for day in [*Span(self.span.first, last)][::every] for one in approaches_of(day, a_day)]
        self.requests: list[str] = []
        self.faults: list[faults.Fault] = []
        self._address, self._nothing = address, False
        self._ordered: tuple[tuple[int, int], list[Approach]] = (-1, -1), []
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = Server(self._address, self._answer)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), name="simulated-jpl")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join()

    @property
    def url(self) -> str:
        """Base address of the service.

        Raises:
            SettingsError: it is not running.
        """
        if self._server is None:
            raise SettingsError("the simulator is not running and has no address; use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def settings(self) -> Mapping[str, Any]:
        """Where it answers, and the newest day."""
        return {"jpl_url": self.url, "today": self.span.last}

    # ---- what can be done to it ----------------------------------------------------------
    def on(self, day: dt.date) -> list[Approach]:
        """What it tells of a day."""
        return [one for one in self.approaches if one.at.date() == day]

    def of(self, des: str) -> list[Approach]:
        """What it tells of an object."""
        return [one for one in self.approaches if one.des == des]

    def edit(self, day: dt.date) -> None:
        """Compute the first approach of a day anew."""
        self.on(day)[0].renew()

    def renew(self) -> None:
        """Compute every orbit anew."""
        for one in self.approaches:
            one.renew()

    def withdraw(self, one: Approach) -> None:
        """Tell of an approach no more."""
        self.approaches.remove(one)

    def twin_of(self, one: Approach, later: dt.timedelta) -> Approach:
        """Tell a second row of an approach, so much later; gives it."""
        self.approaches.append(dataclasses.replace(one, at=one.at + later, dist=one.dist * 1.01))
        return self.approaches[-1]

    def lie(self, *, on: bool) -> None:
        """Find nothing, whatever is asked; or tell the truth again."""
        self._nothing = on

    def fault(self, kind: str, match: str = "", times: int = -1, **params: object) -> None:
        """Let something go wrong with requests; see `simulator.faults`, of which those of APOD's entries do nothing."""
        self.faults.append(faults.declared(kind, match, times, **params))

    # ---- what it answers -----------------------------------------------------------------
    def _answer(self, request: Request) -> Answer:
        self.requests.append(request.target)
        fault = next((one for one in self.faults if one.fires_on(request.target)), None)
        if fault and (answer := faults.instead(fault, request)):
            return answer
        answer = self.told(request)
        return faults.spoilt(fault, answer) if fault else answer

    def told(self, request: Request) -> Answer:
        """What the service says to a request, where nothing goes wrong."""
        headers = [("Content-Type", "application/json")]
        try:
            return Answer(200, headers, as_json(self._found(dict(request.arguments()))))
        except ValueError as error:
            told = {"moreInfo": "https://ssd-api.jpl.nasa.gov/doc/cad.html", "code": "400", "message": str(error)}
            return Answer(400, headers, as_json(told))

    def _between(self, first: dt.datetime, last: dt.datetime) -> list[Approach]:
        """The approaches of some time, in their order, which is made anew only where something changed."""
        state = Approach.changes, len(self.approaches)
        if self._ordered[0] != state:
            self._ordered = state, sorted(self.approaches, key=lambda one: one.at)
        ordered = self._ordered[1]
        begin = bisect_left(ordered, first, key=lambda one: one.at)
        return ordered[begin : bisect_right(ordered, last, key=lambda one: one.at)]

    def _found(self, asked: dict[str, str]) -> dict[str, object]:
        if unknown := asked.keys() - PARAMETERS:
            raise ValueError(f"one or more query parameter was not recognized: {min(unknown)}")
        first, last = (_instant(asked[name], self.span.last) for name in ("date-min", "date-max"))
        most = _au(asked.get("dist-max", "0.05"))
        within = self._between(first, last)
        found = [one for one in within if one.dist <= most and asked.get("des", one.des) == one.des]
        if self._nothing or not found:
            return {**_SIGNED, "count": 0}
        options = [name for option, names in OPTIONS.items() if asked.get(option) == "true" for name in names]
        fields = [*FIELDS, *options]
        rows = [one.row() for one in found]
        return {
            **_SIGNED,
            "count": len(rows),
            "fields": fields,
            "data": [[row[name] for name in fields] for row in rows],
        }


def _instant(text: str, today: dt.date) -> dt.datetime:
    """A time as the service takes it: a bare day is its beginning."""
    try:
        return dt.datetime.fromisoformat(str(today) if text == "now" else text)
    except ValueError as error:
        raise ValueError("invalid date") from error


def _au(text: str) -> float:
    try:
        return float(text.removesuffix("LD")) * (LUNAR_DISTANCE if text.endswith("LD") else 1)
    except ValueError as error:
        raise ValueError("invalid number and/or units") from error
