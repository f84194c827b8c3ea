"""The simulator to be used: both services in the background of a program, or for ever as a command.

Takes a calendar, a seed and a port, gives an address and the levers of its world, never outlives its
`with`.
"""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Self

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import faults
from apod_pipeline.simulator.control import Steered
from apod_pipeline.simulator.dirt import FIRST_DAY
from apod_pipeline.simulator.feed import eastern_today
from apod_pipeline.simulator.gateway import Gateway
from apod_pipeline.simulator.scraped import Hosts
from apod_pipeline.simulator.server import Server
from apod_pipeline.simulator.services import Services
from apod_pipeline.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

DEFAULT_PORT = 8099
_POLL_SECONDS = 0.02  # how late the accepting thread may notice that it is to stop


class Simulator:
    """Both NASA APOD services over generated entries, on a loopback port, from `with` to its end.

    Args:
        today: The newest day; the day in the US East unless given.
        first: The oldest published day.
        port: 0 takes a free one; `url` tells it.
        seed: Which words the entries are made of.
        rate_limit: Requests a registered key may make in `rate_window` seconds (3600 unless set).
        host: Address to listen on.
        local_pictures: Let the addresses of pictures point at this simulator instead of NASA's hosts; records
            then differ from port to port.

    Example:
        >>> with Simulator(today=date(2026, 10, 2)) as sim:
        ...     sim.hide(date(2026, 9, 30))
        ...     sim.fault("status", match="date=2026-10-01", times=2, code=503)
        ...     run_something_against(sim.url)
    """

    def __init__(
        self,
        today: date | None = None,
        first: date = FIRST_DAY,
        port: int = 0,
        seed: int = 0,
        rate_limit: int = 1000,
        *,
        host: str = "127.0.0.1",
        local_pictures: bool = False,
    ) -> None:
        world = World(today or eastern_today(), first, seed)
        self._services = Services(world, Gateway(rate_limit), seed)
        self._address = (host, port)
        self._local_pictures = local_pictures
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Open the port and answer in the background.

        Raises:
            SettingsError: The address cannot be listened on.
        """
        host, port = self._address
        try:
            self._server = Server(self._address, Steered(self._services).answer)
        except OSError as error:
            reason = f"the simulator cannot listen on {host}:{port} ({error}); choose another port"
            raise SettingsError(reason) from error
        if self._local_pictures:
            self._services.world.set_hosts(Hosts(old=self.url, assets=self.url))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), name="apod-simulator")
        self._thread.start()
        return self

    def stop(self) -> None:
        """End all connections and close the port; safe to call twice."""
        if self._server is not None and self._thread is not None:
            self._server.end()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base address of both services, without a slash at its end.

        Raises:
            SettingsError: The simulator is not running.
        """
        if self._server is None:
            raise SettingsError("the simulator is not running and has no address; use it in a with statement")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def today(self) -> date:
        """The newest day that can be published."""
        return self._services.world.edition.today

    @today.setter
    def today(self, day: date) -> None:
        self._services.world.set_today(day)

    @property
    def old_mode(self) -> str:
        """How the old service behaves: `ok`, `placeholder` (NASA's logo for any day) or `gone` (503)."""
        return self._services.world.edition.old_mode

    @old_mode.setter
    def old_mode(self, mode: str) -> None:
        self._services.world.set_old_mode(mode)

    @property
    def rate_limit(self) -> int:
        """Requests that a registered key may make in a window; setting it forgets those already made."""
        return self._services.gateway.rate_limit

    @rate_limit.setter
    def rate_limit(self, limit: int) -> None:
        self._services.set_rate_limit(limit)

    @property
    def rate_window(self) -> float:
        """Seconds of the gateway's sliding window; setting it forgets the requests already made."""
        return self._services.gateway.window

    @rate_window.setter
    def rate_window(self, seconds: float) -> None:
        self._services.set_rate_window(seconds)

    @property
    def requests(self) -> list[tuple[str, str, int]]:
        """Method, path with its key masked, and status (0: closed without an answer) of each request."""
        return list(self._services.log)

    def hide(self, *days: date) -> None:
        """Take days out of both services, as if they had not been published."""
        self._services.world.hide(*days)

    def show(self, *days: date) -> None:
        """Publish hidden days."""
        self._services.world.show(*days)

    def edit(self, day: date, **fields: str | bool | None) -> None:
        """Change what both services tell of a day.

        Args:
            day: A day that has an entry.
            fields: `title`, `explanation`, `copyright`, `media_type`, `url`, `hdurl` as in the old service,
                in plain text; `credit`, `alt` as in the new one. None takes a field away.

        Raises:
            SettingsError: The day has no entry, or a field cannot be edited.
        """
        self._services.world.edit(day, fields)

    def fault(self, kind: str, match: str = "", times: int = -1, **params: object) -> faults.Fault:
        """Let something go wrong; see `apod_pipeline.simulator.faults` for the kinds and their parameters.

        Args:
            kind: What goes wrong.
            match: Regular expression searched in `path?query` (its key masked); empty matches every request.
            times: How many requests are hit, -1 for all. Of several that match, the first declared one fires.
            params: The kind's own parameters.

        Returns:
            The fault; its `fired` counts how often it has.

        Raises:
            SettingsError: No such kind or parameter, or a value that cannot be used.
        """
        declared = faults.declared(kind, match, times, **params)
        self._services.add_fault(declared)
        return declared

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._services.clear_faults()

    def reset(self) -> None:
        """Back to how everything was at the start, log included."""
        self._services.reset()


def serve(
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    today: date | None = None,
    first: date = FIRST_DAY,
    seed: int = 0,
    rate_limit: int = 1000,
    announce: Callable[[str], object] | None = None,
) -> None:
    """Run a simulator until SIGINT or SIGTERM; to be called from the main thread.

    Args:
        host: Address to listen on.
        port: Its port; 0 takes a free one.
        today: The newest day; the day in the US East at the start unless given.
        first: The oldest published day.
        seed: Which words the entries are made of.
        rate_limit: Requests that a registered key may make in an hour.
        announce: Is told the base address as soon as the port is open.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    ended = threading.Event()
    kept = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Simulator(today, first, port, seed, rate_limit, host=host, local_pictures=True) as simulator:
            if announce is not None:
                announce(simulator.url)
            ended.wait()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
