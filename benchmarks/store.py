"""What an object store costs beside the tables: `make bench-store`.

Takes how many rounds, prints the load of 11,400 entries into empty tables and an empty bucket at once, against the
longer one of both alone. Keeps it in `store.md`. The store is a real Ceph where that is installed (`make test-s3` does
it), else moto's server; all of them share this machine's processors.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import stamps
from measuring import Cost, cost_of, in_turns
from surroundings import BIN, HERE, Surroundings, last_day, surroundings

sys.path.insert(0, str(HERE.parent / "tests"))
from debian_ceph import ceph, is_installed
from s3_gateway import ACCESS, SECRET
from stores import CREDENTIALS, client_of, moto_server

ENTRIES = 11_400
TARGET = 1.15
KINDS = ("tables", "store", "both")


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, str]]:
    """A store: what it is, and its address."""
    if is_installed():
        with ceph(folder / "ceph") as running:
            running.user("bench", ACCESS, SECRET)
            yield "Ceph 16", running.url
    else:
        with moto_server(folder) as address:
            yield "moto's server", address


@dataclass
class Bench:
    """An archive, and a store.

    Attributes:
        place: where it is measured.
        store: address of the store.
        rounds: so many were begun.
    """

    place: Surroundings
    store: str
    rounds: int = 0

    def begin(self) -> None:
        """The archive, and a bucket."""
        self.place.backfill("whole", ENTRIES)
        with client_of(self.store) as client:
            client.create_bucket(Bucket="bench")

    def load(self, what: str) -> Cost:
        """One load into empty tables, an empty prefix, or both."""
        self.rounds += 1
        name = f"round_{self.rounds}"
        database = self.place.database(name)
        today = last_day(ENTRIES)
        cost_of(replace(self.place.apod("migrate", "whole", database, today), words=[BIN / "apod", "migrate"]))
        own = self.place.apod("status", "whole", database, today, **self._settings(name)).environ
        done = cost_of(self.place.script("both_loads.py", what, **own))
        return replace(done, seconds=float(done.output))

    def _settings(self, name: str) -> dict[str, str]:
        ours = {"APOD_OBJECTSTORE_URL": f"s3://bench/{name}", "APOD_OBJECTSTORE_ENDPOINT": self.store}
        return {"APOD_EXTRAS": "objectstore", **ours, **CREDENTIALS}


def main(rounds: int) -> None:
    """Measure, print, keep."""
    with tempfile.TemporaryDirectory(prefix="apod-bench-") as work, server(Path(work)) as (kind, address):
        Path(work).chmod(0o755)
        with surroundings(Path(work), BIN) as place:
            bench = Bench(place, address)
            bench.begin()
            costs = in_turns(rounds, *(lambda _, what=what: bench.load(what) for what in KINDS))
    tables, store, both = ([cost.seconds for cost in of] for of in costs)
    longer = [max(pair) for pair in zip(tables, store, strict=True)]
    ratio = statistics.median(one / other for one, other in zip(both, longer, strict=True))
    middle = {kind: statistics.median(of) for kind, of in zip(KINDS, (tables, store, both), strict=True)}
    alone = f"into empty tables {middle['tables']:.2f} s, into an empty bucket ({kind}) {middle['store']:.2f} s"
    lines = [
        f"{ENTRIES:,} entries {alone}",
        f"both at once {middle['both']:.2f} s: {ratio:.2f} x the longer one (target {TARGET})",
        f"one after the other they would take {(middle['tables'] + middle['store']) / statistics.median(longer):.2f} x",
    ]
    stamps.write("store.md", "What an object store costs beside the tables", "make bench-store", lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 7)
