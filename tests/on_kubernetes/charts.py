"""The chart of ours, and the values files that it is rendered with.

Takes a file, gives values. Never imports Helm before it is asked to.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from manifests import KUBERNETES, Object, objects

CHART = KUBERNETES / "apod"
EXAMPLES = KUBERNETES / "examples"
VALUES_FILES = [CHART / "values.yaml", *sorted(EXAMPLES.glob("*.yaml"))]


def values_of(path: Path, **more: Any) -> dict[str, Any]:
    """A values file as Helm reads it, and sections of it replaced."""
    import helm_python as helm  # half a second, which only these tests need

    return helm.values_from_yaml(path.read_text(encoding="utf-8")) | more


def rendered(chart: Path, values: dict[str, Any], name: str = "apod") -> list[Object]:
    """What a chart makes of values."""
    import helm_python as helm

    with helm.Chart.load(chart) as loaded:
        return objects(loaded.render(values, name=name, namespace="astronomy"))
