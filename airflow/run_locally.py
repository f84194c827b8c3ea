"""`make airflow`: a real Airflow on this machine, with the project's DAGs, until Ctrl-C.

Takes the environment and `.env`, gives an Airflow whose main DAG runs while one watches, never writes the password
anywhere but to standard output.

Run by its path: this folder is called `airflow` after what lies in it and is no package, and what lies beside
this file (`local_airflow`) is found because Python looks into a program's own folder first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import click
from dotenv import dotenv_values

from apod_pipeline.errors import ApodError
from local_airflow import LocalAirflow, Part, PartEnded, StopWanted, first_ended
from local_airflow.first_run import FirstRun
from local_airflow.simulated_nasa import see_to_mark, simulated_nasa
from local_airflow.simulated_sets import simulated_set
from local_airflow.wish import APOD, Wish, wish

DAGS = Path(__file__).parent / "dags"
_LOOK_SECONDS = 0.5


def run(wanted: Wish, dags: Path, stop: threading.Event) -> None:
    """Start what is wished for, and watch it until somebody sets `stop`.

    Raises:
        PartEnded: A part has ended by itself; the others are stopped.
        ApodError: It could not be started.
    """
    for name, archive in wanted.archives.items():
        see_to_mark(archive, name, simulated=wanted.source == "simulator")
    begin = time.monotonic()
    click.echo(f"starting Airflow in {wanted.home} (Ctrl-C stops it) ...")
    with ExitStack() as open_things:
        open_things.callback(click.echo, "Airflow has stopped")
        others: list[Part] = []
        variables = dict(wanted.environment)
        if wanted.source == "simulator":
            simulator, addresses = open_things.enter_context(simulated_nasa(wanted.home, variables, stop))
            others.append(simulator)
            variables |= addresses
            for name in wanted.archives.keys() - {APOD}:
                one, addresses = open_things.enter_context(simulated_set(name, wanted.home, variables, stop))
                others.append(one)
                variables |= addresses
        airflow = LocalAirflow(wanted.home, dags, environment=variables, port=wanted.port, stop=stop)
        open_things.enter_context(airflow.running())
        open_things.callback(click.echo, "stopping Airflow; tasks that run may finish first ...")
        _announce(airflow, wanted, time.monotonic() - begin)
        runs = [FirstRun(airflow.api, f"{name}_etl_pipeline") for name in wanted.archives]
        _watch([*airflow.parts, *others], runs, stop)


def _announce(airflow: LocalAirflow, wanted: Wish, seconds: float) -> None:
    nasa = "the bundled simulator" if wanted.source == "simulator" else "NASA itself"
    folders = ", ".join(map(str, wanted.archives.values()))
    click.echo(f"Airflow is up after {seconds:.0f} s, fed by {nasa}, archive in {folders}")
    click.echo(f"  {airflow.url}   user: {airflow.user}   password: {airflow.password}")


def _watch(parts: list[Part], first_runs: list[FirstRun], stop: threading.Event) -> None:
    while not stop.wait(_LOOK_SECONDS):
        if ended := first_ended(parts):
            raise PartEnded(ended)
        for line in filter(None, (run.look() for run in first_runs)):
            click.echo(line)


def main() -> None:
    """Entry point: no arguments; SOURCE, APOD_DATASETS, AIRFLOW_HOME, AIRFLOW_PORT and more are variables."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # set, not raised: an exception in the middle of stopping would leave processes behind
        signal.signal(number, lambda *_: stop.set())
    dotenv = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    try:
        run(wish(os.environ, dotenv), Path(os.environ.get("AIRFLOW_DAGS") or DAGS), stop)
    except StopWanted:
        pass
    except ApodError as error:
        click.echo(f"airflow: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
