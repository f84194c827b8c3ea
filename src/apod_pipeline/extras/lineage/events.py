"""Runs as events: what was read, what was written, how it looks, which version it is, and what went wrong.

Takes a run's outcome and its archive, gives events in the types of OpenLineage's client, which check what they hold.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openlineage.client.constants import DEFAULT_NAMESPACE_NAME
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    RunFacet,
    data_quality_assertions_dataset,
    data_quality_metrics_dataset,
    dataset_version_dataset,
    documentation_dataset,
    error_message_run,
    job_type_job,
    processing_engine_run,
    schema_dataset,
)
from openlineage.client.uuid import generate_static_uuid

import apod_pipeline
from apod_pipeline.archive.folder import Archive
from apod_pipeline.dataset.fields import Field
from apod_pipeline.dictionary.tables import relations
from apod_pipeline.extras.lineage.naming import services, tables
from apod_pipeline.model import Outcome, in_plain_words
from apod_pipeline.settings import Settings
from apod_pipeline.settings.masking import masked
from apod_pipeline.versioning.dvc import tracked_hash

PRODUCER = f"urn:apod-pipeline:{apod_pipeline.__version__}"


@dataclass(frozen=True, eq=False, repr=False)
class Events:
    """The events of an archive's runs.

    Attributes:
        settings: its own.
        archive: the folder.
        secrets: what no event may say.
    """

    settings: Settings
    archive: Archive
    secrets: Sequence[str] = ()

    def begun(self, outcome: Outcome) -> RunEvent:
        """A run begins."""
        return self._event(RunState.START, outcome, outcome.started)

    def ended(self, outcome: Outcome, error: Exception | None, at: dt.datetime) -> RunEvent:
        """A run has ended; what an error left of it is not told as written."""
        inputs = [InputDataset(*names, inputFacets=dict(self._judged())) for names in self._read(outcome)]
        if error is None:
            return self._event(RunState.COMPLETE, outcome, at, inputs, [*self._written(outcome)])
        said = in_plain_words(masked(f"{type(error).__name__}: {error}", self.secrets), 2000)
        failed = error_message_run.ErrorMessageRunFacet(said, "python", producer=PRODUCER)
        return self._event(RunState.FAIL, outcome, at, inputs, facets={"errorMessage": failed})

    def _event(
        self,
        state: RunState,
        outcome: Outcome,
        at: dt.datetime,
        inputs: list[InputDataset] | None = None,
        outputs: list[OutputDataset] | None = None,
        facets: dict[str, RunFacet] | None = None,
    ) -> RunEvent:
        dataset, command = self.archive.dataset.name, outcome.command.split()[0]
        engine = processing_engine_run.ProcessingEngineRunFacet(
            apod_pipeline.__version__, "apod-pipeline", producer=PRODUCER
        )
        kind = job_type_job.JobTypeJobFacet("BATCH", "APOD_PIPELINE", "COMMAND", producer=PRODUCER)
        run = str(generate_static_uuid(outcome.started, f"{dataset} {outcome.run}".encode()))
        where = os.environ.get("OPENLINEAGE_NAMESPACE") or DEFAULT_NAMESPACE_NAME
        return RunEvent(
            eventType=state,
            eventTime=at.isoformat(),
            run=Run(run, {"processing_engine": engine, **(facets or {})}),
            job=Job(where, f"{dataset}.{command}", {"jobType": kind}),
            inputs=inputs or [],
            outputs=outputs or [],
            producer=PRODUCER,
        )

    # ---- what was read -------------------------------------------------------------------
    def _read(self, outcome: Outcome) -> Iterable[tuple[str, str]]:
        """The services that were asked; where none was, the raw replies that are here."""
        if outcome.asked:
            return services(self.settings, outcome.asked)
        return [] if _is_forgotten(self.archive) else [("file", str(self.archive.raw))]

    def _judged(self) -> Iterator[tuple[str, InputDatasetFacet]]:
        """What the quality rules found in all that was made of it."""
        if rules := [*_findings(self.archive.quality_report)]:
            yield (
                "dataQualityAssertions",
                data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(rules, producer=PRODUCER),
            )

    # ---- what was written ----------------------------------------------------------------
    def _written(self, outcome: Outcome) -> Iterator[OutputDataset]:
        commit = outcome.version or self.archive.marks().commit
        if not _is_forgotten(self.archive):
            yield from self._files(commit)
        yield from self._tables(commit)

    def _files(self, commit: str | None) -> Iterator[OutputDataset]:
        columns, archive = self.archive.dataset.columns, self.archive
        for path, fields in (
            (archive.csv, columns.named(columns.output)),
            (archive.json, columns.named(columns.output)),
            (archive.parquet, columns.fields),
        ):
            if path.exists():
                version = tracked_hash(path) or commit
                facets = self._facets(fields, version, archive.marks().entries, path.stat().st_size)
                yield OutputDataset("file", str(path), facets=dict(facets))

    def _tables(self, commit: str | None) -> Iterator[OutputDataset]:
        archive = self.archive
        described = {one.name: one for one in relations(archive.dataset)}
        for server, name in tables(self.settings):
            table = described[name.rpartition(".")[2]]
            counted = archive.marks().entries if table.name == archive.dataset.name else None
            facets = self._facets(table.columns, commit, counted)
            told = documentation_dataset.DocumentationDatasetFacet(table.meaning, producer=PRODUCER)
            yield OutputDataset(server, name, facets={"documentation": told, **dict(facets)})

    def _facets(
        self, fields: Iterable[Field], version: str | None, rows: int | None, size: int | None = None
    ) -> Iterator[tuple[str, DatasetFacet]]:
        columns = [schema_dataset.SchemaDatasetFacetFields(one.name, one.postgres, one.meaning) for one in fields]
        yield "schema", schema_dataset.SchemaDatasetFacet(columns, producer=PRODUCER)
        if version:
            yield "version", dataset_version_dataset.DatasetVersionDatasetFacet(version, producer=PRODUCER)
        if rows is not None:
            yield (
                "dataQualityMetrics",
                data_quality_metrics_dataset.DataQualityMetricsDatasetFacet(
                    {}, rowCount=rows, bytes=size, producer=PRODUCER
                ),
            )


def _is_forgotten(archive: Archive) -> bool:
    """Whether the folder is a stateless run's, whose files nobody will find."""
    from apod_pipeline.jobs.stateless import PREFIX

    return archive.root.parent.name.startswith(PREFIX)


def _findings(report: Path) -> Iterator[data_quality_assertions_dataset.Assertion]:
    try:
        told: dict[str, Any] = json.loads(report.read_bytes())
    except (OSError, ValueError):  # nothing was judged yet
        return
    for one in told["findings"]:
        yield data_quality_assertions_dataset.Assertion(
            one["rule"],
            one["count"] == 0,
            severity="warn" if one["severity"] == "warning" else one["severity"],
            description=one["meaning"],
            expected="0",
            actual=str(one["count"]),
        )
