"""How long Airflow needs to read each DAG file: it does so every thirty seconds, and once more in every task.

Takes how many rounds, prints for each file the median of what Airflow itself counts (`airflow dags report` shows the
same) and of the processor's time in it, which neighbours on a busy machine do not lengthen. Each reading is in a
process of its own that has loaded Airflow, as a DAG processor has, and nothing of ours.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stamps import write

AIRFLOW = Path(__file__).resolve().parents[1] / "airflow"
TARGET = 0.2


def read(file: str) -> None:
    """One reading, in this process: how long it took by the clock, and by the processor."""
    import airflow.dag_processing.processor  # noqa: F401 - whoever reads DAG files has it
    from airflow.dag_processing.dagbag import DagBag

    begin = time.process_time()
    bag = DagBag(file)
    busy = time.process_time() - begin
    if bag.import_errors or len(bag.dags) != 1:
        raise SystemExit(str(bag.import_errors))
    print("seconds", bag.dagbag_stats[0].duration.total_seconds(), busy)


def seconds(file: Path, home: str) -> tuple[float, float]:
    """Of one reading: by the clock, and by the processor.

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
    command = [sys.executable, __file__, "read", str(file)]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{file.name} cannot be read: {done.stderr[-2000:]}")
    _, wall, busy = done.stdout.splitlines()[-1].split()
    return float(wall), float(busy)


def main(rounds: int) -> None:
    """Measure, file by file in turns."""
    files = sorted((AIRFLOW / "dags").glob("*.py"))
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as home:
        taken = [[seconds(file, home) for file in files] for _ in range(rounds)]
    lines = []
    for file, times in zip(files, zip(*taken, strict=True), strict=True):
        wall, busy = (statistics.median(side) * 1000 for side in zip(*times, strict=True))
        processor = f"{busy:.0f} of them the processor's"
        lines.append(f"reading {file.name}: {wall:.0f} ms, {processor} (target {TARGET * 1000:.0f})")
    write("dag_files.md", "How long Airflow reads each DAG file", "make bench-airflow", lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
