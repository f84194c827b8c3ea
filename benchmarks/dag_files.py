"""How long Airflow needs to read each DAG file: it does so every thirty seconds, and once more in every task.

Takes how many rounds, prints for each file the median of what Airflow itself counts (`airflow dags report` shows the
same), each time in a process of its own that has loaded Airflow, as a DAG processor has, and nothing of ours.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

AIRFLOW = Path(__file__).resolve().parents[1] / "airflow"
TARGET = 0.2
READ = """
import sys
import airflow.dag_processing.processor
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors and len(bag.dags) == 1, bag.import_errors
print("seconds", bag.dagbag_stats[0].duration.total_seconds())
"""


def seconds(file: Path, home: str) -> float:
    """Of one reading.

    Raises:
        SystemExit: Airflow cannot read it.
    """
    others = ("APOD_", "AIRFLOW", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    environment |= {
        "AIRFLOW_HOME": home,
        "PYTHONPATH": str(AIRFLOW / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    command = [sys.executable, "-c", READ, str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{file.name} cannot be read: {done.stderr[-2000:]}")
    return float(done.stdout.splitlines()[-1].split()[1])


def main(rounds: int) -> None:
    """Measure, file by file in turns."""
    files = sorted((AIRFLOW / "dags").glob("*.py"))
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as home:
        taken = [[seconds(file, home) for file in files] for _ in range(rounds)]
    medians = {file.name: statistics.median(times) for file, times in zip(files, zip(*taken, strict=True), strict=True)}
    for name, median in medians.items():
        print(f"reading {name}: {median * 1000:.0f} ms (target {TARGET * 1000:.0f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
