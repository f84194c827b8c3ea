"""What tests of the object store share: moto's server, a lab that goes to a bucket, and what the bucket says."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session

from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.pointers import POINTER, POINTERS, Pointers
from lab import Lab
from s3_gateway import ACCESS, SECRET

CREDENTIALS = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}


@contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """The address of moto's server, a real process on loopback; its log lies in a folder."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | CREDENTIALS)
        try:
            listening(port, server, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()


@contextmanager
def client_of(server: str, access: str = ACCESS, secret: str = SECRET) -> Iterator[Any]:
    """Botocore's client: for what our library cannot ask."""
    session = botocore.session.Session()
    keys = {"aws_access_key_id": access, "aws_secret_access_key": secret, "region_name": "us-east-1"}
    client = session.create_client("s3", endpoint_url=server, **keys)
    try:
        yield client
    finally:
        client.close()


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def listening(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers at its port; its log is told where it does not."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8", errors="replace")
            assert server.poll() is None, log.read_text(encoding="utf-8", errors="replace")
            time.sleep(0.1)


@dataclass
class StoreLab(Lab):
    """A lab whose versions go to a bucket."""

    def store(self, *words, **environment):
        """`apod store ... --json`; gives what it printed, and how it ended."""
        done = self.command("store", *words, "--json", **environment)
        return (json.loads(done.stdout.splitlines()[-1]) if done.stdout else done.stderr), done.returncode


def flags_of(wishes):
    """The same as settings."""
    told = {
        f"objectstore_{name}": value
        for name, value in wishes._asdict().items()
        if name not in {"single_publisher", "keys"}
    }
    return {"extras": ("objectstore",)} | told


def newest(bucket):
    """The manifest that the pointer names."""
    pointers = Pointers(bucket)
    return pointers.manifest(pointers.read().pointer)


def pointer_place(bucket: Bucket) -> str:
    """Where the pointer lies: in one object, or in the last numbered one."""
    return max(bucket.sizes(POINTERS), default=POINTER)
