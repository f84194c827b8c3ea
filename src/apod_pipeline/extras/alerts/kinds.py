"""What can be wrong with an archive, by the names that messages, silences and texts use.

Takes nothing, gives the table. Imports nothing: the command line lists them.
"""

from __future__ import annotations

KINDS = {
    "run-failed": "a run ended with an error",
    "push-failed": "versions cannot be pushed",
    "unanswered": "no source answered",
    "refused": "what a source said was not believed",
    "late": "the newest entry is late",
    "hole": "a day is missing for long",
    "verify": "a verification found something",
    "overdue": "a run takes too long",
}
