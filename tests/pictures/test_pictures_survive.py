"""Kills at every passage, lost disks, other machines: the same bytes in the end, and nothing lost."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import signal

import psycopg
import pytest

from lab import shared_remote

PLACES = ["picture-placed", "picture-placed:7", "write pictures", "write pictures:3", "dvc-added", "dvc-pushing"]
PLACES += ["write ledger", "pictures-sealed", "committed"]


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_sync_ends_as_if_it_never_was(gallery, place):
    """SIGKILL at a named place, then the same command: every picture, every line once, one clean commit's worth."""
    killed = gallery.command("pictures", "sync", APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    _, code = gallery.sync()
    assert code == 0
    assert len(gallery.kept()) == 8
    assert len(gallery.shelf()) == 2 * len({line["sha256"] for line in gallery.kept().values()})
    lines = [tuple(sorted(map(str, line.items()))) for line in _lines(gallery)]
    assert len(lines) == len(set(lines))
    assert gallery.git("status", "--porcelain") == ""
    assert list(gallery.pictures.shelf.incoming.iterdir()) == []
    assert gallery.command("verify").returncode == 0, gallery.command("verify").stdout


def _lines(lab):
    from apod_pipeline.archive.lines import read_lines

    return [line for path in lab.archive.ledger.glob("pictures-*") for line in read_lines(path)]


@pytest.mark.parametrize("place", ["picture-placed", "dvc-pushing:2", "pictures-sealed", "committed"])
def test_a_killed_run_keeps_its_pictures(gallery, place):
    """A daily run that is killed while it keeps pictures is finished by the next one."""
    lab = dataclasses.replace(gallery, flags=gallery.flags | {"pictures_each_run": 8})
    killed = lab.command("run", APOD_KILL_AT=place)
    assert killed.returncode in {-signal.SIGKILL, 0}
    lab.run()
    assert len(lab.kept()) == 8
    assert lab.git("status", "--porcelain") == ""
    assert lab.command("verify").returncode == 0, lab.command("verify").stdout


@pytest.fixture
def shared(hung, tmp_path):
    """The archive with remotes that other machines reach, and all its pictures."""
    lab = dataclasses.replace(hung, flags=hung.flags | shared_remote(tmp_path))
    lab.run()
    return lab


def test_a_lost_disk(shared, tmp_path, second_database):
    """From the remotes alone the archive is made again with every picture, and is well."""
    again = dataclasses.replace(shared, root=tmp_path / "again", database=second_database)
    done = again.command("recover", "archive", "--git-remote", shared.flags["git_remote"])
    assert done.returncode == 0, done.stderr
    assert again.shelf() == shared.shelf()
    assert again.kept() == shared.kept()
    every = "SELECT * FROM apod_picture ORDER BY 1, 2, 3"
    assert again.rows(every) == shared.rows(every)
    assert again.sync()[0]["downloaded"] == 0
    assert again.command("verify").returncode == 0, again.command("verify").stdout


def test_a_version_given_back(shared, tmp_path):
    """A version that is restored into another folder has the pictures that it had then."""
    before = shared.git("rev-parse", "HEAD").strip()
    shared.nasa.fault("picture_other", "/december/[A-Za-z]+30_")
    shared.sync("--recheck")
    assert shared.git("rev-parse", "HEAD").strip() != before
    kept = {line["sha256"] for line in shared.kept().values()}
    done = shared.command("restore", "--as-of", before, "--to", str(tmp_path / "then"), "--json")
    assert done.returncode == 0, done.stderr
    then = dataclasses.replace(shared, root=tmp_path / "then")
    assert len(then.kept()) == 8
    assert {line["sha256"] for line in then.kept().values()} != kept
    assert then.shelf().items() < shared.shelf().items()


def test_two_machines_keep_different_pictures(shared, tmp_path, second_database):
    """Whoever pushes second takes the other's pictures over: lines and files of both are kept, and both are well."""
    other = dataclasses.replace(shared, root=tmp_path / "other", database=second_database, told=[]).cloned()
    for lab, day in ((shared, "30"), (other, "29")):
        lab.nasa.clear_faults()
        lab.nasa.fault("picture_other", f"/december/[A-Za-z]+{day}_")
        told, code = lab.sync("--recheck")
        assert (code, told["changed"]) == (0, 1)
    for number, lab in enumerate((shared, other)):  # whoever has something new learns of the other's
        lab.nasa.edit(dt.date(2018, 12, 28), title=f"Title Number {number}")
        lab.run()
        assert lab.sync()[1] == 0
    for lab in (shared, other):
        assert lab.git("status", "--porcelain") == ""
        done = lab.command("verify")
        assert done.returncode == 0, done.stdout
    assert {key: line["sha256"] for key, line in other.kept().items()} == {
        key: line["sha256"] for key, line in shared.kept().items()
    }


def test_a_machine_that_keeps_nothing(shared):
    """A stateless run adds pictures to those of the remote, without having them; the others learn of them."""
    shared.nasa.fault("picture_other", "/december/[A-Za-z]+31_")
    day = shared.nasa.today
    shared.nasa.today = day + (day - day.replace(day=30))
    done = shared.command("run", "--stateless", "--json", APOD_PICTURES_EACH_RUN="9", APOD_TODAY=str(shared.nasa.today))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["inserted"] == 1
    shared.run(today=shared.nasa.today)
    shared.sync(APOD_TODAY=str(shared.nasa.today))
    assert "2019-01-01" in shared.kept()
    assert shared.command("verify", APOD_TODAY=str(shared.nasa.today)).returncode == 0


def test_an_archive_of_before_pictures(gallery):
    """Tables that knew no pictures get theirs by the next run, and everything is well."""
    with psycopg.connect(gallery.database) as connection:
        connection.execute("DROP VIEW apod_media")
        connection.execute("DROP TABLE apod_picture, apod_alike")
        connection.execute("DELETE FROM apod_migration WHERE number = 8")
    gallery.run()
    assert gallery.sync()[0]["downloaded"] == 8
    assert gallery.rows("SELECT count(*) FROM apod_picture") == [(8,)]
