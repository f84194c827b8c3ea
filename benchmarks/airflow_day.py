"""One new day on Airflow, from the REST trigger to green, against an empty DAG of the same shape on the same instance.

Takes how many rounds, prints the medians, their ratio, and what Airflow adds to each task over the same day by the bare
command. The configuration is that of `make airflow`; the three run in turns.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

AIRFLOW = Path(__file__).resolve().parents[1] / "airflow"
sys.path.insert(0, str(AIRFLOW))

from stamps import write  # noqa: E402 - as above

from apod_pipeline.simulator import Simulator  # noqa: E402 - as above
from local_airflow import LocalAirflow  # noqa: E402 - it lies beside the DAGs, in no package
from local_airflow.simulated_nasa import KEY  # noqa: E402 - as above

MAIN, EMPTY = "apod_etl_pipeline", "empty_shape"
TASKS = 8
SHAPE = f"""
import datetime as dt
from airflow.sdk import dag, task
@dag(schedule=None, start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), catchup=False)
def {EMPTY}():
    @task
    def nothing(): pass
    tasks = [nothing.override(task_id=f"t{{number}}")() for number in range({TASKS})]
    for before, after in zip(tasks, tasks[1:]): before >> after
{EMPTY}()
"""


def green(api: Any, dag: str, day: dt.date | None = None) -> float:  # noqa: ANN401 - the instance's REST API
    """Seconds from the trigger to success.

    Raises:
        SystemExit: the run failed.
    """
    at = dt.datetime.combine(day, dt.time(6), dt.UTC).isoformat() if day else None
    begin = time.perf_counter()
    run = api.post(f"/dags/{dag}/dagRuns", {"logical_date": at, **({"run_after": at} if at else {})})["dag_run_id"]
    while (state := api.get(f"/dags/{dag}/dagRuns/{run}")["state"]) != "success":
        if state == "failed":
            raise SystemExit(f"{dag} failed")
        time.sleep(0.02)
    return time.perf_counter() - begin


def bare(environment: dict[str, str], day: dt.date) -> float:
    """Seconds of `apod run` for a day, from its start to its end."""
    begin = time.perf_counter()
    words = [sys.executable, "-m", "apod_pipeline.cli", "run"]
    subprocess.run(words, env=environment | {"APOD_TODAY": str(day)}, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main(rounds: int) -> None:
    """Measure, in turns."""
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as work, Simulator() as nasa:
        Path(work).chmod(0o755)
        dags = Path(work) / "dags"
        shutil.copytree(AIRFLOW / "dags", dags)
        (dags / f"{EMPTY}.py").write_text(SHAPE)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("APOD_", "AIRFLOW"))}
        environment |= {"APOD_ARCHIVE": f"{work}/archive", "APOD_SCIENCE_URL": nasa.url, "APOD_PLANETARY_URL": nasa.url}
        environment["NASA_API_KEY"] = KEY
        with LocalAirflow(Path(work) / "home", dags, environment=environment).running() as airflow:
            while not all(airflow.api.has(f"/dags/{dag}") for dag in (MAIN, EMPTY)):
                time.sleep(0.2)
            for dag in (EMPTY, MAIN):
                airflow.api.patch(f"/dags/{dag}", {"is_paused": False})
            start = nasa.today - dt.timedelta(days=60)
            alone = environment | {"APOD_ARCHIVE": f"{work}/bare"}
            once = [
                (green(airflow.api, EMPTY), green(airflow.api, MAIN, day), bare(alone, day))
                for day in (start + dt.timedelta(days=number) for number in range(rounds + 1))
            ]
    rows = once[1:]  # the first fills caches and archives
    empty, ours, command = (statistics.median(side) for side in zip(*rows, strict=True))
    ratio = statistics.median(mine / shape for shape, mine, _ in rows)
    lines = [
        f"empty DAG of {TASKS} tasks {empty:.2f} s; one new day {ours:.2f} s: {ratio:.2f} x (target 2, and 6 s)",
        f"the same day by `apod run` {command:.2f} s: Airflow adds {(ours - command) / TASKS:.2f} s to each task",
    ]
    write("airflow.md", "One new day on Airflow, as `make airflow` starts it", "make bench-airflow", lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
