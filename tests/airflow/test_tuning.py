"""What makes a small run quick is told to Airflow in three places, and is the same in all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from local_airflow.connections import POOL
from local_airflow.surroundings import Surroundings

ROOT = Path(__file__).parents[2]
TUNING = dotenv_values(ROOT / "airflow" / "tuning.env")
# On a cluster names come from DNS, and a lost node is not a killed process.
OF_ONE_MACHINE = {"AIRFLOW__CORE__HOSTNAME_CALLABLE", "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"}


@pytest.fixture(scope="module")
def services():
    """The services of the Compose file that are parts of Airflow."""
    house = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    return {name: one for name, one in house["services"].items() if name.startswith("airflow")}


def test_make_airflow_is_told(tmp_path):
    """Every part has all of it, where the user says nothing else."""
    variables = Surroundings(tmp_path, tmp_path, 8080, "postgresql://ours").variables({})
    assert TUNING.items() <= variables.items()
    assert len(TUNING) >= 5


def test_compose_is_told(services):
    """Every part of Airflow reads the same file, and none of them is told something else by a variable of its own."""
    assert len(services) >= 6
    for name, one in services.items():
        assert (ROOT / "deploy" / one["env_file"][0]).resolve() == ROOT / "airflow" / "tuning.env", name
        assert not TUNING.keys() & one["environment"].keys(), name


def test_the_charts_values_say_the_same():
    """Section by section, but for what a cluster has otherwise on purpose."""
    values = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "airflow-values.yaml").read_text(encoding="utf-8"))
    for variable in TUNING.keys() - OF_ONE_MACHINE:
        _, section, option = variable.lower().split("__")
        assert str(values["config"][section][option]) == TUNING[variable], variable


def test_deadlines_and_the_pool_are_asked_for(services, tmp_path):
    """Whatever is ours has deadlines and says which sets it serves; the pool is named where we make it, only there."""
    local = Surroundings(tmp_path, tmp_path, 8080, "postgresql://ours").variables({})
    for told in (local, *(one["environment"] for one in services.values())):
        assert (told["APOD_AIRFLOW_POOL"], told["APOD_AIRFLOW_DEADLINES"]) == (POOL, "True")
    values = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "airflow-values.yaml").read_text(encoding="utf-8"))
    assert {one["name"]: one["value"] for one in values["env"]} == {
        "APOD_AIRFLOW_DEADLINES": "True",
        "APOD_DATASETS": "apod",
    }


def test_no_health_check_starts_an_airflow(services):
    """One every few seconds that loads Airflow takes from the runs what it looks after."""
    for name in ("airflow", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"):
        assert services[name]["healthcheck"]["test"][:2] == ["CMD", "python3"], name
