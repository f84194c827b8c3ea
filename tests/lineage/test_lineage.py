"""Lineage of real runs, through the client's own transports: events, their datasets and facets; no run minds them."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import subprocess
import sys
import uuid

import pytest
from openlineage.client import event_v2, facet_v2

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError
from apod_pipeline.jobs.stateless import run_stateless
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import resolve
from apod_pipeline.versioning.dvc import tracked_hash
from collecting import HOST, collector
from lab import KEY, TODAY

SPAN = Span(TODAY - dt.timedelta(days=2), TODAY)


@pytest.fixture
def lined(lab, tmp_path, monkeypatch):
    """An archive whose runs are told to a file of OpenLineage's."""
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "events.jsonl"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    lab.flags |= {"extras": ("lineage",), "http_retries": 0}
    return lab


def _events(lab):
    return [json.loads(line) for line in (lab.root.parent / "events.jsonl").read_text().splitlines()]


def _facets(event):
    """Every facet of an event, by its name."""
    datasets = [*event["inputs"], *event["outputs"]]
    holders = [event["run"], event["job"], *datasets]
    for holder in holders:
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from holder.get(kind, {}).items()


def _typed(event):
    """An event, and each of its facets, made again by the client's types, which take no field that the spec has not."""
    types = {
        name: kind
        for module in vars(facet_v2).values()
        if inspect.ismodule(module)
        for name, kind in vars(module).items()
        if inspect.isclass(kind)
    }
    for _, facet in _facets(event):
        kind = types[facet["_schemaURL"].rpartition("/")[2]]
        kind(**{name: value for name, value in facet.items() if not name.startswith("_")})
    told = {name: value for name, value in event.items() if name != "schemaURL"}
    run, job = event_v2.Run(**event["run"]), event_v2.Job(**event["job"])
    inputs = [event_v2.InputDataset(**one) for one in event["inputs"]]
    outputs = [event_v2.OutputDataset(**one) for one in event["outputs"]]
    return event_v2.RunEvent(**told | {"run": run, "job": job, "inputs": inputs, "outputs": outputs})


def test_a_good_run_is_a_pair_of_events(lined, nasa):
    """START and COMPLETE of one run; services in, files and tables out, with schema, version, counts and findings."""
    outcome = lined.run(SPAN)
    start, end = _events(lined)
    assert [one["eventType"] for one in (start, end)] == ["START", "COMPLETE"]
    assert start["run"]["runId"] == end["run"]["runId"] == str(uuid.UUID(start["run"]["runId"]))
    assert {(one["job"]["namespace"], one["job"]["name"]) for one in (start, end)} == {("default", "apod.run")}
    assert {(one["namespace"], one["name"]) for one in end["inputs"]} <= {
        (nasa.url, "wp-json/wp/v2/apod-basic"),
        (nasa.url, "planetary/apod"),
    }
    rules = end["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert {rule["assertion"] for rule in rules} == {
        finding["rule"] for finding in json.loads(lined.archive.quality_report.read_bytes())["findings"]
    }
    written = {one["name"].rpartition("/")[2]: one["facets"] for one in end["outputs"]}
    tables = {name for name in written if "." in name and ".public." in name}
    assert {name.partition(".public.")[2] for name in tables} == {"apod", "apod_revision", "apod_reading"}
    assert written.keys() - tables == {"apod_data.csv", "apod_transformed.json", "apod_entries.parquet"}
    assert written["apod_data.csv"]["version"]["datasetVersion"] == outcome.csv_md5
    assert written["apod_entries.parquet"]["version"]["datasetVersion"] == tracked_hash(lined.archive.parquet)
    assert {written[name]["version"]["datasetVersion"] for name in tables} == {lined.git("rev-parse", "HEAD")}
    assert written["apod_data.csv"]["dataQualityMetrics"]["rowCount"] == len(SPAN)
    assert written["apod_data.csv"]["dataQualityMetrics"]["bytes"] == lined.archive.csv.stat().st_size
    header = lined.archive.csv.read_text().splitlines()[0].split(",")
    assert [field["name"] for field in written["apod_data.csv"]["schema"]["fields"]] == header


def test_tables_have_their_own_columns(lined):
    """The schema facet of each table is what the database says of it."""
    lined.run(SPAN)
    for told in _events(lined)[-1]["outputs"]:
        if not told["namespace"].startswith("postgres://"):
            continue
        table = told["name"].rpartition(".")[2]
        columns = lined.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
            f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        assert {(field["name"], field["type"]) for field in told["facets"]["schema"]["fields"]} == set(columns)


def test_events_are_of_the_clients_types(lined, nasa):
    """Each event of a good run, an edit, a run without news and a failed one fits the client's types."""
    lined.run(SPAN)
    nasa.edit(TODAY, title="Another Title")
    lined.run(SPAN)
    lined.run(SPAN)
    with pytest.raises(DatabaseError):
        lined.run(SPAN, database_url=f"postgresql://apod:a-password-of-postgres@{HOST}:9/apod")
    events = _events(lined)
    assert [one["eventType"] for one in events] == ["START", "COMPLETE"] * 3 + ["START", "FAIL"]
    assert len({one["run"]["runId"] for one in events}) == 4
    for event in events:
        assert _typed(event).run.runId == event["run"]["runId"]
        ours = [facet for name, facet in _facets(event) if name != "tags"]  # that one the client adds
        assert {facet["_producer"] for facet in ours} == {event["producer"]}


def test_a_failed_run_says_why_without_a_secret(lined):
    """FAIL has the error's words, no outputs, and neither password nor key."""
    url = f"postgresql://apod:a-password-of-postgres@{HOST}:9/apod"
    with pytest.raises(DatabaseError) as caught:
        lined.run(SPAN, database_url=url)
    _, end = _events(lined)
    assert (end["eventType"], end["outputs"]) == ("FAIL", [])
    failed = end["run"]["facets"]["errorMessage"]
    assert str(caught.value)[:40] in failed["message"]
    assert failed["programmingLanguage"] == "python"
    text = json.dumps(_events(lined))
    assert "a-password-of-postgres" not in text
    assert KEY not in text


def test_what_asks_no_service_reads_the_replies(lined):
    """A rebuild is a job of its own, whose input is the folder of raw replies."""
    lined.run(SPAN)
    lined.wired(lambda pipeline: pipeline.rebuild())
    end = _events(lined)[-1]
    assert end["job"]["name"] == "apod.rebuild"
    assert [(one["namespace"], one["name"]) for one in end["inputs"]] == [("file", str(lined.archive.raw))]


def test_a_stateless_run_writes_tables_alone(lined, remote):
    """The files of a folder that is forgotten are nobody's datasets."""
    lined.flags |= remote
    run_stateless(
        lambda archive: resolve(lined.all_flags(archive=archive), {}, None), Wanted("run", SPAN), lined.told.append
    )
    start, end = _events(lined)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert {one["namespace"].partition(":")[0] for one in end["outputs"]} == {"postgres"}
    assert len(end["outputs"]) == 3


def test_events_go_over_http(lab):
    """With OPENLINEAGE_URL, key and namespace, a command's events are posted with the key, in that namespace."""
    lab.flags |= {"extras": ("lineage",)}
    with collector() as sink:
        done = lab.command(
            "run",
            "--date",
            str(TODAY),
            OPENLINEAGE_URL=sink.address,
            OPENLINEAGE_API_KEY="open-sesame",
            OPENLINEAGE_NAMESPACE="pictures",
        )
    assert done.returncode == 0, done.stderr
    events = [json.loads(body) for body in sink.bodies("/api/v1/lineage")]
    assert [one["eventType"] for one in events] == ["START", "COMPLETE"]
    assert {one["job"]["namespace"] for one in events} == {"pictures"}
    assert {headers["authorization"] for _, headers, _ in sink.posted} == {"Bearer open-sesame"}


def test_a_transport_that_is_away_is_a_line_without_a_secret(lab):
    """The run is what it would have been; each event that was not taken is one line that tells no address."""
    lab.flags |= {"extras": ("lineage",)}
    where = f"http://me:hunter2secret@{HOST}:9"
    done = lab.command("run", "--date", str(TODAY), OPENLINEAGE_URL=where, OPENLINEAGE_API_KEY="open-sesame")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if "OpenLineage" in line]
    assert len(said) == 2
    assert all("did not take an event" in line for line in said)
    assert not {word for word in ("hunter2secret", "open-sesame", "Traceback", "Retrying") if word in done.stderr}


@pytest.mark.parametrize("variables", [{}, {"OPENLINEAGE_URL": f"http://{HOST}:9", "OPENLINEAGE_DISABLED": "true"}])
def test_it_costs_nothing_where_no_transport_is_named(lab, variables, tmp_path):
    """Plugged in without a transport, or where it is disabled, a run imports nothing of OpenLineage's."""
    lab.flags |= {"extras": ("lineage",)}
    code = (
        "import sys; from apod_pipeline.cli import main; sys.argv = ['apod', 'run', '--date', '2018-12-31']\n"
        "try: main()\n"
        "finally: sys.exit(1 if any(name.startswith('openlineage') for name in sys.modules) else 0)"
    )
    environment = lab.environment(HOME=str(tmp_path), **variables)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_of_openlineages_is_heeded(lab, tmp_path):
    """`openlineage.yml` in the home folder names the transport."""
    folder = tmp_path / ".openlineage"
    folder.mkdir()
    told = tmp_path / "by-file.jsonl"
    (folder / "openlineage.yml").write_text(f"transport: {{type: file, log_file_path: '{told}', append: true}}\n")
    lab.flags |= {"extras": ("lineage",)}
    done = lab.command("run", "--date", str(TODAY), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["eventType"] for line in told.read_text().splitlines()] == ["START", "COMPLETE"]
