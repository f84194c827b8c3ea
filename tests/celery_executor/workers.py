"""Two Celery workers as processes of their own, over one archive.

Takes a running Airflow, gives workers that can be killed and brought back. Never leaves a process behind, and signals
only what it started itself.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from local_airflow import Part
from local_airflow.parts import stop, ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from local_airflow import LocalAirflow

HERE = Path(__file__).parent
NAMES = ("first", "second")
_START_SECONDS = 90.0
_TASK_SECONDS = 15.0


class Workers:
    """The workers of one Airflow; their names are what tasks tell as their hostname."""

    def __init__(self, airflow: LocalAirflow) -> None:
        self._airflow = airflow
        self._parts: dict[str, Part] = {}

    @property
    def parts(self) -> list[Part]:
        """Those that were started and not killed."""
        return [*self._parts.values()]

    def complete(self) -> None:
        """Start whichever is not there, and wait until it takes tasks."""
        fresh = {name: self._start(name) for name in NAMES if name not in self._parts}
        self._parts |= fresh
        for _ in eventually("workers that are ready", fresh.values(), _START_SECONDS):
            if all("ready." in part.log.read_text() for part in fresh.values()):
                return

    def kill(self, name: str) -> None:
        """End a worker and all that it started at once, with no chance to tell anybody."""
        part = self._parts.pop(name)
        for process in part.family():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        stop([part], 5.0)

    def stop(self) -> None:
        """Ask all of them to end."""
        stop(self.parts, _TASK_SECONDS)

    def _start(self, name: str) -> Part:
        variables = self._airflow.variables
        own = {
            "WORKER": name,
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "worker_hostname.worker_hostname",
            "PYTHONPATH": os.pathsep.join([str(HERE), variables["PYTHONPATH"]]),
        }
        program = str(Path(sys.executable).with_name("airflow"))
        words = ["celery", "worker", "--celery-hostname", name, "--concurrency", "1", "--skip-serve-logs"]
        return Part(f"worker-{name}", [program, *words], variables | own, self._airflow.home)


def eventually(what: str, parts: Iterable[Part], seconds: float = 60.0) -> Iterator[None]:
    """Look again until the caller leaves the loop; it is an error when it takes too long or one of the parts ends."""
    return ticks(what, [*parts], threading.Event(), seconds)
