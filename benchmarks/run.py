"""Speed and memory, as ratios in one run: `make bench`, or `benchmarks/run.py --only a,b`.

Takes letters of comparisons, prints a table, keeps what was measured and nothing else: what an earlier day found of the
other comparisons stays in `results.md`, with its day and commit. A missed target is told, and is no failure: these are
measurements, not tests.
"""

from __future__ import annotations

import argparse
import compileall
import subprocess
import sys
import tempfile
from pathlib import Path

import report
from comparisons import ALL, Line
from growth import Point, growth, large_growth
from measuring import Failed
from surroundings import BIN, HERE, Surroundings, surroundings

PINS = HERE.parent / "requirements" / "bench.txt"
ENVIRONMENT = HERE.parent / ".venv-bench"


def main() -> None:
    """Measure what was asked for."""
    asked = _arguments()
    for folder in (HERE.parent / "src", HERE):  # or every process would compile what the last one compiled
        compileall.compile_dir(folder, quiet=1)
    peers = asked.peers.absolute() / "bin" if asked.peers else peers_environment()
    # A server started by root runs as somebody else, who has to be let in.
    with tempfile.TemporaryDirectory(prefix="apod-bench-", dir=asked.work) as work:
        Path(work).chmod(0o755)
        with surroundings(Path(work), peers) as place:
            found = _measured(place, asked)
    items = [item for some in found.values() for item in some]
    report.show(
        [item for item in items if isinstance(item, Line)],
        [item for item in items if isinstance(item, Point)],
        [item for item in items if isinstance(item, str)],
    )
    if asked.keep:
        for letter, some in found.items():
            report.keep(letter, some, asked.rounds)
        report.write(peers)


def _arguments() -> argparse.Namespace:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    words.add_argument("--only", help=f"some of {','.join(sorted([*ALL, 'd', 'g']))}; without it all but the last")
    words.add_argument("--keep", action=argparse.BooleanOptionalAction, default=True, help="keep what was measured")
    words.add_argument("--rounds", type=int, default=5, help="how often each side is measured (default 5)")
    words.add_argument("--growth", action="store_true", help="also g: ten and a hundred times the entries; takes long")
    words.add_argument("--peers", type=Path, help="a virtual environment that holds the peers (default: .venv-bench)")
    words.add_argument("--work", type=Path, help="where to work (default: the system's temporary folder)")
    return words.parse_args()


def peers_environment() -> Path:
    """The peers' own environment, made from the pins where it is not there yet or older than they are."""
    mark = ENVIRONMENT / "installed"
    if not mark.exists() or mark.stat().st_mtime < PINS.stat().st_mtime:
        tell(f"installing the peers into {ENVIRONMENT.name}")
        uv, python = BIN / "uv", ENVIRONMENT / "bin" / "python"
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT], check=True)
        options = ["--quiet", "--compile-bytecode", "--require-hashes", "--python"]
        subprocess.run([uv, "pip", "sync", *options, python, PINS], check=True)
        mark.touch()
    return ENVIRONMENT / "bin"


def _measured(place: Surroundings, asked: argparse.Namespace) -> dict[str, list[Line | Point | str]]:
    """By the letter of the comparison what it found; what could not be measured is told, and found nothing."""
    every = {**ALL, "d": growth} | ({"g": large_growth} if asked.growth else {})
    found: dict[str, list[Line | Point | str]] = {}
    for letter in asked.only.split(",") if asked.only else every:
        tell(f"{letter}: {every[letter].__doc__}")
        try:
            found[letter] = list(every[letter](place, asked.rounds))
        except Failed as error:
            tell(f"{letter}: not measured, because {_in_short(error, place)}; what was kept of it stays")
    return found


def _in_short(error: Failed, place: Surroundings) -> str:
    """What went wrong, in one line and without a path."""
    return " ".join(str(error).replace(f"{place.work}/", "").split())[:300]


def tell(message: str) -> None:
    """Say what is going on, apart from the results."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
