"""A server of one's own over TLS: `sslmode` is respected, and a certificate that nobody vouches for is refused."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

import debian_postgres
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError
from lab import certificate

pytestmark = debian_postgres.needs_one
DAYS = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
PASSWORD = "a-password-that-must-not-show"


@pytest.fixture(scope="module")
def tls_server():
    """A PostgreSQL that speaks TLS only: its port, and the certificate that vouches for it."""
    with debian_postgres.server(PASSWORD) as server:
        certificate(server.folder)
        for name in ("server.crt", "server.key"):
            shutil.copy(server.folder / name, server.data / name)
            server.give(server.data / name)
        (server.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        server.options = "-c ssl=on"
        server.start()
        yield server.port, server.folder / "server.crt"


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
