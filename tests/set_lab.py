"""An archive of any data set, its services acted out, and a real PostgreSQL for one test."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.processed import Table
from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from forked import SITE
from lab import Lab


@dataclass
class SetLab(Lab):
    """One archive of a data set; `nasa` is whoever acts its services out."""

    name: str = ""

    @property
    def dataset(self) -> DataSet:
        return data_set(self.name)

    @property
    def archive(self) -> Archive:
        return Archive(self.root, self.dataset)

    def all_flags(self, **more: Any) -> dict[str, Any]:
        usual = {"archive": self.root, "dataset": self.name, "database_url": self.database}
        patience = {"http_retries": 0, "http_backoff": 0.01, "http_timeout": 5.0}
        return usual | patience | dict(self.nasa.settings) | self.flags | more

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(SITE), os.environ.get("PYTHONPATH")]))
        return super().environment(**{"PYTHONPATH": path} | more)

    def entries(self) -> dict[str, dict[str, Any]]:
        """The archive's entries by key, in the order of the Parquet file."""
        return {row[self.dataset.columns.key]: row for row in Table.of(self.archive).rows()}

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that the tables say, times and raw references aside."""
        columns, name = self.dataset.columns, self.name
        return {
            "current": self.rows(f"SELECT {', '.join(columns.output)} FROM {name} ORDER BY {columns.key}"),
            "revision": self.rows(
                f"SELECT {columns.key}, cause, changed, content_hash, observed_to IS NULL FROM {name}_revision"
                f" ORDER BY {columns.key}, observed_from"
            ),
            "day": self.rows(f"SELECT date, status FROM {name}_day WHERE status <> 'unasked' ORDER BY date"),
        }

    def unwell(self) -> dict[str, str]:
        """What an audit finds."""
        checks = verify(resolve(self.all_flags(), {}, None))
        return {check.what: check.says for check in checks if not check.well}
