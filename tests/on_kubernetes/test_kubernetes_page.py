"""docs/kubernetes.md: its Secrets are made and used, its files and commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import airflow_values
import charts
import crosschecks
import documented
import yaml

from apod_pipeline.extras.mirror.application import CONNECTIONS

ROOT = Path(__file__).parents[2]
TEXT = documented.PAGE.read_text(encoding="utf-8")


def test_every_secret_of_the_table_is_made_and_used():
    """Each Secret of the page's table has the command that makes it, and somebody in deploy/kubernetes who uses it."""
    used = set()
    for path in charts.VALUES_FILES:
        used |= {name for name, _ in crosschecks.secret_keys(charts.rendered(charts.CHART, charts.values_of(path)))}
    for layers in airflow_values.LAYERS.values():
        used |= {name for name, _ in airflow_values.secret_keys(airflow_values.layered(layers))}
    assert documented.secrets().keys() == documented.made() == used


def test_every_file_that_it_names_is_there():
    """Every file of deploy/kubernetes and of the docs that the page names exists, and every example is named."""
    named = set(re.findall(r"deploy/kubernetes/[\w./-]+", TEXT))
    assert len(named) >= 3
    assert [name for name in named if not (ROOT / name.rstrip("/.")).exists()] == []
    links = {link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", TEXT)}
    assert [link for link in links if not (documented.PAGE.parent / link).is_file()] == []
    assert [path.name for path in charts.EXAMPLES.glob("*.yaml") if f"`{path.name}`" not in TEXT] == []
    assert [name for name in airflow_values.FILES if name not in TEXT] == []


def test_its_numbers_are_the_values():
    """What the page's tables say of pools, replicas and limits is what the values files say."""
    values = yaml.safe_load((charts.CHART / "values.yaml").read_text(encoding="utf-8"))
    celery = airflow_values.layered(airflow_values.LAYERS["celery"])
    assert f"HPA at {values['mirror']['autoscaling']['cpuPercent']} %" in TEXT
    assert f"`maxReplicaCount` ({celery['workers']['celery']['keda']['maxReplicaCount']})" in TEXT
    assert f"`config.core.parallelism` ({celery['config']['core']['parallelism']})" in TEXT
    assert f"`apiServer.replicas` ({celery['apiServer']['replicas']})" in TEXT
    assert f"gets {celery['workers']['celery']['terminationGracePeriodSeconds']} s" in TEXT
    assert f"| {CONNECTIONS} connections a pod" in TEXT
    assert values["archive"]["size"].replace("Gi", " GiB") in TEXT
