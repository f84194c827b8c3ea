"""The chart's mirror really runs as a pod, under `podman kube play`, and answers.

Run in a network namespace of its own (`make test-deploy`), with the image that the lane before it saved. Proves pod,
user, file system, environment and probes' addresses; never scheduling, Services, RBAC or admission.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml
from charts import CHART, rendered, values_of

import debian_postgres

SAVED = Path(os.environ.get("APOD_ENGINE", "")) / "mirror.tar"
PASSWORD = "a-password"
BRIDGE = "10.89.0"  # what `podman kube play` makes


class Podman:
    """Podman with a folder of its own, as a machine without systemd wants it."""

    def __init__(self, folder: Path) -> None:
        limits = 'default_ulimits=["nofile=1024:1024","nproc=4096:4096"]'
        containers, storage = folder / "containers.conf", folder / "storage.conf"
        containers.write_text(
            f'[containers]\n{limits}\n[engine]\ncgroup_manager="cgroupfs"\nruntime="runc"\nevents_logger="file"\n'
            f'[network]\nnetwork_backend="netavark"\nnetwork_config_dir="{folder}/networks"\n'
        )
        storage.write_text(f'[storage]\ndriver="overlay"\ngraphroot="{folder}/images"\nrunroot="{folder}/run"\n')
        told = {"CONTAINERS_CONF": str(containers), "CONTAINERS_STORAGE_CONF": str(storage)}
        self._environment = {**os.environ, **told}

    def __call__(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            ["podman", *words], env=self._environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout + done.stderr


@pytest.fixture
def podman(tmp_path):
    """Podman, with the image loaded; its layers are unmounted and gone afterwards."""
    one = Podman(tmp_path)
    one("load", "--input", str(SAVED))
    yield one
    one("system", "reset", "--force", check=False)


@pytest.fixture
def database(lab):
    """A PostgreSQL with eleven entries, and the address of the role that only reads."""
    with debian_postgres.server(PASSWORD) as server:
        server.options = "-c listen_addresses=*"  # the pod comes by the bridge, of this namespace alone
        with (server.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all apod_reader {BRIDGE}.0/24 scram-sha-256\n")
        server.start()
        lab.database = f"postgresql://apod:{PASSWORD}@127.0.0.1:{server.port}/postgres"
        lab.run()
        assert lab.command("migrate").returncode == 0
        with psycopg.connect(lab.database) as owner:
            owner.execute(f"ALTER ROLE apod_reader PASSWORD '{PASSWORD}'")
        yield f"postgresql://apod_reader:{PASSWORD}@{BRIDGE}.1:{server.port}/postgres"


def _played(podman: Podman, image: str, address: str, folder: Path) -> Path:
    """The rendered Deployment, played, with the Secret that it names; gives its file."""
    repository, _, tag = image.rpartition(":")
    values = values_of(CHART / "values.yaml", image={"repository": repository, "tag": tag, "pullPolicy": "Never"})
    values["mirror"]["replicas"] = 1  # Podman gives each of them the same port of this host
    secret, file = folder / "secret.json", folder / "mirror.yaml"
    # Podman 4.3 keeps a Secret of a manifest in a form that it cannot read back: this is the one that it reads.
    key = values["database"]["read"]
    secret.write_text(json.dumps({key["key"]: base64.b64encode(address.encode()).decode()}))
    podman("secret", "create", key["secretName"], str(secret))
    file.write_text(yaml.safe_dump(next(one for one in rendered(CHART, values) if one["kind"] == "Deployment")))
    podman("kube", "play", str(file))
    return file


def test_the_mirrors_pod_answers(podman, database, lab, tmp_path):
    """As the chart renders it: ready, NASA's old API and search, by a user who is not root, on a read-only root."""
    image = podman("images", "--format", "{{.Repository}}:{{.Tag}}").split()[0]
    file = _played(podman, image, database, tmp_path)
    try:
        name = next(name for name in podman("ps", "--format", "{{.Names}}").split() if name.endswith("-mirror"))
        with httpx.Client(base_url="http://127.0.0.1:8000") as client:
            deadline = time.monotonic() + 60
            while True:
                try:
                    ready = client.get("/health/ready").status_code
                except httpx.TransportError:
                    ready = 0
                if ready == 200:
                    break
                assert time.monotonic() < deadline, podman("logs", name, check=False)
                time.sleep(0.5)
            assert client.get("/health/live").status_code == 200
            assert client.get("/planetary/apod").json()["date"] == max(lab.entries())
            assert client.get("/api/search?year=2018").json()["total"] == 11
        told = yaml.safe_load(podman("inspect", name))[0]
        assert told["Config"]["User"].partition(":")[0] == "50000"
        assert told["HostConfig"]["ReadonlyRootfs"] is True
        assert "uid=50000" in podman("exec", name, "id")
    finally:
        podman("kube", "down", str(file), check=False)
