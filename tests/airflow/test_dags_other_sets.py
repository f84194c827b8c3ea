"""Another data set on the Airflow that serves APOD: daily run, backfill, audit; one database, two archives."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from airflow_bench import KEYS, ORDER, PROJECTS_DAGS, SetBench
from apod_pipeline.archive.ledger import Ledger

DAG = "sightings_etl_pipeline"
BESIDE = "load_to_s3", "complete_s3"  # its versions also go to a store
TOYS_DAG = Path(__file__).parent / "dags" / f"{DAG}.py"


@pytest.fixture(scope="module")
def toy(airflow_instance, airflow_archive, first_run):
    """That bench; APOD has had its first run."""
    return SetBench(airflow_instance, airflow_archive.parent / "archives", "sightings")


@pytest.fixture(scope="module")
def run(toy):
    """The first run of the set, which the scheduler makes."""
    return toy.by_its_clock(DAG)


def test_its_dag_has_the_documents_tasks(toy):
    """Three lines make it: ids and order are the document's, tag and clock its own; what is not served makes no DAG."""
    assert len([line for line in TOYS_DAG.read_text().splitlines() if line]) == 2
    tasks = {task["task_id"]: task for task in toy.api.get(f"/dags/{DAG}/tasks")["tasks"]}
    assert {*tasks} == {*ORDER, *BESIDE}
    for before, after in itertools.pairwise(ORDER):
        assert [task for task in tasks[before]["downstream_task_ids"] if task not in BESIDE] == [after]
    told = toy.api.get(f"/dags/{DAG}/details")
    assert ([tag["name"] for tag in told["tags"]], told["timezone"]) == (["sightings"], "UTC")
    assert told["timetable_summary"] == "30 0 * * *"
    assert all(param["description"] for param in told["params"].values())
    assert toy.api.get("/importErrors")["import_errors"] == []
    assert not toy.api.has("/dags/comets_etl_pipeline")


def test_its_first_run_fills_an_archive_of_its_own(toy, run, bench):
    """Every task is green; XComs, rows beside APOD's, files and commit agree; APOD's archive knows nothing of it."""
    states = {name: task["state"] for name, task in run.tasks.items()}
    assert states == dict.fromkeys([*ORDER, *BESIDE], "success")
    for task, keys in KEYS.items():
        assert keys <= {*toy.xcoms(run, task)}
    assert 'dataset = "sightings"' in (toy.archive.root / "apod.toml").read_text()
    rows = toy.rows("SELECT min(night), max(night), count(*) FROM sightings")
    assert [*map(str, rows[0])] == ["2026-02-28", "2026-03-10", "22"]
    commit = toy.git("rev-parse", "HEAD")
    assert toy.rows("SELECT run, version FROM sightings_run") == [(f"{DAG} {run.name}", commit)]
    assert toy.events(source_dag_id=DAG) == [("sightings_archive", commit)]
    assert not [row for row in bench.rows("SELECT run FROM apod_run") if DAG in row[0]]
    assert (toy.archive.root.parent / "sightings-remote").is_dir()


def test_openlineage_is_told_of_its_service_and_tables(toy, run, airflow_watch, eventually):
    """What a task of it reads and writes is the set's own: its service, the tables of its name."""
    file = toy.archive.root.parents[1] / "lineage.jsonl"

    def ended(task):
        events = [json.loads(line) for line in file.read_text().splitlines()]
        return [one for one in events if one["eventType"] == "COMPLETE" and one["job"]["name"] == f"{DAG}.{task}"]

    eventually(lambda: ended("extract_apod_data") and ended("load_to_postgres"))
    assert [(one["namespace"], one["name"]) for one in ended("extract_apod_data")[0]["inputs"]] == [
        (airflow_watch.url, "watch")
    ]
    assert {one["name"] for one in ended("load_to_postgres")[0]["outputs"]} == {
        f"apod.public.sightings{suffix}" for suffix in ("", "_revision", "_reading")
    }


def test_the_backfill_serves_it(toy, run):
    """With `dataset` the days of that set are asked for: one version, told by the set's asset alone."""
    before = len(Ledger(toy.archive).versions())
    given = {"dataset": "sightings", "from": "2026-02-09", "to": "2026-02-27", "days": 10}
    ended = toy.run("apod_backfill", **given)
    assert {ended.tasks[name]["state"] for name in ("plan", "extract_part", "make_version")} == {"success"}
    assert len(Ledger(toy.archive).versions()) == before + 1
    assert toy.rows("SELECT count(*) FROM sightings") == [(58,)]
    events = toy.events(source_dag_id="apod_backfill")
    assert [event for event in events if event[0] != "apod_archive"] == [
        ("sightings_archive", toy.git("rev-parse", "HEAD"))
    ]
    assert toy.git("rev-parse", "HEAD") not in {commit for name, commit in events if name == "apod_archive"}


def test_the_audit_serves_it(toy, run):
    """With `dataset` it looks at that set's archive alone; by its clock at all of them, each by its name."""
    by_clock = toy.by_its_clock("apod_verify")
    assert re.search(r"(apod|sightings): \w", toy.log(by_clock, "audit"))
    ended = toy.run("apod_verify", dataset="sightings")
    said = toy.xcoms(ended, "audit")["return_value"]
    assert [line for line in said if line.startswith("sightings: ")] == ["sightings: 58 rows, as in the files"]
    assert not [line for line in said if line.startswith("apod")]


SETTINGS = """
import json, os, sys
from apod_airflow.connections import settings
for more in json.loads(sys.argv[1]):
    os.environ |= more
    print(json.dumps({name: [str(known.archive), known.dataset, known.git_remote, known.dvc_remote, known.database]
                      for name in ("apod", "sightings") for known in [settings(dataset=name)]}))
    for name in more:
        del os.environ[name]
"""


@pytest.fixture(scope="module")
def python(from_airflow):
    """What a script says that ends well."""

    def said(script, *words, **more):
        done = from_airflow.python(script, *words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return said


SPANS = """
import datetime as dt
from apod_airflow.runs import span_of
at = dt.datetime(2026, 11, 30, 2, tzinfo=dt.UTC)
for params in ({}, {"dataset": "sightings"}, {"dataset": "sightings", "from": None, "to": "2026-01-01"}):
    print(span_of({"params": params, "logical_date": at, "dag_run": None}))
"""


def test_a_runs_days_are_its_sets(python):
    """From the set's first day to what is due where its days begin, or to the last of its simulated services."""
    said = python(SPANS)
    assert said == ["1995-06-16..2026-11-29", "2020-01-01..2026-11-30", "2020-01-01..2026-01-01"]
    said = python(SPANS, APOD_TODAY_SIGHTINGS="2026-03-10")
    assert said[:2] == ["1995-06-16..2026-11-29", "2020-01-01..2026-03-10"]


def _generic(host):
    return json.dumps({"conn_type": "generic", "host": host})


REMOTES = [
    ({}, None, "s3://all/versions/sightings"),
    ({"APOD_GIT_REMOTE_SIGHTINGS": "g@h:env", "APOD_DVC_REMOTE_SIGHTINGS": "s3://own"}, "g@h:env", "s3://own"),
    ({"AIRFLOW_CONN_SIGHTINGS_GIT": _generic("g@h:ui")}, "g@h:ui", "s3://all/versions/sightings"),
    ({"AIRFLOW_CONN_SIGHTINGS_DVC_REMOTE": _generic("s3://ui")}, None, "s3://ui"),
    ({"AIRFLOW_CONN_APOD_DVC_REMOTE": _generic("s3://shared")}, None, "s3://shared/sightings"),
]


def test_a_set_has_remotes_of_its_own(python):
    """It never pushes to APOD's Git remote; the database is one for all, and APOD is what it is without other sets."""
    apods = {"APOD_GIT_REMOTE": "g@h:apod", "APOD_DVC_REMOTE": "s3://all/versions/", "APOD_ARCHIVE": "/srv/archive"}
    one = "postgresql://someone@db/one"
    cases = json.dumps([more for more, _, _ in REMOTES])
    lines = python(SETTINGS, cases, APOD_DATABASE_URL=one, **apods)[-len(REMOTES) :]
    for (more, git, dvc), told in zip(REMOTES, map(json.loads, lines), strict=True):
        assert told["sightings"] == ["/srv/archives/sightings", "sightings", git, dvc, one]
        shared = "s3://shared" if "AIRFLOW_CONN_APOD_DVC_REMOTE" in more else apods["APOD_DVC_REMOTE"]
        assert told["apod"] == ["/srv/archive", "apod", "g@h:apod", shared, one]


# Each case in a fork of its own: Airflow's own start takes longer than to read the files.
READ = """
import json, os, sys
from airflow.dag_processing.dagbag import DagBag
for served in json.loads(sys.argv[2]):
    if not os.fork():
        os.environ |= {"APOD_DATASETS": served} if served else {}
        bag = DagBag(dag_folder=sys.argv[1])
        assert not bag.import_errors, bag.import_errors
        outlets = {d.dag_id: sorted({repr(o) for t in d.tasks for o in t.outlets}) for d in bag.dags.values()}
        told = {name: [type_.split("(")[0] for type_ in found] for name, found in outlets.items()}
        print("read:", json.dumps([served, told]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, served
"""


@pytest.fixture(scope="module")
def read(python):
    """By what `APOD_DATASETS` says, if anything, the outlets of each DAG that is read then."""
    cases = json.dumps(["", "apod,sightings", "sightings"])
    lines = python(READ, str(PROJECTS_DAGS), cases)
    return dict(json.loads(line[6:]) for line in lines if line.startswith("read: "))


@pytest.mark.parametrize(("served", "alone"), [("", ["Asset"]), ("apod,sightings", ["AssetAlias"])])
def test_where_only_apod_is_served_its_dags_are_what_they_were(read, served, alone):
    """The backfill's outlet is APOD's asset, and a name for many assets only where there are many sets."""
    told = read[served]
    assert {*told} == {"apod_etl_pipeline", "apod_backfill", "apod_verify", "apod_news", "apod_stateless"}
    assert (told["apod_etl_pipeline"], told["apod_backfill"]) == (["Asset"], alone)


def test_without_apod_there_are_none_of_its_dags(read):
    """Who serves another set alone has that set's, and the two that serve any."""
    assert {*read["sightings"]} == {"apod_backfill", "apod_verify"}
