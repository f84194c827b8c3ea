"""Everything that one simulator answers: which path belongs to whom, what goes wrong, and the log.

Takes requests from any thread, gives answers, never opens a socket. The log holds masked paths only.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from apod_pipeline.simulator import faults, picture_host
from apod_pipeline.simulator.message import Answer, Request, text_answer
from apod_pipeline.simulator.new_service import NewService
from apod_pipeline.simulator.old_service import OldService, internal_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from apod_pipeline.simulator.gateway import Gateway
    from apod_pipeline.simulator.world import Edition, World

_ARTICLE = "<!doctype html><html><head><title>APOD - NASA Science</title></head><body><h1>{}</h1></body></html>"


class Services:
    """Both services, the pictures, the feed, the faults and the log of one simulator."""

    def __init__(self, world: World, gateway: Gateway, seed: int) -> None:
        self.world = world
        self.gateway = gateway
        self.old = OldService(seed)
        self.new = NewService()
        self.faults: list[faults.Fault] = []
        self.log: list[tuple[str, str, int]] = []
        self._lock = Lock()
        self._first_limits = gateway.rate_limit, gateway.window

    def reset(self) -> None:
        """Back to the start: entries, faults, limits, counters and log."""
        self.world.reset()
        self.clear_faults()
        limit, window = self._first_limits
        self.set_rate_limit(limit)
        self.set_rate_window(window)
        self.old.reset()
        self.log.clear()

    def set_rate_limit(self, limit: int) -> None:
        """Allow a registered key so many requests an hour, and count from nothing again."""
        self.gateway.rate_limit = limit
        self.gateway.reset()

    def set_rate_window(self, seconds: float) -> None:
        """Let requests count for so long, and count from nothing again."""
        self.gateway.window = seconds
        self.gateway.reset()

    def add_fault(self, fault: faults.Fault) -> None:
        """Switch a fault on."""
        with self._lock:
            self.faults = [*self.faults, fault]

    def clear_faults(self) -> None:
        """Switch all faults off."""
        with self._lock:
            self.faults = []

    def answer(self, request: Request) -> Answer:
        """The answer to a request, with whatever is to go wrong; the request is logged."""
        try:
            answer = picture_host.as_asked_for(request, self._with_faults(request))
        except Exception as error:  # noqa: BLE001  # a server answers whatever happens
            answer = internal_error(error)
        self.log.append((request.method, request.target, answer.status))
        return answer

    def _with_faults(self, request: Request) -> Answer:
        with self._lock:
            fault = next((fault for fault in self.faults if fault.fires_on(request.target)), None)
        edition = self.world.edition
        if fault is None:
            return self._route(request, edition)
        replaced = faults.instead(fault, request)
        if replaced is not None:
            return replaced
        lens = faults.lens_of(fault, edition)
        return faults.spoilt(fault, self._route(request, edition.through(lens) if lens else edition))

    def _route(self, request: Request, edition: Edition) -> Answer:
        """Whoever owns the beginning of the path answers; what nobody owns is the old service's."""
        owners: dict[str, Callable[[], Answer]] = {
            "/planetary/": lambda: self.gateway.answer(request, partial(self.old.answer, edition=edition)),
            "/wp-json/": lambda: self.new.answer(request, edition),
            "/feed/apod-basic": lambda: self.new.feed(request, edition),
            "/apod/image/": _moved_picture,
            "/apod/": lambda: text_answer(200, _ARTICLE.format("Astronomy Picture of the Day")),
            "/image-article/": lambda: text_answer(200, _ARTICLE.format("Astronomy Picture of the Day")),
            **dict.fromkeys(picture_host.ROOTS, lambda: picture_host.answer(request)),
        }
        for root, owner in owners.items():
            if request.path.startswith(root):
                return owner()
        return self.old.answer(request, edition)


def _moved_picture() -> Answer:
    """The old host's pictures are gone: their addresses lead to a page."""
    answer = text_answer(301, _ARTICLE.format("Moved"))
    answer.headers.append(("Location", "/apod/"))
    return answer
