"""The PostgreSQL versions that are supported, the oldest one too; and one that is older is refused in words."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
from pathlib import Path

import psycopg
import pytest

import debian_postgres
from apod_pipeline.database.connection import OLDEST, connected
from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError, DatabaseUnavailable
from lab import KEY as PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "postgres.md"


@pytest.fixture(params=["the wheel's", pytest.param("the system's", marks=debian_postgres.needs_one)])
def server(request, database_url, monkeypatch):
    """An empty database: of the server that comes with the wheel, or of the system's packages."""
    if request.param == "the wheel's":
        yield database_url
        return
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with debian_postgres.server(PASSWORD) as one:
        one.start()
        yield f"postgresql://apod@127.0.0.1:{one.port}/postgres"


def test_a_supported_version_does_all(lab, server, span, tmp_path):
    """Loaded twice, changed, audited, searched, saved and put back."""
    lab.database = server
    with psycopg.connect(server) as connection:
        assert connection.info.server_version // 10000 >= OLDEST
    days = Span(span.last.replace(day=20), span.last)
    lab.run(days)
    assert lab.command("migrate").returncode == 0
    lab.nasa.edit(span.last.replace(day=28), title="Quite Another Title")
    assert lab.run().changed == 1
    assert lab.command("backup", str(tmp_path / "a.dump")).returncode == 0
    before = lab.tables()
    restored = lab.command("recover", "--from-backup", str(tmp_path / "a.dump"))
    assert restored.returncode == 0, restored.stderr
    assert lab.tables() == before
    assert json.loads(lab.command("verify", "--json").stdout)["well"]


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


@pytest.fixture(params=["9.6.24", "13.22", "14.20"])
def old(request):
    """A server of an older version, as far as it tells of itself to whoever connects: nothing is asked of it then."""
    parameters = {"server_version": request.param, "client_encoding": "UTF8", "TimeZone": "UTC"}
    hello = _message(b"R", struct.pack("!i", 0))
    hello += b"".join(_message(b"S", f"{name}\0{value}\0".encode()) for name, value in parameters.items())
    hello += _message(b"K", struct.pack("!ii", 1, 1)) + _message(b"Z", b"I")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.recv(1000)
                    client.sendall(hello)
                    while client.recv(1000)[:1] not in {b"X", b""}:
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield (
            request.param,
            f"postgresql://me@127.0.0.1:{listening.getsockname()[1]}/x?sslmode=disable&gssencmode=disable",
        )
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_an_older_one_is_refused(lab, old):
    """The first connection and `apod doctor` name its version and the oldest that will do; no later try can help."""
    version, lab.database = old
    with pytest.raises(DatabaseError, match=re.escape(f"PostgreSQL {version}")) as caught, connected(lab.database):
        pass
    assert (str(OLDEST) in str(caught.value), isinstance(caught.value, DatabaseUnavailable)) == (True, False)
    told = lab.command("doctor", "--json").stdout
    (database,) = [one for one in json.loads(told)["findings"] if one["what"] == "database"]
    assert (database["state"], version in database["says"]) == ("bad", True)


def test_the_page_says_the_same():
    """What the documentation calls the oldest supported version is what the code refuses less than."""
    assert f"PostgreSQL {OLDEST} and newer" in PAGE.read_text(encoding="utf-8")
