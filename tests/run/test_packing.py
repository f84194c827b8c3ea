"""Older replies in packs: every byte of them, whatever happens on the way, and nobody needs to know where one lies."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import shutil
import signal
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.packs import LARGEST, MOST, closed_ranges, lines_of, packs_in, replies_in
from apod_pipeline.archive.replies import Replies
from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.verify import verify
from apod_pipeline.run.importing import accept_refused
from apod_pipeline.settings import resolve
from apod_pipeline.versions.objects import md5
from former_code import unpacked
from lab import TODAY

BEFORE = "d196ca1"  # the last commit that knew no packs
LONG = Span(dt.date(2017, 10, 1), TODAY)  # 457 days, 25 a reply: one pack, and some are left
SHORT = Span(dt.date(2018, 11, 1), TODAY)
ALL_PLAIN = 1_000_000


def _packs(lab):
    return {path.name: md5(path) for path in packs_in(lab.archive.raw)}


def _plain(lab):
    return sorted(path.name for path in lab.archive.raw.glob("*.json"))


def _told(lab):
    """What the ledger says of every reply: its hash."""
    return {name: line["sha256"] for name, line in Ledger(lab.archive).known().replies.items()}


def _well(lab, **flags):
    """Audited, everything is well; and every reply is what the ledger says."""
    settings = resolve(lab.all_flags(**flags), {}, None)
    assert [check for check in verify(settings) if not check.well] == []
    replies = Replies(lab.archive)
    assert {name: replies.sha256(name) for name in _told(lab)} == _told(lab)
    assert replies.names() >= _told(lab).keys()


@pytest.fixture
def packed(lab):
    """An archive whose older replies are packed, and a few are not."""
    lab.flags["plain_replies"] = 0
    lab.filled(LONG, plain_replies=0)
    assert len(_packs(lab)) == 1
    assert 0 < len(_plain(lab)) < len(_told(lab))
    return lab


def test_a_pack_is_a_zip_of_replies_as_they_came(packed):
    """Anybody's tool opens it: each reply under its own name, with the time when it came; the ledger's hash is its."""
    (name,) = _packs(packed)
    known = Ledger(packed.archive).known().replies
    with zipfile.ZipFile(packed.archive.raw / name) as held:
        assert held.testzip() is None
        lines = [known[one] for one in held.namelist()]
        times = [one.date_time for one in held.infolist()]
    assert [(line["order"] + 1) in lines_of(name) for line in lines] == [True] * len(lines)
    came = [dt.datetime.fromisoformat(line["at"]) for line in lines]
    assert times == [(*at.timetuple()[:5], at.second // 2 * 2) for at in came]
    _well(packed)


def test_rebuilt_from_packs_it_is_the_same(packed):
    """Every file and row is derived again out of packs, byte for byte."""
    before = packed.files(), packed.tables(), _packs(packed)
    done = packed.command("rebuild")
    assert done.returncode == 0, done.stderr
    assert (packed.files(), packed.tables(), _packs(packed)) == before
    assert not [*packed.archive.private.glob("scratch-*")]


def test_a_value_is_traced_into_a_pack(packed):
    """`apod trace` shows what the reply said, and under which name it came."""
    day = str(LONG.last - dt.timedelta(450))
    said = json.loads(packed.command("trace", day, "title", "--json").stdout)["fields"]["title"]
    assert said["reply"]["said"] is not None
    assert said["reply"]["file"] not in _plain(packed)


def test_how_many_stay_plain_changes_no_pack(lab, packed, tmp_path):
    """Two archives of one history, one of which kept a few more files: the same packs, byte for byte."""
    lab.run(Span(dt.date(2016, 12, 1), dt.date(2017, 9, 30)))
    more = dataclasses.replace(packed, root=tmp_path / "more", told=[])
    shutil.copytree(packed.root, more.root)
    for pack in packs_in(more.archive.raw):
        with zipfile.ZipFile(pack) as held:
            held.extractall(more.archive.raw)
        pack.unlink()
    packed.nasa.edit(TODAY, title="Another")
    more.run(SHORT, plain_replies=3)
    lab.run(SHORT)
    assert _packs(more) == _packs(lab)
    assert len(_packs(lab)) == 2


def test_a_pack_is_never_written_again(packed):
    """A version on top leaves it as it is; what is new is a file until a range is closed again."""
    before = {path.name: path.stat().st_mtime_ns for path in packs_in(packed.archive.raw)}
    packed.nasa.edit(TODAY, title="Another")
    assert packed.run(SHORT).version
    assert {path.name: path.stat().st_mtime_ns for path in packs_in(packed.archive.raw)} == before
    _well(packed)


def test_the_newest_stay_files(lab):
    """The newest replies stay under the document's name: as many as was set."""
    lab.run(LONG, plain_replies=3)
    told = [*_told(lab)]
    assert len(_packs(lab)) == 1
    assert {*told[-3:]} <= {*_plain(lab)}
    lab.run(SHORT, plain_replies=ALL_PLAIN)
    assert len(_packs(lab)) == 1


@pytest.mark.parametrize("place", ["replies-packed", "packed-reply-removed", "packed-reply-removed:9", "dvc-added"])
def test_killed_while_packing(lab, place):
    """Killed at any step, the next run finishes it: the same pack as ever, and no reply is there twice."""
    lab.run(LONG, plain_replies=ALL_PLAIN)
    lab.flags["plain_replies"] = 0
    lab.nasa.edit(TODAY, title="Another")
    assert lab.command("run", APOD_KILL_AT=place).returncode == -signal.SIGKILL
    assert Replies(lab.archive).names() >= _told(lab).keys()
    assert lab.command("run").returncode == 0
    assert len(_packs(lab)) == 1
    assert not {*_plain(lab)} & {*Replies(lab.archive).packs}
    _well(lab)


def test_a_damaged_pack_comes_back(packed):
    """One flipped byte is named by `verify`; the pack comes back from wherever a copy is sound."""
    (pack,) = packs_in(packed.archive.raw)
    before = md5(pack)
    body = bytearray(pack.read_bytes())
    body[len(body) // 2] ^= 1
    pack.write_bytes(body)
    told = packed.command("verify", "--json")
    assert "raw replies" in {one["what"] for one in json.loads(told.stdout)["checks"] if not one["well"]}
    done = packed.command("recover", "raw")
    assert done.returncode == 0, done.stderr
    assert md5(pack) == before
    assert packed.command("recover", "cache").returncode == 0
    _well(packed)


def test_a_lost_pack_is_made_again_from_older_versions(lab):
    """Where a pack is nowhere, its replies are still what older versions keep as files: the same pack is made again."""
    lab.run(LONG, plain_replies=ALL_PLAIN)
    lab.nasa.edit(TODAY, title="Another")
    lab.flags["plain_replies"] = 0
    lab.run(SHORT)
    (pack,) = packs_in(lab.archive.raw)
    before = md5(pack)
    for folder in (lab.root / ".dvc" / "cache", lab.root.with_name(f"{lab.root.name}-remote")):
        (folder / "files" / "md5" / before[:2] / before[2:]).unlink()
    pack.write_bytes(pack.read_bytes()[:-100])
    done = lab.command("recover", "raw")
    assert done.returncode == 0, done.stderr
    assert lab.command("run").returncode == 0
    assert lab.command("recover", "remote").returncode == 0
    assert _packs(lab) == {pack.name: before}
    _well(lab)


def test_a_reply_that_is_not_as_it_came_is_not_packed(lab):
    """A damaged file stays a file, and so do its neighbours; when it is mended they are packed."""
    lab.run(LONG, plain_replies=ALL_PLAIN)
    damaged = lab.archive.raw / [*_told(lab)][3]
    sound = damaged.read_bytes()
    damaged.unlink()
    damaged.write_bytes(sound[:-1])
    lab.nasa.edit(TODAY, title="Another")
    lab.flags["plain_replies"] = 0
    lab.run(SHORT)
    assert (_packs(lab), damaged.read_bytes()) == ({}, sound[:-1])
    assert lab.command("recover", "raw").returncode == 0
    lab.nasa.edit(TODAY, title="And another")
    lab.run(SHORT)
    assert len(_packs(lab)) == 1
    _well(lab)


def test_a_refused_day_is_judged_and_taken_out_of_a_pack(lab):
    """`apod replay` reads refused replies wherever they lie, and a person can take a day out of one."""
    lab.nasa.edit(LONG.first, title="NASA Science")
    lab.flags["plain_replies"] = 0
    lab.run(LONG, missing=True)
    refused = [*Ledger(lab.archive).known().quarantine]
    assert refused
    assert refused[0].file in Replies(lab.archive).packs
    assert lab.command("replay").returncode in {0, 3}
    lab.wired(lambda wired: accept_refused(wired, LONG.first, "it really was so"))
    assert str(LONG.first) in lab.entries()
    _well(lab)


# ---- others --------------------------------------------------------------------------------
def test_another_machine_begins_with_packs(packed, remote, tmp_path):
    """A clone has the packs and not their replies; a stateless run on top reads what it needs out of one."""
    packed.flags |= remote
    packed.nasa.edit(TODAY, title="Another")
    packed.run(SHORT)
    other = dataclasses.replace(packed, root=tmp_path / "other", told=[]).cloned()
    assert (_packs(other), _plain(other)) == (_packs(packed), _plain(packed))
    _well(other)


@pytest.mark.parametrize("ahead", ["packed", "plain"])
def test_two_machines_of_which_one_packs(lab, second_database, remote, tmp_path, ahead):
    """Whoever pushes second takes over what is there, packed or not; both keep every reply, and end the same."""
    lab.flags |= remote | {"plain_replies": ALL_PLAIN}
    lab.run(LONG)
    other = dataclasses.replace(
        lab, root=tmp_path / "other", database=second_database, flags=dict(lab.flags), told=[]
    ).cloned()
    one, two = (lab, other) if ahead == "packed" else (other, lab)
    one.flags["plain_replies"] = 0
    first, second = (one, two) if ahead == "packed" else (two, one)
    first.nasa.edit(LONG.last - dt.timedelta(20), title="Seen by the first")
    first.run(SHORT)
    second.nasa.edit(LONG.last - dt.timedelta(30), title="Seen by the second")
    second.run(SHORT)
    told = _told(second)
    assert {*_told(first)} <= {*told}
    _well(second)
    first.run(SHORT)
    second.run(SHORT)
    assert first.files() == second.files()
    _well(first)


def test_a_stateless_run_reads_packs(packed, remote, tmp_path):
    """It brings the pack that holds a reply, and no other; what it adds joins the listing."""
    from apod_pipeline.archive.folder import Archive
    from apod_pipeline.datasets.apod import DATA_SET
    from apod_pipeline.recovery.partial import cloned
    from apod_pipeline.wiring import partial_versioner

    packed.flags |= remote
    packed.nasa.edit(TODAY, title="Another")
    packed.run(SHORT)
    passing = Archive(tmp_path / "passing", DATA_SET)
    cloned(remote["git_remote"], passing)
    versioner = partial_versioner(resolve(packed.all_flags(archive=passing.root), {}, None), passing)
    versioner.begin()
    assert {*versioner.elsewhere()} >= _told(packed).keys()
    inside = sorted(Replies(packed.archive).packs)[:2]
    versioner.bring(inside)
    versioner.close()
    assert [path.name for path in packs_in(passing.raw)] == [*_packs(packed)]
    assert {name: Replies(passing).sha256(name) for name in inside} == {name: _told(packed)[name] for name in inside}
    packed.nasa.edit(TODAY - dt.timedelta(1), title="By a passing run")
    done = packed.command("run", "--stateless", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    whole = dataclasses.replace(packed, root=tmp_path / "whole", told=[]).cloned()
    assert _packs(whole) == _packs(packed)
    _well(whole)


@pytest.fixture(scope="module")
def old_code(tmp_path_factory):
    """The package as it was before it knew packs."""
    return unpacked(BEFORE, tmp_path_factory.mktemp("before"))


def _state(lab):
    folders = (lab.root / "data", lab.root / ".git" / "refs")
    files = {path: path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
    return files, lab.tables(), lab.git("rev-parse", "HEAD")


@pytest.mark.parametrize("words", [("run",), ("rebuild",), ("replay",), ("run", "--date", "2018-12-30")])
def test_an_older_program_stops(packed, old_code, words):
    """It says in one sentence that a newer program was here, and not a byte or row is another one."""
    packed.nasa.edit(TODAY - dt.timedelta(1), title="Another")
    before = _state(packed)
    done = packed.command(*words, PYTHONPATH=old_code)
    assert done.returncode not in {0, 4}
    assert done.stderr.count("\n") == 1, done.stderr
    assert _state(packed) == before
    assert packed.command("run").returncode == 0
    _well(packed)


def test_an_older_program_elsewhere_takes_nothing_over(lab, second_database, remote, tmp_path, old_code):
    """On another machine it is refused what was packed; when that machine is brought up to date nothing is lost."""
    lab.flags |= remote | {"plain_replies": ALL_PLAIN}
    lab.run(LONG)
    older = dataclasses.replace(
        lab, root=tmp_path / "other", database=second_database, flags=dict(lab.flags), told=[]
    ).cloned()
    del older.flags["plain_replies"]
    lab.nasa.edit(LONG.last - dt.timedelta(2), title="Seen by the first")
    lab.run(SHORT, plain_replies=0)
    lab.nasa.edit(LONG.last - dt.timedelta(3), title="Seen by the second")
    for words in (("run",), ("run", "--stateless"), ("recover", "archive", "--archive", str(tmp_path / "new"))):
        done = older.command(*words, PYTHONPATH=old_code, TMPDIR=str(tmp_path))
        assert done.returncode == 2, (words, done.stderr)
        assert "raw.dvc" in done.stderr
    tip = older.git("ls-remote", "origin", "refs/heads/main").split()[0]
    assert tip == lab.git("rev-parse", "HEAD")
    done = older.command("run", APOD_PLAIN_REPLIES="0")
    assert done.returncode == 0, done.stderr
    assert older.entries()[str(LONG.last - dt.timedelta(2))]["title"] == "Seen by the first"
    assert older.entries()[str(LONG.last - dt.timedelta(3))]["title"] == "Seen by the second"
    _well(older)


# ---- which replies are packed together -----------------------------------------------------
@given(st.lists(st.integers(0, LARGEST + 1), max_size=200), st.integers(0, 200))
def test_ranges_follow_from_the_ledger_alone(sizes, more):
    """Whoever knows less of the ledger closes the same ranges, as far as he knows; and full is full."""
    lines = [{"size": size} for size in sizes]
    every = [*closed_ranges(lines)]
    assert every[: len([*closed_ranges(lines[:more])])] == [*closed_ranges(lines[:more])]
    for some in every:
        assert len(some) == MOST or sum(line["size"] for line in some) >= LARGEST
        assert len(some[:-1]) < MOST
        assert sum(line["size"] for line in some[:-1]) < LARGEST


@pytest.mark.parametrize("name", ["apod_raw_20181231_120000.json", "apod_raw_1-2.zip", "../apod_raw_000001-000002.zip"])
def test_no_pack(name):
    """Only a name that says of which lines it is."""
    assert lines_of(name) is None
    assert lines_of(Path("apod_raw_000001-000032.zip").name) == (1, 32)


def test_a_pack_leads_nowhere_else(tmp_path):
    """A pack comes with a pull: what it holds under a path is no reply, so nothing is read or removed there."""
    pack = tmp_path / "apod_raw_000001-000002.zip"
    with zipfile.ZipFile(pack, "w") as made:
        made.writestr("../../apod.toml", b"other settings")
        made.writestr("a.json", b"[]")
    assert {*replies_in(pack)} == {"a.json"}
