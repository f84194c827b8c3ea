"""`apod serve` at 11,400 entries: `make bench-mirror`.

Takes how many rounds, prints requests a second of one date against a bare Starlette route that returns the same bytes
under the same server, and against a Flask service over a dict behind gunicorn, one process each, in turns; then the
whole archive as one range: its first byte, and what memory it takes; searches; and a minute of load beside a backfill.
Keeps them in `mirror.md`. Load comes from `wrk`.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import psutil
from measuring import cost_of
from stamps import commit
from surroundings import BIN, HERE, Surroundings, last_day, surroundings

from apod_pipeline.datasets.apod.calendar import FIRST_DAY, GAPS
from run import peers_environment

ENTRIES, SECONDS, CLIENTS = 11_400, 5, 8
PORTS = {"ours": 18731, "bare": 18732, "flask": 18733}


def main(rounds: int) -> None:
    """Measure, print, keep."""
    peers = peers_environment()
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as work:
        Path(work).chmod(0o755)
        with surroundings(Path(work), peers) as place:
            database = place.database("mirror")
            cost_of(place.apod("backfill", "mirror", database, last_day(ENTRIES)))
            lines = [*_measured(place, database, rounds), *_beside_a_backfill(place)]
    for line in lines:
        print(line)
    day = f"{dt.datetime.now(dt.UTC):%Y-%m-%d} at commit {commit()}"
    made = f"Made by `make bench-mirror` on {day}, {rounds} rounds in turns, {CLIENTS} clients"
    text = f"# What the mirror does\n\n{made}, {ENTRIES:,} entries.\n\n" + "".join(f"- {line}\n" for line in lines)
    (HERE / "mirror.md").write_text(text, encoding="utf-8")


def _measured(place: Surroundings, database: str, rounds: int) -> Iterator[str]:
    day = last_day(ENTRIES - 100)
    words, environment = _serving(place, "mirror", database)
    yield from _never_asked_before(place, words, environment, rounds)
    with _running(words, environment, "ours") as ours:
        body = httpx.get(_address("ours", day)).content
        (place.work / "body").write_bytes(body)
        environment["BODY"] = str(place.work / "body")
        bare = [str(BIN / "uvicorn"), "bare_starlette:app", "--port", str(PORTS["bare"]), "--no-access-log"]
        flask = [str(place.peers / "gunicorn"), "-w", "1", "-b", f"127.0.0.1:{PORTS['flask']}", "flask_dict:app"]
        with _running([*bare, "--log-level", "warning"], environment, "bare"), _running(flask, environment, "flask"):
            yield from _one_date(day, rounds)
        yield from _whole_range(ours)
        yield _searches(place.work)


def _serving(
    place: Surroundings, archive: str, database: str, *, log: bool = False
) -> tuple[list[str], dict[str, str]]:
    """The words and the environment of our mirror; as it is deployed, it keeps a log."""
    kept = "" if log else "--no-access-log "
    served = place.apod(f"serve {kept}--port {PORTS['ours']}", archive, database, last_day(ENTRIES))
    return [str(word) for word in served.words if word != "--json"], dict(served.environ)


def _never_asked_before(
    place: Surroundings, words: list[str], environment: dict[str, str], rounds: int
) -> Iterator[str]:
    """Days of the archive in any order, none twice, and days drawn; each round by a mirror that was just started."""
    days = [FIRST_DAY + dt.timedelta(days=n) for n in range((last_day(ENTRIES) - FIRST_DAY).days + 1)]
    asked = [f"/planetary/apod?date={day}" for day in days if day not in GAPS]
    once, drawn = [], []
    logged = [word for word in words if word != "--no-access-log"]
    for number in range(rounds):
        random.Random(number).shuffle(asked)
        with _running(logged, environment, "ours"):
            found = _loaded(place.work, asked, 1)  # the least that wrk can
            if found["errors"]:
                raise SystemExit(f"not every day was answered: {found}")
            # Where all were answered before the second was over, those count that were asked for once.
            once.append(min(found["requests"], len(asked)) / found["seconds"])
        with _running(logged, environment, "ours"):
            found = _loaded(place.work, ["/planetary/apod?count=10"], SECONDS)
            drawn.append(found["requests"] / found["seconds"])
    one, ten = statistics.median(once), statistics.median(drawn)
    yield f"days of {len(asked):,} that nobody asked for before, log on: {one:,.0f} requests/s (target 5,000)"
    yield f"ten days drawn (`count=10`), log on: {ten:,.0f} requests/s (target 1,000)"


def _one_date(day: dt.date, rounds: int) -> Iterator[str]:
    found = [{name: _requests_a_second(name, day) for name in PORTS} for _ in range(rounds)]
    middle = {name: statistics.median(one[name] for one in found) for name in PORTS}
    for other, words, target in (("bare", "a bare Starlette route", 0.8), ("flask", "Flask and gunicorn", 4.0)):
        ratio = statistics.median(one["ours"] / one[other] for one in found)
        rates = f"{middle['ours']:,.0f} requests/s, {words} {middle[other]:,.0f}"
        yield f"one date: {rates}: {ratio:.2f} x (target {target})"


def _requests_a_second(name: str, day: dt.date) -> float:
    words = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{SECONDS}s", _address(name, day)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not found or "Non-2xx" in said:
        raise SystemExit(f"{name}: {said}")
    return float(found[1])


def _whole_range(ours: int) -> Iterator[str]:
    process = psutil.Process(ours)
    address = f"http://127.0.0.1:{PORTS['ours']}/planetary/apod?start_date=1995-06-16"
    with httpx.Client() as client:  # made first: its certificates take longer to read than the first byte
        idle, begun, first, most, size = process.memory_info().rss, time.perf_counter(), 0.0, 0, 0
        with client.stream("GET", address) as answer:
            for piece in answer.iter_raw():
                first = first or time.perf_counter() - begun
                size += len(piece)
                most = max(most, process.memory_info().rss)
    yield (
        f"the whole archive as one range: first byte after {first * 1000:.0f} ms (target 100), {size / 1e6:.1f} MB in "
        f"{time.perf_counter() - begun:.2f} s, {max(0, most - idle) / 1e6:.0f} MB above idle (target 150)"
    )


def _searches(work: Path) -> str:
    """Two and three words of titles, with filters now and then."""
    port = PORTS["ours"]
    newest = [httpx.get(f"http://127.0.0.1:{port}/api/random?count=100").json()["entries"] for _ in range(20)]
    titles = [re.findall(r"\w{3,}", one["entry"]["title"]) for entries in newest for one in entries]
    filters = ("", "&media_type=image", "&page=2", "&year=2015")
    # More of them than can be asked in four seconds, so that each is new; the filters in turns, not one after another.
    asked = dict.fromkeys(
        f"/api/search?q={quote_plus(' '.join(words[-3:]))}{filters[(i + turn) % 4]}"
        for turn in range(4)
        for i, words in enumerate(titles)
        if len(words) > 1
    )
    # Other questions first: every connection has the dictionaries read then, as in a mirror that runs since yesterday.
    _loaded(work, [f"/api/search?q=sky&page={page}" for page in range(1, 40)], 1)
    first = _loaded(work, list(asked), 4)
    last = min(len(asked), int(first["requests"]))
    again = _loaded(work, list(asked)[max(0, last - 1000) : last], 10)
    return (
        f"search, {len(asked):,} questions: p95 {first['p95_ms']:.1f} ms at {CLIENTS} clients and "
        f"{first['requests'] / 4:,.0f}/s while they are new (target 30 ms), {again['p95_ms']:.1f} ms and "
        f"{again['requests'] / 10:,.0f}/s when they are asked again"
    )


def _beside_a_backfill(place: Surroundings) -> Iterator[str]:
    """Dates, searches and pages for a minute, while everything is loaded into the database that answers them."""
    database, last = place.database("beside"), last_day(ENTRIES)
    few = f"run --from {last - dt.timedelta(days=30)} --to {last}"
    cost_of(place.apod(few, "beside", database, last))
    words, environment = _serving(place, "beside", database, log=True)
    with _running(words, environment, "ours"), _filled_over_and_over(place, database, last) as loads:
        days = [f"/planetary/apod?date={last - dt.timedelta(days=n)}" for n in range(20)]
        found = _loaded(place.work, [*days, "/api/search?q=nebula", "/api/search?q=stars", "/", "/grid"], 60)
        loaded = len(loads)
    yield (
        f"a minute of load beside {loaded} loads of everything, one after another: {found['requests'] / 60:,.0f} "
        f"requests/s, {found['errors']:.0f} errors (target 0)"
    )


@contextmanager
def _filled_over_and_over(place: Surroundings, database: str, last: dt.date) -> Iterator[list[float]]:
    """A backfill, and then its load again and again, until the end; gives what each took."""
    took: list[float] = []
    ending = threading.Event()

    def fill() -> None:
        for words in chain(["backfill"], repeat("recover database")):
            if ending.is_set():
                return
            took.append(cost_of(place.apod(words, "beside", database, last)).seconds)

    with ThreadPoolExecutor(1) as pool:
        filling = pool.submit(fill)
        try:
            yield took
        finally:
            ending.set()
        filling.result()


def _loaded(work: Path, asked: list[str], seconds: int) -> dict[str, float]:
    """What `wrk` measures while it asks these addresses in turns."""
    file = work / "asked"
    file.write_text("\n".join(asked), encoding="utf-8")
    words = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "-s", str(HERE / "mirror_load.lua")]
    said = subprocess.run(
        [*words, f"http://127.0.0.1:{PORTS['ours']}"],
        env={"ASKED": str(file), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {name: float(value) for name, value in re.findall(r"(\w+)=([\d.]+)", said)}


def _address(name: str, day: dt.date) -> str:
    return f"http://127.0.0.1:{PORTS[name]}/planetary/apod?date={day}"


@contextmanager
def _running(words: list[str], environment: dict[str, str], name: str) -> Iterator[int]:
    """A server, from the moment it answers to its end."""
    process = subprocess.Popen(words, env=environment, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{PORTS[name]}/")
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
