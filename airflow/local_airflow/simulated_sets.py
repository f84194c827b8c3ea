"""Any data set's own simulator, in a process of its own.

Takes a set's name and a home, gives the variables that point the pipeline at the simulator. As a program
(`python simulated_sets.py NAME`) it is that process: it tells its variables in one line of JSON, and goes on until it
is ended.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from local_airflow.parts import Part

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0


@contextmanager
def simulated_set(
    name: str, home: Path, environment: Mapping[str, str], wanted_end: threading.Event
) -> Iterator[tuple[Part, dict[str, str]]]:
    """A set's running simulator and the variables that point at it.

    Raises:
        PartEnded: It could not be started.
        StopWanted: The user wants the end.
    """
    from local_airflow.parts import Part, stop, ticks

    simulator = Part(f"simulator-{name}", [sys.executable, str(Path(__file__).resolve()), name], environment, home)
    try:
        variables: dict[str, str] = {}
        for _ in ticks(f"the simulator of {name}", [simulator], wanted_end, _START_SECONDS):
            if (line := simulator.last_lines(1)).startswith("{") and line.endswith("}"):
                variables = json.loads(line)
                break
        yield simulator, variables
    finally:
        stop([simulator], _STOP_SECONDS)


def variables_of(name: str, settings: Mapping[str, object]) -> dict[str, str]:
    """A simulation's settings as the environment has them: the set's own, and its newest day."""
    from apod_pipeline.dataset.installed import data_set

    own = {one.name: one.variable for one in data_set(name).settings}
    told = {own[setting]: str(value) for setting, value in settings.items() if setting in own}
    return told | {f"APOD_TODAY_{name.upper()}": str(settings["today"])}


def main(name: str) -> None:
    """Act a set's services out until somebody ends it."""
    from apod_pipeline.dataset.installed import simulation

    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # before its threads begin, which inherit that
    with simulation(name) as acted:
        sys.stdout.write(json.dumps(variables_of(name, acted.settings)) + "\n")
        sys.stdout.flush()
        signal.sigwait(ends)


if __name__ == "__main__":
    main(sys.argv[1])
