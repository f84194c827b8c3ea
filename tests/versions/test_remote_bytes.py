"""A DVC remote that is no folder of this machine: what is listed, what is read, and what reading finds."""

from __future__ import annotations

import datetime as dt
import gc
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.audit.copies import RemoteShare, objects
from apod_pipeline.audit.sampling import sample
from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from apod_pipeline.settings.keeping import Keep
from apod_pipeline.wiring import objects as objects_of
from apod_pipeline.wiring import pruning
from http_remote import serving

# DVC leaves its sessions to the collector of garbage, which complains.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed c:ResourceWarning")
DAYS = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 8))
NAMES = [hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest() for number in range(500)]


@pytest.fixture
def remote(lab):
    """An archive with two versions whose remote is reached over HTTP."""
    with serving() as server:
        lab.flags["dvc_remote"] = f"http://127.0.0.1:{server.server_port}/dvc"
        lab.run(DAYS)
        lab.run(Span(dt.date(2018, 12, 9), dt.date(2018, 12, 12)))
        yield server
        gc.collect()


def _check(lab, share, day=dt.date(2026, 11, 2)):
    settings = resolve(lab.all_flags(), {}, None)
    checks = objects(lab.archive, objects_of(settings, lab.archive), RemoteShare(share, day))
    return next(check for check in checks if check.what == "DVC remote")


def _damage(server):
    name = max(server.held, key=lambda path: len(server.held[path]))
    server.held[name] = bytes([server.held[name][0] ^ 1]) + server.held[name][1:]
    return "".join(name.rsplit("/", 2)[1:])


@given(st.integers(1, 100), st.dates(dt.date(2026, 1, 1), dt.date(2060, 1, 1)))
def test_every_object_has_its_turn(percent, first):
    """Week after week, from any day on: as many runs as the share says read every object, none of them twice."""
    parts = 100 // percent
    runs = [sample(NAMES, percent / 100, first + dt.timedelta(weeks=week)) for week in range(parts)]
    assert sorted(name for run in runs for name in run) == sorted(NAMES)


def test_twenty_weekly_runs_of_five_percent_find_what_is_damaged(lab, remote):
    """One object over HTTP has another byte: one of twenty weeks names it, with what to type; each reads its part."""
    name = _damage(remote)
    weeks = [_check(lab, 0.05, dt.date(2026, 11, 2) + dt.timedelta(weeks=week)) for week in range(20)]
    wrong = [check for check in weeks if not check.well]
    assert len(wrong) == 1
    assert name in wrong[0].says
    assert wrong[0].do == "apod recover remote --remote-bytes 100%"
    read = sum(int(check.says.split("listed, ")[1].split()[0]) for check in weeks if check.well)
    assert 0 < read < len(remote.held)


def test_what_is_only_listed_is_called_so(lab, remote):
    """Without a share names are compared, and the row says no more; a lost object is seen all the same."""
    _damage(remote)
    assert (_check(lab, 0).well, _check(lab, 0).says) == (True, f"{len(remote.held)} objects listed")
    remote.held.popitem()
    assert not _check(lab, 0).well
    assert _check(lab, 0).do == "apod recover remote"


def test_reading_leaves_nothing_here(lab, remote):
    """What is read to be compared is not kept: no object comes into the cache, and the remote stays as it was."""
    before = dict(remote.held)
    objects = (path for path in (lab.root / ".dvc/cache/files").rglob("*") if path.is_file())
    victim = next(path for path in objects if path.suffix != ".dir")  # without a folder's list nobody knows its files
    victim.unlink()
    assert _check(lab, 1).says == f"{len(before)} objects listed, {len(before)} of them read"
    assert not victim.exists()
    assert remote.held == before
    assert not (lab.root / ".dvc" / "tmp" / "fetched").exists()


def test_a_remote_that_cannot_be_read_is_no_sound_one(lab, remote):
    """It gives nothing any more: the row is wrong, and nothing is called read."""
    remote.room = 0
    check = _check(lab, 1)
    assert not check.well
    assert "read" not in check.says


def test_on_a_folder_every_byte_is_read_in_any_case(lab):
    """A remote that is a folder of this machine is hashed whole, whatever share is asked for."""
    lab.run(DAYS)
    rows = {check.what: check.says for check in verify(resolve(lab.all_flags(), {}, None), 0.05)}
    assert "every byte" in rows["DVC remote"]


@pytest.mark.parametrize("share", ["101%", "-1%", "some"])
def test_a_share_that_is_none_is_told(lab, share):
    """What is no percentage is wrong use: exit code 2, before anything is looked at."""
    done = lab.command("verify", "--remote-bytes", share)
    assert done.returncode == 2
    assert "%" in done.stderr


def test_the_command_reads_what_it_is_told_to(lab, remote):
    """`apod verify --remote-bytes 100%` is red for one byte on the remote, and green for the remote as it was."""
    assert lab.command("verify", "--remote-bytes", "100%").returncode == 0
    name = _damage(remote)
    done = lab.command("verify", "--remote-bytes", "100%")
    assert done.returncode == 1
    assert [line.split("  ")[0] for line in done.stdout.splitlines() if "WRONG" in line] == ["DVC remote"]
    assert name in done.stdout


def test_a_remote_that_removes_nothing_keeps_what_is_thinned_out(lab, remote, caplog):
    """Plain HTTP knows no removing: the cache's files go, the remote's stay, and that is said."""
    held = len(remote.held)
    with pruning(resolve(lab.all_flags(), {}, None), lab.told.append) as thinning:
        done = thinning.prune(Keep.of("last=1"))
    assert (done.thinned, done.objects) == (1, 2)
    assert len(remote.held) >= held
    assert "cannot remove objects" in caplog.text
    assert [check for check in verify(resolve(lab.all_flags(), {}, None), 1.0) if not check.well] == []
