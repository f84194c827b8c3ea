"""What is said of an incident: a subject and a text, in words that anybody can replace.

Takes what is to be told and facts of the archive, gives messages without a secret in them. The words are templates of
Jinja's in `texts/`, a file for each kind: its first line is the subject. A folder of one's own (`APOD_ALERTS_TEXTS`)
replaces them file by file; one that cannot be filled in is told in the log, and ours is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from apod_pipeline.extras.alerts.incidents import Told
from apod_pipeline.settings.masking import masked

OURS = Path(__file__).parent / "texts"
ENDING = ".txt"
log = logging.getLogger(__name__)


class Message(NamedTuple):
    """What goes out.

    Attributes:
        event: `alert`, `all-clear` or `test`.
        subject: one line.
        text: the rest.
    """

    event: str
    subject: str
    text: str


@dataclass(frozen=True, eq=False, repr=False)
class Wording:
    """How an archive's messages are worded.

    Attributes:
        facts: of the archive, for every text: its name, where it lies, where its log is.
        secrets: what must not stand in any of them, the longest first.
        folder: texts that replace ours; None for none.
    """

    facts: Mapping[str, Any]
    secrets: Sequence[str] = ()
    folder: Path | None = None

    def of(self, told: Told) -> Message:
        """The message of an incident's alert or all-clear."""
        incident = told.incident
        name = incident.condition.kind if told.event == "alert" else "all-clear"
        facts = {
            "kind": incident.condition.kind,
            "since": f"{incident.since:%Y-%m-%d %H:%M} UTC",
            "until": f"{incident.ended:%Y-%m-%d %H:%M} UTC" if incident.ended else None,
            "returned": incident.returned,
            **incident.condition.facts,
        }
        return self.filled(told.event, name, facts)

    def filled(self, event: str, name: str, facts: Mapping[str, Any]) -> Message:
        """A text with facts in it."""
        values = {**self.facts, **facts}
        own = self.folder / f"{name}{ENDING}" if self.folder else None
        if own and own.is_file():
            try:
                return self._message(event, own, values)
            except Exception as error:  # noqa: BLE001 - whatever somebody's template does, the alert goes out
                log.warning("%s cannot be used (%s); the built-in text is sent", own, type(error).__name__)
        return self._message(event, OURS / f"{name}{ENDING}", values)

    def _message(self, event: str, path: Path, values: Mapping[str, Any]) -> Message:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        words = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        filled = words.from_string(path.read_text(encoding="utf-8")).render(values)
        subject, _, text = masked(filled, self.secrets).strip().partition("\n")
        return Message(event, " ".join(subject.split()), text.strip() + "\n")
