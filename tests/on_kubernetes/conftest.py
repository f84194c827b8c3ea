"""The chart rendered once for each values file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import charts
import pytest

if TYPE_CHECKING:
    from manifests import Object


@pytest.fixture(scope="module", params=charts.VALUES_FILES, ids=lambda path: path.stem)
def values_file(request) -> Path:
    """One of the values files: the chart's own, and every example."""
    return request.param


@pytest.fixture(scope="module")
def rendered(values_file) -> list[Object]:
    """What that file makes."""
    return charts.rendered(charts.CHART, charts.values_of(values_file))
