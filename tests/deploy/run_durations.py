"""How long runs take in containers, beside an empty DAG of the same shape: `benchmarks/compose.md`.

Takes seconds as Airflow itself tells them of a run, writes one page. Never judges: a machine that builds and tests at
the same time is no place for a verdict.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
TASKS = range(8)  # as many as the daily DAG's, in a row
FIRST, NEWS, TIMES = 15.0, 8.0, 2.5  # what is aimed at


def empty_shape(tasks: int) -> str:
    """A DAG file of so many tasks in a row that do nothing."""
    return f"""import datetime as dt
from airflow.sdk import dag, task
@dag(schedule=None, start_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), catchup=False)
def empty_shape():
    @task
    def nothing(): pass
    tasks = [nothing.override(task_id=f"t{{number}}")() for number in range({tasks})]
    for before, after in zip(tasks, tasks[1:]): before >> after
empty_shape()
"""


def keep(first: float, news: float, empty: float) -> None:
    """Write the page."""
    words = ("git", "-C", str(ROOT), "describe", "--always", "--abbrev=10", "--dirty=+", "--exclude=*")
    commit = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    shape = f"an empty DAG of {len(TASKS)} tasks in a row: {empty:.1f} s"
    lines = [
        f"the first run (eleven days, the first version): {first:.1f} s (target {FIRST:.0f})",
        f"a later run with news: {news:.1f} s (target {NEWS:.0f})",
        f"{shape}; a run with news takes {news / empty:.1f} times that (target {TIMES})",
    ]
    made = f"Made by `make test-deploy` on {dt.datetime.now(dt.UTC):%Y-%m-%d} at commit {commit}"
    (ROOT / "benchmarks" / "compose.md").write_text(
        f"# A run in containers\n\n{made}, on {os.cpu_count()} processors: Compose on a real engine, LocalExecutor,\n"
        "the simulator as NASA, every container healthy and the DAG parsed. By Airflow's own clock: the first run's\n"
        "duration, of others the time from when they were asked for to their end; medians of three.\n\n"
        + "".join(f"- {line}\n" for line in lines),
        encoding="utf-8",
    )
