"""What a task reads and writes, for OpenLineage, where it is on.

Takes a task and its settings, gives datasets when OpenLineage asks for them: NASA's services, the archive's files, the
tables, the object store, the repository. Costs nothing where nobody asks. Never holds a user, a password or a key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apod_pipeline.settings import Settings

FLOW: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "extract_apod_data": (("services",), ("replies",)),
    "transform_apod_data": (("replies",), ("files",)),
    "check_quality": (("files",), ("report",)),
    "load_to_postgres": (("files",), ("tables",)),
    "load_to_s3": (("files",), ("store",)),
    "dvc_track_data": (("replies", "files"), ("pointers",)),
    "git_commit_metadata": (("pointers", "report"), ("repository",)),
    "extract_part": (("services",), ("replies",)),
    "make_version": (("replies",), ("files", "report", "tables", "pointers", "repository")),
    "run_stateless": (("services",), ("tables",)),
    "audit": (("files", "tables", "repository"), ()),
}
"""By task, what it reads and what it writes."""


def describe(task: Any, settings: Settings) -> None:
    """Let a task answer OpenLineage's question, in the way that OpenLineage looks for."""
    if task.task_id in FLOW:
        task.get_openlineage_facets_on_complete = lambda _: _lineage(task.task_id, settings)


def _lineage(task: str, settings: Settings) -> Any:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    inputs, outputs = FLOW[task]
    return OperatorLineage(
        inputs=[InputDataset(*names) for kind in inputs for names in _names(kind, settings)],
        outputs=[OutputDataset(*names) for kind in outputs for names in _names(kind, settings)],
    )


def _names(kind: str, settings: Settings) -> Iterator[tuple[str, str]]:
    """Namespace and name of each dataset of a kind, as OpenLineage's naming rules have them."""
    from apod_pipeline.extras.lineage.naming import services, tables
    from apod_pipeline.wiring import archive_of

    archive = archive_of(settings)
    paths = {
        "replies": [archive.raw],
        "files": [archive.csv, archive.json, archive.parquet],
        "report": [archive.quality_report],
        "pointers": [f"{path}.dvc" for path in (archive.raw, archive.csv, archive.parquet)],
        "repository": [archive.root / ".git"],
    }
    if kind == "services":
        yield from services(settings)
    elif kind == "tables":
        yield from tables(settings)
    elif kind == "store":
        bucket, _, prefix = str(settings.own["objectstore_url"]).removeprefix("s3://").partition("/")
        yield f"s3://{bucket}", prefix or "/"
    else:
        yield from (("file", str(path)) for path in paths[kind])
