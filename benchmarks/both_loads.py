"""One load of an archive's last version: into the tables, into the object store, or into both as a run does it.

Takes one of the words `tables`, `store`, `both` and settings by the environment, prints the seconds from its first to
its last step; what starts the process is not among them, because a run has done that before.
"""

from __future__ import annotations

import datetime as dt
import sys
import time

from apod_pipeline.model import Outcome
from apod_pipeline.settings import resolve
from apod_pipeline.wiring import pipeline


def main(what: str) -> None:
    """Load, and tell how long that took."""
    with pipeline(resolve(), tell=lambda line: print(line, file=sys.stderr)) as wired:
        outcome = Outcome("bench", "bench", dt.datetime.now(dt.UTC))
        version, publishing = wired.ledger.versions()[-1], wired.publishing
        wired.store()
        began = time.perf_counter()
        if what != "tables":
            publishing.begin_beside(version)
        if what != "store":
            publishing.load(outcome)
        if what != "tables":
            publishing.finish_beside(outcome)
        print(time.perf_counter() - began)
    sys.exit(outcome.exit_code)


if __name__ == "__main__":
    main(sys.argv[1])
