"""The images: what is in them, who runs, how large they are, and that they do what they are for."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import images
import pytest

CEILINGS = {images.APOD: 950, images.AIRFLOW: 1900}  # megabytes, the base of 300 MB included
SCRATCH = ("--tmpfs", "/tmp")  # noqa: S108 - a container's own
BOTH = pytest.mark.parametrize("image", [images.APOD, images.AIRFLOW])

USERS = pytest.mark.parametrize("user", ["50000:0", "123456:0"])  # the second one is in no file of the image


def _run(engine, image, *words, options=()):
    return engine.docker("run", "--rm", "--network", "none", *options, "--entrypoint", words[0], image, *words[1:])


@BOTH
def test_size_is_under_its_ceiling(engine, image):
    """Nobody's image grows unseen."""
    (told,) = json.loads(engine.docker("image", "inspect", image))
    assert told["Size"] / 1e6 < CEILINGS[image]


@BOTH
def test_labels_and_user(engine, image):
    """What it is, of which commit, and that it is nobody's root."""
    (told,) = json.loads(engine.docker("image", "inspect", image))
    config = told["Config"]
    assert config["User"] == "50000:0"
    assert re.fullmatch("[0-9a-f]{40}", config["Labels"]["org.opencontainers.image.revision"])
    assert {"title", "licenses", "version"} <= {name.rpartition(".")[2] for name in config["Labels"]}


@BOTH
def test_whose_work_it_holds_is_told(engine, image):
    """A page in the image names every distribution with its licence, those that ask for it with their text."""
    page = _run(engine, image, "cat", "/opt/apod/NOTICES.md")
    told = dict(re.findall(r"^\| (\S+) \| \S+ \| (.+) \|$", page, re.MULTILINE))
    held = _run(
        engine, image, "python3", "-c", "import importlib.metadata as m; print(*{d.name for d in m.distributions()})"
    )
    assert set(told) >= set(held.split())
    assert "LGPL" in told["psycopg"]
    assert "GPL" in told["pygit2"]
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in page


@BOTH
def test_no_compiler_and_no_package_manager_of_the_build(engine, image):
    """What was needed to build is not what is shipped."""
    for program in ("gcc", "cc", "make", "uv"):
        assert "there" not in _run(engine, image, "sh", "-c", f"command -v {program} && echo there || true")


@BOTH
def test_no_secret_in_any_layer(engine, image):
    """No instruction and no variable of any layer holds anything like a secret."""
    told = engine.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    (inspected,) = json.loads(engine.docker("image", "inspect", image))
    for text in (told, *inspected["Config"]["Env"]):
        assert not re.search(r"(?i)(password|secret|token|api_key)\s*=\s*\S", text), text


def test_what_may_lie_on_s3_can_be_asked_for(engine):
    """DVC's remote in both images, and Airflow's logs in its own: the chart's values name S3 for both."""
    for image in (images.APOD, images.AIRFLOW):
        _run(engine, image, "python3", "-W", "error", "-c", "import dvc_s3; dvc_s3.S3FileSystem(url='s3://b/x')")
    logs = "from airflow.providers.amazon.aws.log.s3_task_handler import S3RemoteLogIO"
    _run(engine, images.AIRFLOW, "python3", "-c", logs)


@BOTH
def test_a_read_only_root(engine, image):
    """With nothing writable but its volume and /tmp, the demo runs: with its own PostgreSQL, Git and DVC."""
    volume = ("--tmpfs", "/opt/apod/archive:mode=1777")
    options = ("--read-only", *SCRATCH, *volume, "--cap-drop", "ALL", "--env", "HOME=/opt/apod/archive")
    commands = "cd /opt/apod/archive && apod demo >&2 && apod status --archive apod-demo --json"
    assert json.loads(_run(engine, image, "sh", "-c", commands, options=options))["versions"] == 3


@USERS
def test_the_mirror_is_what_it_does_by_itself(engine, user):
    """Without a command it serves; without a database it says that it is not ready, and lives."""
    name = "apod-alone"
    address = "APOD_READ_DATABASE_URL=postgresql://nobody@127.0.0.1:1/none"
    options = ("--read-only", *SCRATCH, "--user", user, "--env", address)
    engine.docker("run", "--detach", "--name", name, *options, images.APOD)
    try:
        ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/health/live', timeout=5).status)"
        wait = f'for i in $(seq 100); do python3 -c "{ask}" 2>/dev/null && exit 0; sleep 0.3; done; exit 1'
        assert engine.docker("exec", name, "sh", "-c", wait).strip() == "200"
        engine.docker("stop", "--time", "20", name)
        (told,) = json.loads(engine.docker("inspect", name))
        assert told["State"]["ExitCode"] == 0
    finally:
        engine.docker("rm", "--force", name)


@USERS
def test_airflow_finds_the_dags(engine, user):
    """Every DAG of the repository loads in the image, with plugins and pins as they are."""
    commands = "airflow db migrate >/dev/null 2>&1 && airflow dags list-import-errors --local"
    options = ("--read-only", *SCRATCH, "--tmpfs", "/opt/airflow/logs:mode=1777", "--user", user, "--env", "HOME=/tmp")
    options = (
        *options,
        "--env",
        "AIRFLOW_CONFIG=/tmp/airflow.cfg",
        "--env",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=sqlite:////tmp/airflow.db",
    )
    assert "No data found" in _run(engine, images.AIRFLOW, "sh", "-c", commands, options=options)


@BOTH
def test_what_is_in_it_can_be_listed(engine, image):
    """A valid CycloneDX document names Debian's Git, Python's packages and ours."""
    words = [sys.executable, str(images.ROOT / "deploy" / "sbom.py"), image]
    done = subprocess.run(words, env=engine.environment, capture_output=True, text=True, check=True)
    names = {one["name"] for one in json.loads(done.stdout)["components"]}
    assert {"git", "apod-pipeline", "dvc", "psycopg"} <= names
