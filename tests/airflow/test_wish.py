"""What `make airflow` understands, and what it keeps away from the simulated NASA."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import httpx
import pytest

from apod_pipeline.errors import DatabaseError, SettingsError
from local_airflow.databases import Database, separate
from local_airflow.simulated_nasa import see_to_mark
from local_airflow.simulated_sets import simulated_set
from local_airflow.wish import wish
from set_lab import SITE

USERS_OWN = {
    "APOD_DATABASE_URL": "postgresql://me@production/apod",
    "APOD_GIT_REMOTE": "git@example.org:apod",
    "POSTGRES_HOST": "production",
    "NASA_API_KEY": "mine",
    "AIRFLOW_CONN_APOD_POSTGRES": "postgresql://me@production/apod",
}


def test_the_simulator_gets_at_nothing_of_the_users():
    """Without SOURCE no database, remote, key or connection of the user's reaches a task; other variables do."""
    wanted = wish({**USERS_OWN, "LANG": "C"}, {"APOD_DVC_REMOTE": "s3://mine"})
    assert dict(wanted.environment) == {"LANG": "C", "APOD_ARCHIVE": str(Path("airflow-archive").absolute())}
    assert (wanted.source, wanted.home.name, wanted.port) == ("simulator", ".airflow", 8080)


def test_nasa_gets_what_the_user_set():
    """With SOURCE=nasa the environment counts, then `.env`, and the folders are others than the simulator's."""
    wanted = wish({**USERS_OWN, "SOURCE": "nasa"}, {"APOD_DVC_REMOTE": "s3://mine", "NASA_API_KEY": "older"})
    assert {**USERS_OWN, "APOD_DVC_REMOTE": "s3://mine"}.items() <= wanted.environment.items()
    assert (wanted.home.name, wanted.archives["apod"].name) == (".airflow-nasa", "airflow-archive-nasa")


def test_several_sets_have_an_archive_each():
    """Each in a folder of its name under one root; APOD's stays where it is without them, and so does its variable."""
    wanted = wish({"APOD_DATASETS": "apod, sightings", "APOD_ARCHIVES": "/srv/archives"}, {})
    usual = Path("airflow-archive").absolute()
    assert dict(wanted.archives) == {"apod": usual, "sightings": Path("/srv/archives/sightings")}
    told = {"APOD_ARCHIVE": str(usual), "APOD_DATASETS": "apod,sightings", "APOD_ARCHIVES": "/srv/archives"}
    assert dict(wanted.environment) == told
    nasa = wish({"SOURCE": "nasa"}, {"APOD_DATASETS": "sightings"})
    assert dict(nasa.archives) == {"sightings": Path("airflow-archives-nasa/sightings").absolute()}
    assert wish({"APOD_DATASETS": "apod"}, {}).environment == wish({}, {}).environment


def test_a_sets_simulator_tells_its_variables(tmp_path):
    """It runs in a process of its own, which says where its services are and which day is their last, and then ends."""
    path = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(SITE), *sys.path])}
    with simulated_set("sightings", tmp_path, path, threading.Event()) as (part, variables):
        assert variables.keys() == {"APOD_SIGHTINGS_URL", "APOD_TODAY_SIGHTINGS"}
        asked = f"{variables['APOD_SIGHTINGS_URL']}/sightings?from=2026-03-10&to=2026-03-10"
        assert len(httpx.get(asked).json()) == 2
    assert part.process.returncode == 0


@pytest.mark.parametrize(
    "bad", [{"APOD_DATASETS": "apod,hubble"}, {"SOURCE": "moon"}, {"AIRFLOW_PORT": "http"}, {"AIRFLOW_PORT": "70000"}]
)
def test_what_cannot_be_meant_is_refused(bad):
    """The message names the variable, and says that nothing was started."""
    with pytest.raises(SettingsError, match=f"{next(iter(bad))} is .*Nothing was started"):
        wish(bad, {})


def test_a_real_archive_is_not_given_to_the_simulator(lab, span):
    """An archive that a run has filled is refused to the simulator, and a new one is marked."""
    lab.run(span)
    with pytest.raises(SettingsError, match="holds real entries, and simulated ones were to come"):
        see_to_mark(lab.root, simulated=True)
    see_to_mark(lab.root, simulated=False)
    see_to_mark(lab.root.with_name("new"), simulated=True)
    see_to_mark(lab.root.with_name("new"), simulated=True)


def test_somebody_elses_database_is_left_alone(postgres_server):
    """A database of the wanted name that another role owns is refused, and stays as it is."""
    import psycopg

    theirs, ours = Database("somebody", "contested", "a"), Database("airflow_of_test", "contested", "b")
    separate(postgres_server, theirs)
    with pytest.raises(DatabaseError, match="contested belongs to somebody, not to airflow_of_test"):
        separate(postgres_server, ours)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE contested")
        connection.execute("DROP ROLE somebody")
        connection.execute("DROP ROLE airflow_of_test")


def test_an_unreadable_server_is_told_without_its_password():
    """A superuser's URL that leads nowhere: the message names the variable and not the password."""
    with pytest.raises(DatabaseError, match="APOD_AIRFLOW_POSTGRES") as caught:
        separate("postgresql://me:hunter2@127.0.0.1:1/postgres", Database("airflow", "airflow", "secret"))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
