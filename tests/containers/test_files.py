"""What deploys the pipeline, looked at without an engine: settings explained, secrets made once, nothing open."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from patience import until
from plain_environment import plain_environment
from stores import client_of, moto_server

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (DEPLOY / ".env.example").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]


def _made(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(DEPLOY / "make_env.py"), str(folder)]
    return subprocess.run(words, env=plain_environment(**more), capture_output=True, text=True, check=True)


def _values(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


@pytest.fixture
def moto(tmp_path):
    """The address of a server that speaks S3."""
    with moto_server(tmp_path) as address:
        yield address


@pytest.fixture
def env(tmp_path):
    """A folder with the example and what was made of it."""
    shutil.copy(DEPLOY / ".env.example", tmp_path)
    return tmp_path, _made(tmp_path)


def test_every_variable_is_explained():
    """What Compose asks for stands in the example, and nothing else does; each block of it has its comment."""
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE)) | set(re.findall(r"environment: ([A-Z_]+) }", COMPOSE))
    assert asked | {"COMPOSE_PROFILES"} == set(_values(EXAMPLE))


def test_defaults_are_told_once():
    """A default in Compose is the example's."""
    told = re.findall(r"(?<!\$)\$\{([A-Z_]+):-([^}]*)}", COMPOSE)
    assert {(name, default) for name, default in told} <= set(_values(EXAMPLE).items())


def test_secrets_are_made_and_differ(env, tmp_path_factory):
    """Every secret is long, unlike any other, and new on another machine."""
    folder, _ = env
    other = tmp_path_factory.mktemp("other")
    shutil.copy(DEPLOY / ".env.example", other)
    _made(other)
    empty = {name for name, value in _values(EXAMPLE).items() if not value}
    both = [_values((place / ".env").read_text(encoding="utf-8")) for place in (folder, other)]
    secrets = [made[name] for made in both for name in empty if made[name]]
    assert len(secrets) == len(set(secrets)) == 20
    assert min(map(len, secrets)) >= 44


def test_an_env_that_is_there_stays(env):
    """Made once, for its owner's eyes; a second time nothing is changed, and no secret is ever printed."""
    folder, said = env
    file = folder / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not [
        value
        for value in _values(file.read_text(encoding="utf-8")).values()
        if len(value) > 40 and value in said.stdout
    ]
    file.write_text("MINE=1\n", encoding="utf-8")
    assert _made(folder).stdout == ""
    assert file.read_text(encoding="utf-8") == "MINE=1\n"


def test_the_data_sets_that_are_served_are_written_down(tmp_path):
    """What `APOD_DATASETS` says when `.env` is made stands in it, and nothing else is in that line; else APOD alone."""
    for told, written in (("", "apod"), ("apod, close-approaches", "apod,close_approaches"), ("$(id)=", "id")):
        folder = tmp_path / written
        folder.mkdir()
        shutil.copy(DEPLOY / ".env.example", folder)
        _made(folder, APOD_DATASETS=told)
        assert _values((folder / ".env").read_text(encoding="utf-8"))["APOD_DATASETS"] == written


def test_any_other_setting_reaches_the_containers(env):
    """What stands in `.env` and in no line of Compose's is handed on from a file, anew each time; secrets are not."""
    folder, _ = env
    secret = {"APOD_EPIC_API_KEY": "k3y", "APOD_DATABASE_URL": "x", "APOD_EPIC_URL_2": "https://me:pw@host"}
    plain = {"APOD_EPIC_URL": "https://epic.example?a=b", "APOD_LOOKBACK": "20"}
    own = {"APOD_ARCHIVE": "/elsewhere", "APOD_DATASETS": "apod,epic"}
    more = "".join(f"{name}={value}\n" for name, value in (secret | plain | own).items())
    (folder / ".env").write_text(f"{(folder / '.env').read_text()}OTHER=1\n{more}")
    said = _made(folder).stdout
    settings = folder / ".env.settings"
    assert _values(settings.read_text(encoding="utf-8")) == plain
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert all(name in said for name in secret)
    assert not [value for value in secret.values() if len(value) > 1 and value in said]
    (folder / ".env").write_text("APOD_LOOKBACK=30\n")
    _made(folder)
    assert settings.read_text(encoding="utf-8") == "APOD_LOOKBACK=30\n"


def test_every_container_of_ours_reads_them():
    """The file is optional: `docker compose` alone works as well. What Compose says itself is said over it."""
    wanted = {"path": ".env.settings", "required": False}
    told = {name for name, one in SERVICES.items() if wanted in one.get("env_file", [])}
    assert told == {name for name in SERVICES if name.startswith(("airflow", "mirror", "backup", "alerts"))}


def test_every_part_that_sees_an_archive_sees_those_of_all_sets():
    """Airflow's parts are told which sets are served and where their archives are; APOD's volume is what it was."""
    seeing = {name for name, one in SERVICES.items() if "apod_archive:/opt/apod/archive" in one.get("volumes", [])}
    assert {"airflow-scheduler", "airflow-triggerer", "airflow-worker", "airflow-prepare", "backup"} <= seeing
    assert {name for name in seeing if "apod_archives:/opt/apod/archives" in SERVICES[name]["volumes"]} == seeing
    told = {name: one["environment"] for name, one in SERVICES.items() if name.startswith("airflow")}
    assert {one["APOD_DATASETS"] for one in told.values()} == {"${APOD_DATASETS:-apod}"}
    assert {one["APOD_ARCHIVES"] for one in told.values()} == {"/opt/apod/archives"}
    made = re.findall(r"^ && mkdir -p (.*)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert ["/opt/apod/archives" in words.split() for words in made if "/opt/apod" in words] == [True, True]


def test_every_secret_setting_is_known_by_its_name():
    """Whatever the pipeline or one of its extras calls a secret is not handed on."""
    from apod_pipeline.settings.resolving import settings_of

    secret = runpy.run_path(str(DEPLOY / "make_env.py"))["SECRET"]
    every = [one for name in ("apod", "approaches") for one in settings_of(name, ("alerts", "metrics"))]
    assert [one.variable for one in every if one.secret and not secret.search(one.variable)] == []


PREPARED = """
import json, runpy
container = runpy.run_path("deploy/airflow/container.py")
told = {name: one["host"] for name, one in container["connections"]().items() if "sightings" in name}
sets = container["datasets"]()
print(json.dumps([sets, {name: container["of_set"](name) for name in sets}, told]))
"""


def test_what_is_prepared_is_for_every_set():
    """Tables and connections of each set that is served; of APOD alone, those that there were."""

    def prepared(**more: str) -> list:
        words = [sys.executable, "-c", PREPARED]
        done = subprocess.run(
            words, env=plain_environment(**more), cwd=ROOT, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    assert prepared() == [["apod"], {"apod": {}}, {}]
    own = {"APOD_DATASET": "sightings", "APOD_ARCHIVE": "/opt/apod/archives/sightings"}
    hosts = {"sightings_git": "", "sightings_dvc_remote": ""}
    assert prepared(APOD_DATASETS="apod,sightings") == [["apod", "sightings"], {"apod": {}, "sightings": own}, hosts]


SAVES = """#!/bin/sh
case $APOD_ARCHIVE in *bad) exit 1;; esac
echo "$APOD_ARCHIVE" >"$2"
"""


def test_every_set_is_backed_up(tmp_path):
    """A file for each archive that has begun, old ones of the same set go; one that fails holds no other one back."""
    for name in ("archive/.git", "sets/far/.git", "sets/bad/.git", "sets/far-remote", "sets/new", "backups", "bin"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bin" / "apod").write_text(SAVES)
    (tmp_path / "bin" / "apod").chmod(0o755)
    old, torn = (tmp_path / "backups" / name for name in ("apod-20200101T000000Z.dump", ".far-1.dump.partial"))
    old.touch()
    torn.touch()
    folders = {"BACKUPS": "backups", "ARCHIVE": "archive", "ARCHIVES": "sets"}
    environment = plain_environment(
        PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        BACKUP_HOURS="24",
        BACKUP_KEEP="1",
        **{f"APOD_{name}": str(tmp_path / folder) for name, folder in folders.items()},
    )
    words = ["/bin/sh", str(DEPLOY / "backup.sh")]

    def saved() -> dict[str, str]:
        try:
            return {path.name.split("-")[0]: path.read_text().strip() for path in (tmp_path / "backups").glob("*.dump")}
        except FileNotFoundError:  # an old one, which has just gone
            return {}

    wanted = {"apod": str(tmp_path / "archive"), "far": str(tmp_path / "sets" / "far")}
    with subprocess.Popen(words, env=environment) as service:
        try:
            until(lambda: saved() == wanted, 30)
        finally:  # whatever comes: it would be waited for without end
            service.terminate()
    assert service.returncode == 0
    assert (old.exists(), torn.exists()) == (False, False)
    healthy = [*words, "healthy"]
    assert subprocess.run(healthy, env=environment, check=False).returncode == 0
    os.utime(tmp_path / "sets" / "bad" / ".git", (0, 0))
    assert subprocess.run(healthy, env=environment, check=False).returncode == 1


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded(name):
    """No capability, no new privileges, limits on memory and logs, a first process that reaps, a health or an end."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"]["memory"]
    assert service["logging"]["options"]["max-size"]
    assert service["init"] is True
    assert all(port.startswith("${BIND:-127.0.0.1}:") for port in service.get("ports", []))


def test_the_design_documents_services_are_there():
    """`postgres` and `airflow`, by their names, on their ports, in their order."""
    assert SERVICES["postgres"]["image"].endswith("postgres:15}")
    assert "service_healthy" in str(SERVICES["airflow"]["depends_on"]["postgres"])
    assert "postgres_data:/var/lib/postgresql/data" in SERVICES["postgres"]["volumes"]
    assert any("/opt/airflow/dags" in volume for volume in SERVICES["airflow"]["volumes"])


def test_the_image_takes_nothing_but_what_is_named():
    """Everything is ignored first, so a file with secrets never comes near a build."""
    lines = [
        line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in {"#", ""}
    ]
    assert lines[0] == "*"
    assert not [line for line in lines if ".env" in line]


def test_everything_that_is_copied_is_let_in():
    """What the Dockerfile copies is there, and named among what is not ignored: else no image can be built."""
    told = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    named = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"]
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", told, re.MULTILINE) for word in line.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
        let_in = [*map(str, Path(path).parents), path]
        assert any(fnmatch(one, name) for one in let_in for name in named), path


@pytest.mark.parametrize("file", ["build", "uv", "image-apod", "image-airflow"])
def test_what_goes_into_an_image_is_pinned_with_hashes(file):
    """Every package of an image has one version and its hashes."""
    text = (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9_.\[\]-]+)==\S+", text, re.MULTILINE)
    assert pins
    assert len(re.findall(r"^\S+==[^\n]*\\\n    --hash=", text, re.MULTILINE)) == len(pins)
    assert "://" not in text


@pytest.mark.parametrize("file", sorted(ROOT.glob("**/deploy/**/Dockerfile")), ids=lambda file: file.parent.name)
def test_dockerfiles_are_clean(file):
    """Hadolint has nothing to say, not even for information."""
    words = [str(Path(sys.executable).with_name("hadolint")), "--no-color", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


STORED = """
import json, runpy, sys
runpy.run_path("deploy/airflow/container.py")["store"]("pass-word-for-it", lambda made: print(json.dumps(made)))
"""


def test_the_profile_with_a_store(moto):
    """Its server's image has a tag, its password is a file; the bucket is made once, the connection holds its keys."""
    server, maker = SERVICES["store"], SERVICES["airflow-store"]
    assert server["profiles"] == maker["profiles"] == ["store"]
    assert re.search(r":-[\w/]+:RELEASE[.\w-]+}$", server["image"])
    assert "store_password" in server["secrets"]
    assert "store_password" in maker["secrets"]
    assert maker["depends_on"]["store"] == {"condition": "service_healthy"}
    told = {"APOD_OBJECTSTORE_ENDPOINT": moto, "APOD_OBJECTSTORE_URL": "s3://sky/apod"}
    for _ in range(2):
        words, around = [sys.executable, "-c", STORED], plain_environment(**told)
        done = subprocess.run(words, env=around, cwd=ROOT, capture_output=True, text=True, check=True)
        made = json.loads(done.stdout.splitlines()[-1])["apod_s3"]
        assert (made["login"], made["password"]) == ("apod", "pass-word-for-it")
    with client_of(moto) as client:
        assert [one["Name"] for one in client.list_buckets()["Buckets"]] == ["sky"]
