"""This checkout's last commit against another: `make bench-against COMMIT=…`.

Takes a commit, makes both commits' wheels, runs both in turns over the same simulated NASA and server, eleven rounds,
and prints how long the one takes in what the other takes: the median, and the interval in which it lies 98 times of a
hundred (of eleven rounds the second and the last but one). Both run on today's dependencies. Keeps nothing.
"""

from __future__ import annotations

import argparse
import compileall
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from comparisons import ENTRIES, ran
from measuring import Command, Cost, cost_of, in_turns
from surroundings import BIN, HERE, Surroundings, last_day, surroundings

ROOT = HERE.parent


def main() -> None:
    """Measure and print."""
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    words.add_argument("commit", help="the other commit")
    words.add_argument("--rounds", type=int, default=11)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as work:
        Path(work).chmod(0o755)
        sites = {
            name: _installed(commit, Path(work) / name) for name, commit in (("new", "HEAD"), ("old", asked.commit))
        }
        with surroundings(Path(work), BIN) as place:
            for line in _compared(place, sites, asked.rounds):
                print(line, flush=True)


def _installed(commit: str, folder: Path) -> Path:
    """A folder with what the commit's wheel holds, compiled."""
    source, wheels, site = folder / "source", folder / "wheels", folder / "site"
    source.mkdir(parents=True)
    packed = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", source], input=packed.stdout, check=True)
    subprocess.run(
        [BIN / "uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", wheels, source], check=True
    )
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    compileall.compile_dir(site, quiet=1)
    return site


def _compared(place: Surroundings, sites: dict[str, Path], rounds: int) -> Iterator[str]:
    def command(which: str, words: str, archive: str, database: str, entries: int) -> Command:
        made = place.apod(words, archive, database, last_day(entries))
        ours = [sys.executable, "-P", "-m", "apod_pipeline.cli", *made.words[1:]]
        return replace(made, words=ours, environ={**made.environ, "PYTHONPATH": str(sites[which])})

    def everything(which: str, number: int) -> Cost:
        name = f"{which}_{number}"
        return ran(command(which, "backfill", name, place.database(name), ENTRIES))

    daily = {which: (f"{which}_daily", place.database(f"{which}_daily")) for which in sites}
    for which, where in daily.items():
        cost_of(command(which, "backfill", *where, ENTRIES))

    def nothing(which: str, _: int) -> Cost:
        return ran(command(which, "run", *daily[which], ENTRIES), inserted=0)

    def one_day(which: str, number: int) -> Cost:
        return ran(command(which, "run", *daily[which], ENTRIES + number + 1), inserted=1)

    kinds: dict[str, Callable[[str, int], Cost]] = {
        "everything": everything,
        "nothing new": nothing,
        "one new day": one_day,
    }
    for kind, measure in kinds.items():
        new, old = in_turns(rounds, *(partial(measure, which) for which in ("new", "old")))
        yield f"{kind}: {_told(new, old, 'seconds')}; processor {_told(new, old, 'processor')}"


def _told(new: list[Cost], old: list[Cost], what: str) -> str:
    """The ratio in the middle and the interval around it; the seconds of both."""
    ratios = sorted(getattr(one, what) / getattr(other, what) for one, other in zip(new, old, strict=True))
    ours, theirs = (statistics.median(getattr(cost, what) for cost in side) for side in (new, old))
    low, high = ratios[min(1, len(ratios) - 1)], ratios[max(len(ratios) - 2, 0)]
    return f"{statistics.median(ratios):.3f} x ({low:.3f} to {high:.3f}), {ours:.2f} s against {theirs:.2f} s"


if __name__ == "__main__":
    main()
