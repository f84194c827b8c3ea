"""The bundled simulator as NASA, in a process of its own; and its archive, which is marked as not NASA's.

Takes a home and an archive's folder, gives the variables that point the pipeline at the simulator, never mixes
generated entries with real ones.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apod_pipeline.errors import SettingsError
from local_airflow.parts import Part, stop, ticks

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "this-is-simulated"
KEY = "simulated" + "0" * 31
"""A key of the old API's form, which the simulator takes; it is no secret."""
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


@contextmanager
def simulated_nasa(
    home: Path, environment: Mapping[str, str], wanted_end: threading.Event
) -> Iterator[tuple[Part, dict[str, str]]]:
    """A running simulator and the variables that point at it.

    Raises:
        PartEnded: It could not be started.
        StopWanted: The user wants the end.
    """
    command = [sys.executable, "-P", "-m", "apod_pipeline.cli", "simulate", "--port", "0"]
    simulator = Part("simulator", command, environment, home)
    try:
        address = None
        for _ in ticks("the simulator's address", [simulator], wanted_end, _START_SECONDS):
            if address := re.search(r"http://\S+", simulator.last_lines()):
                break
        url = address[0] if address else ""
        yield simulator, {"APOD_SCIENCE_URL": url, "APOD_PLANETARY_URL": url, "NASA_API_KEY": KEY}
    finally:
        stop([simulator], _STOP_SECONDS)


def see_to_mark(folder: Path, dataset: str = "apod", *, simulated: bool) -> None:
    """Mark a new archive of a data set as simulated, or see that an existing one is of the right kind.

    Raises:
        SettingsError: It holds real entries where simulated ones are to come, or the other way round.
    """
    from apod_pipeline.settings import resolve
    from apod_pipeline.wiring import archive_of, initialise

    settings = resolve({"archive": folder, "dataset": dataset}, {}, None)
    archive = archive_of(settings)
    if archive.exists and (archive.private / MARK).exists() != simulated:
        held, wanted = ("real", "simulated") if simulated else ("simulated", "real")
        raise SettingsError(
            f"{folder} holds {held} entries, and {wanted} ones were to come. Nothing was touched; name another folder "
            f"with {'APOD_ARCHIVE' if dataset == 'apod' else 'APOD_ARCHIVES'}, or another SOURCE."
        )
    if simulated:
        (initialise(settings).private / MARK).touch()
