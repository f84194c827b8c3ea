"""Worlds by the thousand, with new seeds: finds what breaks the law, and shows the smallest world of each class.

    python tests/worlds/hostile.py --dataset approaches --worlds 500

Takes a data set and how many of its worlds are to be lived through, writes what was done into `.hostile/` and goes on
there when it is begun again; `--fresh` forgets it. Ends with 1 when a world broke the law.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from worlds.sets import SETS, live_through

STATES = Path(".hostile")
_here: dict[str, Any] = {}


def _begin(name: str) -> None:
    """What a process makes once for a data set: a server, a database, a folder."""
    from apod_pipeline.embedded_postgres import temporary_server

    things = ExitStack()
    room = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - memory, where there is some
    folder = Path(things.enter_context(tempfile.TemporaryDirectory(prefix="hostile-", dir=room)))
    url = things.enter_context(temporary_server(folder / "server"))
    _here.update(things=things, name=name, bench=SETS[name].bench(folder / "worlds", url))


def _live_through(number: int, worlds: int) -> tuple[int, int, str | None, str | None]:
    """A batch of worlds; gives its number, how many there were, and class and smallest world of what broke."""
    one, bench = SETS[_here["name"]], _here["bench"]
    last: list[Any] = []
    lived = 0

    def obeys(world: Any) -> None:
        nonlocal lived
        lived, last[:] = lived + 1, [world]
        one.obeys(bench, world)

    try:
        live_through(one.worlds, obeys, number, worlds)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return number, lived, _class_of(error), repr(last[0])
    return number, lived, None, None


def _class_of(error: Exception) -> str:
    if isinstance(error, AssertionError):
        return str(error).splitlines()[0].partition(":")[0]
    where = next(
        (frame for frame in reversed(traceback.extract_tb(error.__traceback__)) if "src" in frame.filename), None
    )
    return (
        f"{type(error).__name__}{f' in {Path(where.filename).name}:{where.name}' if where else ''}: {str(error)[:100]}"
    )


def _state(place: Path, *, fresh: bool) -> dict[str, Any]:
    if fresh or not place.exists():
        return {"began": time.time_ns() % 2**31, "done": [], "lived": 0, "broken": {}}
    return dict(json.loads(place.read_text(encoding="utf-8")))


def _keep(place: Path, state: dict[str, Any]) -> None:
    place.parent.mkdir(exist_ok=True)
    neighbour = place.with_suffix(".partial")
    neighbour.write_text(json.dumps(state, indent=1), encoding="utf-8")
    shutil.move(neighbour, place)


def _take(state: dict[str, Any], number: int, lived: int, broken: str | None, world: str | None) -> None:
    state["done"].append(number)
    state["lived"] += lived
    if broken and len(world or "") < len(state["broken"].get(broken, {}).get("world", "x" * 10**6)):
        state["broken"][broken] = {"world": world, "seed": number}


def main() -> int:
    """Live through what is left; tell what was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=SETS, default="apod")
    parser.add_argument("--worlds", type=int, help="a hundred times as many as `make test` takes, unless given")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="forget what was done, take new seeds")
    wish = parser.parse_args()
    place, one = STATES / f"{wish.dataset}.json", SETS[wish.dataset]
    state = _state(place, fresh=wish.fresh)
    numbers = range(state["began"], state["began"] + -(-(wish.worlds or 100 * one.count) // one.batch))
    left = [number for number in numbers if number not in state["done"]]
    start = time.monotonic()
    with ProcessPoolExecutor(wish.processes, initializer=_begin, initargs=(wish.dataset,)) as pool:
        running = [pool.submit(_live_through, number, one.batch) for number in left]
        try:
            for done, future in enumerate(as_completed(running), 1):
                _take(state, *future.result())
                _keep(place, state)
                minutes = (time.monotonic() - start) / done * (len(left) - done) / 60
                told = f"{state['lived']} worlds, {len(state['broken'])} classes broken"
                print(f"{told}, {minutes:.0f} minutes left", flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            print("stopped; typed again, it goes on here")
            return 130
    for broken, found in state["broken"].items():
        print(f"\n{broken} (seed {found['seed']})\n    {found['world']}")
    return 1 if state["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
