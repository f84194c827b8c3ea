"""Where a value came from: the reply, the rules, the run and the commit behind a field of an entry.

Takes an archive and a day, gives for every field since when it reads as it does and all that led to it. Only reads;
never asks a service, never guesses: what is not written down is None.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apod_pipeline.archive.lines import timestamp
from apod_pipeline.archive.processed import Table
from apod_pipeline.database.rows import Projection
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.readings import Row
from apod_pipeline.errors import ApodError, SettingsError
from apod_pipeline.run.derivation import Derivation
from apod_pipeline.versions.commits import commits
from apod_pipeline.versions.wording import as_text

Trace = dict[str, Any]


@dataclass(frozen=True)
class Tracing:
    """The way back from an entry.

    Attributes:
        derivation: how entries come from replies in this archive.
    """

    derivation: Derivation

    def trace(self, key: str, field: str | None = None) -> Trace:
        """An entry's origin, and for every field (or one) where its present value comes from.

        Raises:
            SettingsError: there is no entry, or no such field.
        """
        columns, ledger = self.derivation.columns, self.derivation.ledger
        if field is not None and field not in columns.every:
            raise SettingsError(f"{field!r} is not a field of an entry; the fields are {', '.join(columns.every)}.")
        versions = ledger.versions()
        states: list[Row] = []
        if versions and ledger.known(versions[-1].lines).ever_had(key):
            table = Table.of(self.derivation.archive)
            rows = Projection(ledger, table, versions, versions[-1].today)
            states = next(rows.chains([key]), [])
        if not states:
            asks = self.derivation.archive.dataset.asks_for(key)
            raise SettingsError(f"{key}: this archive has no entry; `{asks}` asks for it.")
        now = states[-1]
        names = [field] if field else [name for name in columns.every if now.get(name) or name == columns.key]
        return {
            columns.key: key,
            "fields": {name: self._field(name, states) for name in names},
            **{
                noted: {name: meanings[name] for name in now.get(noted) or ()}
                for noted, meanings in self.derivation.archive.dataset.notes.items()
            },
        }

    def _field(self, name: str, states: Sequence[Row]) -> Trace:
        """The first of the states since which a field has had its present value."""
        index = len(states) - 1
        while index and states[index - 1].get(name) == states[index].get(name):
            index -= 1
        state = states[index]
        return {
            "value": state.get(name),
            "since": timestamp(state["observed_from"]),
            "cause": state["cause"],
            "reply": self._reply(state, name),
            **self._version(state["observed_from"]),
        }

    def _reply(self, state: Row, name: str) -> Trace | None:
        if state["reply"] is None:
            return None
        line = self.derivation.ledger.known().replies[state["reply"]]
        told = {key: line[key] for key in ("file", "source", "address", "at", "status", "sha256")}
        return {**told, "said": self._said(line, state[self.derivation.columns.key], name)}

    def _said(self, line: Mapping[str, Any], day: str, name: str) -> Any:  # noqa: ANN401 - whatever the service said
        """What the reply says under the same name; None where it words it otherwise, or is gone."""
        try:
            reading = next(
                self.derivation.replies.readings_in(line["file"], line, {day: line["readings"].get(day, "")}), None
            )
        except ApodError:
            return None
        return None if reading is None else reading.record.get(name)

    def _version(self, at: dt.datetime) -> Trace:
        version = next((v for v in self.derivation.ledger.versions() if v.at == at), None)
        known = commits(self.derivation.archive)
        index = bisect_left([commit.at for commit in known], at)
        commit = known[index] if index < len(known) else None
        return {
            "rules": version.rules if version else None,
            "run": version.run if version else None,
            "commit": commit.commit if commit else None,
            "code_version": (commit.code or None) if commit else None,
        }


def lines(told: Trace, dataset: DataSet) -> Iterator[str]:
    """A trace as it is read."""
    causes = {**CAUSES, **dataset.causes}
    for name, one in told["fields"].items():
        yield f"{name}: {as_text(one['value'])}"
        reply = one["reply"]
        yield f"  since {one['since']}, because {causes[one['cause']]}"
        if reply:
            yield f"  reply {reply['file']} of {reply['source']}, {reply['at']}, sha256 {reply['sha256']}"
            yield f"  asked {reply['address']}"
            if reply["said"] not in {None, ""} and str(reply["said"]) != str(one["value"]):
                yield f"  it said: {reply['said']}"
        yield f"  rules {one['rules']}, code {one['code_version']}, run {one['run']}, commit {one['commit']}"
    for noted in (name for name in told if name not in {dataset.columns.key, "fields"}):
        yield from (f"{noted.removesuffix('s')} {name}: {meaning}" for name, meaning in told[noted].items())


CAUSES = {
    "source": "the source said so",
    "rules": "the rules changed",
    "preference": "another source's reading was chosen",
}
