"""Messages and logs as lines: plain, or an object of JSON each with the time, the level and the run.

Takes what is said, gives lines. What `--log-format` said is kept in the environment (APOD_LOG_FORMAT), so that the
process that DVC runs in words its lines alike.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Iterable

from apod_pipeline.logs.running import fields_of_the_run, run_that_goes_on

VARIABLE = "APOD_LOG_FORMAT"


def wants_json() -> bool:
    """Whether lines are to be JSON."""
    return os.environ.get(VARIABLE) == "json"


def json_line(message: str, level: str, logger: str, at: dt.datetime | None = None, trace: Iterable[str] = ()) -> str:
    """One line."""
    when = (at or dt.datetime.now(dt.UTC)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    told: dict[str, str | None] = {"at": when, "level": level, "logger": logger, "message": message}
    lines = [*trace]
    told |= {"run": run_that_goes_on(), **fields_of_the_run()}
    return json.dumps(told | ({"traceback": lines} if lines else {}), ensure_ascii=False, default=str)


def set_up(level: int) -> None:
    """Let the logs of this process go to standard error, from a level on, in the form that is wanted."""
    logging.basicConfig(level=level, format="%(name)s: %(message)s")
    if wants_json():
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())


class JsonLines(logging.Formatter):
    """Records of the standard library's logging, as lines of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """One record."""
        trace = self.formatException(record.exc_info).splitlines() if record.exc_info else ()
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        return json_line(record.getMessage(), record.levelname.lower(), record.name, at, trace)
