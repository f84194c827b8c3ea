"""What deriving every entry anew would change, and nothing done about it: before new rules are let loose on an archive.

Takes a derivation, gives counts and samples. Reads the archive's files only; never writes, never asks a service.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from apod_pipeline.archive.known import Known
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.readings import Row
from apod_pipeline.run.derivation import BATCH, Derivation
from apod_pipeline.run.gating import derived

SAMPLES = 5


@dataclass
class Rehearsal:
    """What a rebuild would do.

    Attributes:
        entries: how many there are.
        revisions: how many would say something else.
        fields: by field, in how many of them it differs.
        refused: by key, why no entry could be made any more.
        samples: the first few that differ: by key, and for every field that differs its value now and then.
    """

    entries: int = 0
    revisions: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    refused: dict[str, str] = field(default_factory=dict)
    samples: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return asdict(self) | {"fields": dict(self.fields.most_common())}

    def compare(self, was: Row | None, new: Row) -> None:
        """Count one entry."""
        key, *names = new
        differs = {
            name: (was.get(name) if was else None, new[name]) for name in names if not was or was.get(name) != new[name]
        }
        if not differs:
            return
        self.revisions += 1
        self.fields.update(differs.keys())
        if len(self.samples) < SAMPLES:
            self.samples[new[key]] = differs


def rehearse(derivation: Derivation) -> Rehearsal:
    """Derive every entry as today's rules word it, and compare.

    Raises:
        ArchiveDamaged: a raw reply is gone, or the Parquet file is.
    """
    told, versions = Rehearsal(), derivation.ledger.versions()
    if not versions:
        return told
    known = derivation.ledger.known(versions[-1].lines)
    told.entries = len(known.first_line)
    withheld: dict[str, str] = {}
    kept = {*known.kept}  # what is kept as last known is not derived
    keys = [key for key in known.first_line if key not in kept]
    rows = derived(derivation.transform, derivation.readings(known, keys), withheld)
    while batch := [*islice(rows, BATCH)]:
        _compare(told, derivation, known, batch)
    told.refused |= withheld
    return told


def _compare(told: Rehearsal, derivation: Derivation, known: Known, batch: list[Row]) -> None:
    key = derivation.columns.key
    refused = derivation.gate(batch)
    told.refused |= refused
    sound = [row for row in batch if row[key] not in refused and known.has(row[key])]
    there = {row[key]: row for row in Table.of(derivation.archive).rows([row[key] for row in sound])}
    for row in sound:
        told.compare(there.get(row[key]), derivation.columns.typed(row))
