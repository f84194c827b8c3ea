"""The images of the test: a base made here of Debian's packages, what stands in for published images, and our own.

Takes a running engine, gives tags. Proves every instruction of our Dockerfile; never the published bases themselves,
which cannot be had without their registry.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from engine import Engine, mirror

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
BASE, POSTGRES, REDIS = "apod-test-base:1", "apod-test-postgres:15", "apod-test-redis:7"
APOD, AIRFLOW = "apod-test-pipeline:1", "apod-test-airflow:1"
INCLUDED = "ca-certificates,python3,python3-venv"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def base(engine: Engine) -> None:
    """Debian with Python, as `python:3.11-slim-bookworm` is, where it is not there yet."""
    if engine.docker("images", "--quiet", BASE).strip():
        return
    root = engine.folder / "rootfs"
    shutil.rmtree(root, ignore_errors=True)
    words = ["debootstrap", "--variant=minbase", f"--include={INCLUDED}", "bookworm", str(root), mirror()]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    # Whom this machine trusts, the build trusts: a house may have an authority of its own before its registries.
    shutil.copy(AUTHORITIES, root / str(AUTHORITIES).lstrip("/"))
    changes = [f"ENV SSL_CERT_FILE={AUTHORITIES} PIP_CERT={AUTHORITIES} LANG=C.UTF-8", "CMD bash"]
    options = [word for change in changes for word in ("--change", change)]
    archive = engine.folder / "rootfs.tar"
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
    engine.docker("import", *options, str(archive), BASE)
    archive.unlink()
    shutil.rmtree(root)


def stand_ins(engine: Engine) -> None:
    """What Compose takes from a registry elsewhere."""
    for tag, name in ((POSTGRES, "postgres"), (REDIS, "redis")):
        _build(engine, HERE / "bases" / name, tag, f"BASE={BASE}")


def ours(engine: Engine) -> None:
    """Both images of `deploy/Dockerfile`."""
    revision = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    told = (f"BASE={BASE}", f"AIRFLOW_BASE={BASE}", f"REVISION={revision.strip()}", "VERSION=0.1.0")
    for target, tag in (("apod", APOD), ("airflow", AIRFLOW)):
        _build(engine, ROOT, tag, *told, file=ROOT / "deploy" / "Dockerfile", target=target)


def _build(engine: Engine, context: Path, tag: str, *told: str, file: Path | None = None, target: str = "") -> None:
    words = ["build", "--quiet", "--network", "host", "--tag", tag, *(f"--build-arg={one}" for one in told)]
    words += ["--file", str(file)] if file else []
    words += ["--target", target] if target else []
    engine.docker(*words, str(context), timeout=1800)


def environment() -> dict[str, str]:
    """What names these images to Compose."""
    named = {"APOD_IMAGE": APOD, "AIRFLOW_IMAGE": AIRFLOW, "POSTGRES_IMAGE": POSTGRES, "REDIS_IMAGE": REDIS}
    return named | {"BASE": BASE, "AIRFLOW_BASE": BASE, "PATH": os.environ["PATH"]}
