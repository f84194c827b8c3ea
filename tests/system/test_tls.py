"""A server of one's own over TLS: `sslmode` is respected, and a certificate that nobody vouches for is refused."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from apod_pipeline.calendar import Span
from apod_pipeline.errors import DatabaseError
from lab import certificate

BINARIES = next(
    (p for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True) if (p / "initdb").exists()), None
)
pytestmark = pytest.mark.skipif(
    BINARIES is None, reason="no PostgreSQL with TLS on this machine; `make test` as root installs it"
)
DAYS = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
PASSWORD = "a-password-that-must-not-show"


def _as_postgres(*words: str) -> None:
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    subprocess.run(words, check=True, capture_output=True, cwd="/", **user)


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory):
    """A PostgreSQL that speaks TLS on loopback only: its port, and the certificate that vouches for it."""
    folder = Path(shutil.os.path.realpath("/tmp")) / f"apod-tls-{os.getpid()}"  # noqa: S108 - postgres must enter it
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    (folder / "password").write_text(PASSWORD)
    _as_postgres(
        str(BINARIES / "initdb"),
        "-D",
        str(data),
        "-U",
        "apod",
        "-A",
        "scram-sha-256",
        "--pwfile",
        str(folder / "password"),
    )
    certificate(folder)
    for name in ("server.crt", "server.key"):
        shutil.copy(folder / name, data / name)
        (data / name).chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(data / name, "postgres", "postgres")
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
    options = f"-c ssl=on -c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
    start = (str(BINARIES / "pg_ctl"), "-D", str(data), "-w", "-l", str(data / "log"), "-o", options, "start")
    _as_postgres(*start)
    yield port, folder / "server.crt"
    _as_postgres(str(BINARIES / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_verified_tls_loads(lab, tls_server):
    """`sslmode=verify-full` with the right certificate authority loads the archive, over TLS indeed."""
    port, authority = tls_server
    url = f"postgresql://apod:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={authority}"
    lab.database = url
    assert lab.run(DAYS).inserted == len(DAYS)
    assert lab.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]


@pytest.mark.parametrize("mode", ["verify-full", "disable"])
def test_unverified_or_plain_is_refused(lab, tls_server, tmp_path, mode):
    """Another authority's certificate, or no TLS at all: refused in words, nothing loaded, no password anywhere."""
    port, _ = tls_server
    certificate(tmp_path)
    root = f"&sslrootcert={tmp_path / 'server.crt'}" if mode == "verify-full" else ""
    lab.database = f"postgresql://apod:{PASSWORD}@127.0.0.1:{port}/postgres?sslmode={mode}{root}"
    with pytest.raises(DatabaseError, match="PostgreSQL") as caught:
        lab.run(DAYS)
    assert PASSWORD not in str(caught.value)
    texts = [path.read_bytes() for path in lab.root.rglob("*") if path.is_file()]
    assert not any(PASSWORD.encode() in text for text in texts)


def test_wrong_password_is_masked(lab, tls_server):
    """A refused password appears in no message, also where it stands in the address."""
    port, authority = tls_server
    lab.database = (
        f"postgresql://apod:wrong-{PASSWORD}@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={authority}"
    )
    done = lab.command("run", "--from", str(DAYS.first), "--to", str(DAYS.last))
    assert done.returncode == 1
    assert PASSWORD not in done.stdout + done.stderr
    assert "APOD_DATABASE_URL" in done.stderr
