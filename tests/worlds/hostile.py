"""Worlds by the thousand, with new seeds: finds what breaks the law, and shows the smallest world of each class.

    python tests/worlds/hostile.py --worlds 20000

Takes how many worlds are to be lived through, writes what was done into `.hostile/` and goes on there when it is begun
again; `--fresh` forgets it. Ends with 1 when a world broke the law.
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

from worlds.laws import Bench, World, obeys, searched_bench

STATE = Path(".hostile") / "state.json"
BATCH = 100
_here: dict[str, Any] = {}


def _begin() -> None:
    """What a process makes once: a server, a database, a folder."""
    from apod_pipeline.embedded_postgres import temporary_server

    things = ExitStack()
    room = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - memory, where there is some
    folder = Path(things.enter_context(tempfile.TemporaryDirectory(prefix="hostile-", dir=room)))
    url = things.enter_context(temporary_server(folder / "server"))
    _here.update(things=things, bench=searched_bench(folder / "worlds", url, f"worlds_{os.getpid()}"))


def _live_through(number: int, worlds: int) -> tuple[int, int, str | None, str | None]:
    """A batch of worlds; gives its number, how many there were, and class and smallest world of what broke."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    from worlds.strategies import WORLDS

    bench: Bench = _here["bench"]
    last: list[World] = []
    lived = 0

    @seed(number)
    @settings(
        max_examples=worlds,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(WORLDS)
    def batch(world: World) -> None:
        nonlocal lived
        lived, last[:] = lived + 1, [world]
        obeys(bench, world)

    try:
        batch()
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


def _state(*, fresh: bool) -> dict[str, Any]:
    if fresh or not STATE.exists():
        return {"began": time.time_ns() % 2**31, "done": [], "lived": 0, "broken": {}}
    return dict(json.loads(STATE.read_text(encoding="utf-8")))


def _keep(state: dict[str, Any]) -> None:
    STATE.parent.mkdir(exist_ok=True)
    neighbour = STATE.with_suffix(".partial")
    neighbour.write_text(json.dumps(state, indent=1), encoding="utf-8")
    shutil.move(neighbour, STATE)


def _take(state: dict[str, Any], number: int, lived: int, broken: str | None, world: str | None) -> None:
    state["done"].append(number)
    state["lived"] += lived
    if broken and len(world or "") < len(state["broken"].get(broken, {}).get("world", "x" * 10**6)):
        state["broken"][broken] = {"world": world, "seed": number}
    _keep(state)


def main() -> int:
    """Live through what is left; tell what was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="forget what was done, take new seeds")
    wish = parser.parse_args()
    state = _state(fresh=wish.fresh)
    numbers = range(state["began"], state["began"] + -(-wish.worlds // BATCH))
    left = [number for number in numbers if number not in state["done"]]
    start = time.monotonic()
    with ProcessPoolExecutor(wish.processes, initializer=_begin) as pool:
        running = [pool.submit(_live_through, number, BATCH) for number in left]
        try:
            for done, future in enumerate(as_completed(running), 1):
                _take(state, *future.result())
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
