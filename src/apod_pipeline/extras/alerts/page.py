"""The part of docs/alerts.md that shows each text, filled in; `make docs` writes it, a test compares it.

Takes the page, gives it with today's texts. Never holds a word that the texts do not, its samples aside.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from apod_pipeline.extras.alerts.conditions import Condition
from apod_pipeline.extras.alerts.incidents import Incident, Told
from apod_pipeline.extras.alerts.kinds import KINDS
from apod_pipeline.extras.alerts.messages import ENDING, Message, Wording

BEGIN, END = "<!-- texts: made by `make docs`; do not edit -->", "<!-- end of texts -->"
SINCE = dt.datetime(2026, 1, 10, 5, 30, tzinfo=dt.UTC)
ONE_DAY = {"first": "2026-01-10", "last": "2026-01-10", "count": 1}
SAMPLES: Mapping[str, dict[str, Any]] = {
    "run-failed": {
        "stage": "load",
        "command": "run",
        "error": "PostgreSQL at 127.0.0.1 does not answer. What was received is kept; type the same command again.",
    },
    "push-failed": {
        "stage": "push",
        "command": "run",
        "error": "git push failed: Permission denied (publickey). The commits stay here.",
    },
    "unanswered": {
        "command": "run",
        "why": "no answer from https://science.nasa.gov after 6 tries (HTTP 503).",
        **ONE_DAY,
    },
    "refused": {
        "source": "planetary",
        "reason": 'the placeholder: its title is "NASA Science"',
        "reply": "apod_raw_20260110_053001.json",
        "accept": "apod replay --accept 2026-01-10 --because TEXT",
        "sample": '{"date": "2026-01-10", "title": "NASA Science", "url": "https://example.org/nasa-logo.png"}',
        **ONE_DAY,
    },
    "late": {"days": ["2026-01-10"], **ONE_DAY},
    "hole": {"after": 3, "first": "2026-01-03", "last": "2026-01-05", "count": 3},
    "overdue": {"run": "apod_etl_pipeline scheduled__2026-01-10", "hours": "9"},
    "verify": {
        "findings": [
            {"what": "raw replies", "says": "1 of 412 has other bytes than came", "do": "apod recover raw"},
        ]
    },
}
FACTS = {"dataset": "apod", "title": "pictures", "archive": "/srv/apod", "log": "/srv/apod/.apod/runs.jsonl"}


def filled() -> Iterator[tuple[str, Message]]:
    """The name and the message of each text."""
    wording = Wording(FACTS)
    for kind in KINDS:
        yield kind, wording.of(Told("alert", Incident(Condition(kind, kind, SAMPLES[kind]), SINCE, SINCE)))
    ended = SINCE + dt.timedelta(hours=3)
    lasted = Incident(Condition("unanswered", "unanswered", SAMPLES["unanswered"]), SINCE, SINCE, ended)
    yield "all-clear", wording.of(Told("all-clear", lasted))
    yield "test", wording.filled("test", "test", {})


def shown() -> str:
    """Each text as the page shows it."""
    parts = [BEGIN]
    for name, message in filled():
        about = KINDS.get(name, "it is over" if name == "all-clear" else "`apod alerts test`")
        parts.append(f"**`{name}{ENDING}`**: {about}\n\n```text\n{message.subject}\n\n{message.text.strip()}\n```")
    return "\n\n".join([*parts, END])


def renewed(page: str) -> str:
    """A page with today's texts in it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{shown()}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1]) / "alerts.md"
    path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
