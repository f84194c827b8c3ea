"""The measurements as words: a table on the terminal, `results.md` and the growth plot beside this file.

Takes lines and points, keeps each comparison's in `records/`, gives text made of all of them. Tells the machine's kind
and the versions, never its name or a path.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import plot
from comparisons import Line, told
from growth import Point
from measuring import Cost
from rich.console import Console
from rich.table import Table
from stamps import commit
from surroundings import HERE

RECORDS = HERE / "records"
HEADS = ("", "what", "ours", "other", "found", "target", "verdict")
OURS = ("apod-pipeline", "dvc", "polars", "psycopg", "httpx")
PEERS = ("dlt", "pandas", "psycopg2-binary", "requests")


def number(value: float, unit: str) -> str:
    """A measured number or a target with its unit."""
    if value == float("inf"):
        return "none"
    digits = {"x": 2, "s": 1, "ms": 1, "MB": 0}[unit]
    return f"{value:,.{digits}f} {unit}"


def cells(line: Line) -> tuple[str, ...]:
    """A line of the table."""
    verdict = "" if line.target == float("inf") else "met" if line.met else "NOT met"
    found, target = number(line.found, line.unit), number(line.target, line.unit)
    return line.key, line.what, line.ours, line.theirs, found, target, verdict


def show(lines: Sequence[Line], points: Sequence[Point], remarks: Sequence[str]) -> None:
    """Print everything."""
    console = Console(width=None if sys.stdout.isatty() else 190)
    console.print(_table(HEADS, [cells(line) for line in lines]))
    if points:
        console.print(_table(("growth", "entries", "took"), [growth_cells(point) for point in points]))
    for remark in remarks:
        console.print(remark)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*heads)
    for row in rows:
        table.add_row(*row)
    return table


def growth_cells(point: Point) -> tuple[str, ...]:
    """A point as a line of the growth table."""
    return point.kind, f"{point.entries:,}", told(point.cost)


def keep(letter: str, items: Sequence[Line | Point | str], rounds: int) -> None:
    """Keep what one comparison found, in a file of its own: what is measured another day leaves it alone."""
    record = {
        "made": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "commit": commit(),
        "rounds": rounds,
        "lines": [asdict(item) for item in items if isinstance(item, Line)],
        "points": [asdict(item) for item in items if isinstance(item, Point)],
        "remarks": [item for item in items if isinstance(item, str)],
    }
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{letter}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def write(peers: Path) -> None:
    """Write `results.md` and `growth.svg` from all that is kept."""
    records = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(RECORDS.glob("*.json"))}
    lines = [Line(**line) for record in records.values() for line in record["lines"]]
    points = [_point(point) for record in records.values() for point in record["points"]]
    parts = [_head(peers), _made(records), _markdown(HEADS, [cells(line) for line in lines])]
    if points:
        (HERE / "growth.svg").write_text(plot.svg(points), encoding="utf-8")
        table = _markdown(("run", "entries", "took"), [growth_cells(point) for point in points])
        parts += ["## Growth", table, "![growth](growth.svg)"]
    parts += [f"- {remark}" for record in records.values() for remark in record["remarks"]]
    parts.append((HERE / "reading.md").read_text(encoding="utf-8").strip())
    (HERE / "results.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _point(told: dict[str, Any]) -> Point:
    return Point(told["kind"], told["entries"], Cost(**told["cost"]))


def _made(records: dict[str, Any]) -> str:
    rows = [(letter, one["made"], one["commit"], str(one["rounds"])) for letter, one in records.items()]
    return _markdown(("", "made on", "at commit", "rounds"), rows)


def _head(peers: Path) -> str:
    ours = ", ".join(f"{name} {version(name)}" for name in OURS)
    return (
        "# Speed and memory\n\n"
        "Made by `make bench` and `make bench-all`, in turns, medians. Ratios hold from machine to machine, seconds do "
        "not.\n\n"
        f"- machine: {_processor()}, {os.cpu_count()} processors, {_memory()} GB of memory, {platform.system()}\n"
        f"- Python {platform.python_version()}; {ours}\n"
        f"- peers: {_peer_versions(peers)}\n"
        f"- both sides: the bundled simulator in a process of its own, one {_postgres()} with fsync on, "
        "a database each"
    )


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s*(\d+)", _text("/proc/meminfo"), re.MULTILINE)
    return str(round(int(found[1]) / 1e6)) if found else "?"


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def _peer_versions(peers: Path) -> str:
    code = f"from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in {PEERS!r}))"
    done = subprocess.run([peers / "python", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _postgres() -> str:
    from apod_pipeline.embedded_postgres.binaries import installed_places

    place = next(place for place in installed_places() if (place / "postgres").exists())
    done = subprocess.run([place / "postgres", "--version"], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split()[::2])
