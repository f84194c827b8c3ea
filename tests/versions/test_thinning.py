"""Earlier versions thinned out: what goes can be made again, byte for byte; what cannot be never goes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import signal
from pathlib import Path

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import read_lines
from apod_pipeline.dataset.spans import Span
from apod_pipeline.jobs.restores import restore_in_place, restore_into
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from apod_pipeline.settings.keeping import PERIODS, Keep
from apod_pipeline.simulator import Simulator
from apod_pipeline.versions.commits import hashes
from apod_pipeline.versions.objects import md5
from apod_pipeline.versions.remaking import Remaking
from apod_pipeline.versions.thinned import Thinned, thinned, write_down
from apod_pipeline.wiring import pruning, states
from kept import Kept, database
from lab import TODAY, Lab, bare_repository

SPAN = Span(dt.date(2018, 12, 1), TODAY)
DAY = dt.date(2018, 12, 10)
LATE = dt.date(2018, 12, 14)


@pytest.fixture(scope="module")
def _made(tmp_path_factory, postgres_server):
    """Five versions: a month without a day, that day, an edit, the edit taken back, another edit; pushed."""
    base = tmp_path_factory.mktemp("thin") / "here"
    base.mkdir()
    remotes = {"git_remote": bare_repository(base / "remote.git"), "dvc_remote": str(base / "objects")}
    with Simulator(today=TODAY) as nasa:
        lab = Lab(nasa, base / "archive", database(postgres_server, f"thin_{os.getpid()}"), remotes)
        nasa.hide(LATE)
        lab.run(SPAN)
        nasa.show(LATE)
        lab.run(Span(LATE, LATE))
        title = lab.entries()[str(DAY)]["title"]
        for other in ("Edited", title, "Edited again"):
            nasa.edit(DAY, title=other)
            lab.run(Span(DAY, DAY))
        kept = Kept(postgres_server, base, (lab.database,))
        kept.keep()
        yield lab, kept


@pytest.fixture
def many(_made):
    """The archive of five versions; whatever a test does to it is undone."""
    lab, kept = _made
    yield dataclasses.replace(lab, flags=dict(lab.flags), told=[])
    kept.put_back()


def _settings(lab, **flags):
    return resolve(lab.all_flags(**flags), {}, None)


def _prune(lab, keep="last=1", **words):
    with pruning(_settings(lab), lab.told.append) as thinning:
        return thinning.prune(Keep.of(keep), **words)


def _commits(lab):
    return lab.git("log", "--first-parent", "--reverse", "--format=%H").split()


def _pair(lab, commit):
    held = hashes(lab.archive, commit)
    return {held[lab.archive.relative(path)] for path in (lab.archive.csv, lab.archive.parquet)}


def _places(lab, oids):
    folders = (lab.root / ".dvc" / "cache", Path(str(lab.flags["dvc_remote"])))
    places = [(folder / "files" / "md5" / oid[:2] / oid[2:]) for folder in folders for oid in oids]
    return [place for place in places if place.exists()]


def _unwell(lab, **flags):
    return [(check.what, check.says) for check in verify(_settings(lab, **flags), 1.0) if not check.well]


def _tables(lab):
    """Every entry of every version, as `show`, `diff` and `export` read them."""
    known = states(_settings(lab))
    return {commit: [*known.table(known.version(commit)).rows()] for commit in _commits(lab)}


def test_what_goes_can_be_asked_for_as_before(many):
    """Four of five versions go, from cache and remote; every question about them has the answer that it had."""
    before, commits = _tables(many), _commits(many)
    difference = many.command("diff", commits[0], commits[3], "--json").stdout
    newest = _pair(many, commits[-1])
    going = {oid for commit in commits for oid in _pair(many, commit)} - newest
    assert len(_places(many, going)) == 2 * len(going)
    done = _prune(many)
    assert (done.versions, done.kept, done.thinned, done.not_made) == (5, 1, 4, [])
    assert _places(many, going) == []
    assert len(_places(many, newest)) == 4
    assert done.objects == len(going)
    assert {commit: rows for commit, rows in _tables(many).items() if commit in before} == before
    assert many.command("diff", commits[0], commits[3], "--json").stdout == difference
    shown = json.loads(many.command("show", str(DAY), "--as-of", commits[2], "--json").stdout)
    assert shown["entry"]["title"] == "Edited"
    assert _unwell(many) == []


@pytest.mark.parametrize("number", [0, 2])
def test_it_is_restored_elsewhere(many, tmp_path, number):
    """Another folder stands at a thinned version: the very bytes, well, and every earlier version as well."""
    commit = _commits(many)[number]
    held = hashes(many.archive, commit)
    _prune(many)
    told = restore_into(_settings(many), commit, tmp_path / "there")
    there = dataclasses.replace(many, root=tmp_path / "there")
    assert told["version"] == commit
    for path in (there.archive.csv, there.archive.parquet):
        assert md5(path) == held[there.archive.relative(path)]
    assert _unwell(there, git_remote=None, database_url=None) == []


def test_it_is_restored_in_place(many):
    """The archive itself stands at a thinned version; it is well, goes on, and still knows what was thinned out."""
    commits = _commits(many)
    _prune(many)
    told = restore_in_place(_settings(many), commits[1], many.told.append)
    assert many.git("rev-parse", "HEAD") == commits[1]
    assert many.entries()[str(DAY)]["title"] not in {"Edited", "Edited again"}
    assert [one for one in _unwell(many) if one[0] != "Git remote"] == []
    restore_in_place(_settings(many), told["kept"], many.told.append)
    assert many.entries()[str(DAY)]["title"] == "Edited again"
    assert _unwell(many) == []


def test_what_is_named_elsewhere_stays(many):
    """A tagged version stays, and one that another branch names; and none goes that is not pushed."""
    commits = _commits(many)
    many.git("tag", "mine", commits[0])
    many.git("branch", "other", commits[1])
    done = _prune(many)
    assert (done.kept, done.thinned) == (4, 1)  # the fourth says what the second does
    assert {*thinned(many.archive)} == {commits[2]}
    assert len(_places(many, _pair(many, commits[0]) | _pair(many, commits[1]))) >= 8


def test_what_is_not_pushed_stays(many):
    """Until somebody else has a commit, its files are all that there is of it."""
    commits = _commits(many)
    with pruning(_settings(many), many.told.append) as thinning, thinning.pipeline.held():
        many.archive.advance(pushed=commits[1])
        done = thinning.thin_out(Keep.of("last=1"), _outcome())
    assert done.thinned == 1
    assert {*thinned(many.archive)} == {commits[0]}


def test_lines_that_came_with_a_pull_remove_nothing_else(many):
    """A line that names other objects, or says of a version what is not so, lets nothing go."""
    commits = _commits(many)
    reply = md5(next(many.archive.raw.glob("*.json")))
    forged = Thinned(commits[1], Ledger(many.archive).versions()[0].at, *sorted(_pair(many, commits[0])), "0" * 64)
    write_down(many.archive, [forged, Thinned(commits[0], forged.at, reply, None, "0" * 64)], forged.at)
    before = _places(many, {reply, *_pair(many, commits[0]), *_pair(many, commits[1])})
    _prune(many, "last=9")
    assert _places(many, {reply, *_pair(many, commits[0]), *_pair(many, commits[1])}) == before


def test_another_machines_lines_are_proved_before_they_are_followed(many, second_database, tmp_path):
    """What another machine thinned out leaves this one's cache after it was made again here; else it stays."""
    other = dataclasses.replace(many, root=tmp_path / "other", database=second_database, told=[]).cloned()
    assert other.command("recover", "cache").returncode == 0
    commits, going = _commits(many), {oid for one in _commits(many)[:-1] for oid in _pair(many, one)}
    going -= _pair(many, commits[-1])
    _prune(many)
    other.nasa.edit(LATE, title="Seen by the other")
    assert other.run(Span(LATE, LATE)).version
    assert len([one for one in _places(other, going) if other.root in one.parents]) == len(going)
    done = _prune(other, "last=9")
    assert _places(other, going) == []
    assert (done.thinned, done.objects >= len(going)) == (0, True)
    assert _unwell(other) == []


def test_what_cannot_be_made_again_stays(many):
    """A ledger that says otherwise than it did makes other bytes: that version is named, and stays."""
    path = many.archive.ledger / f"superseded-{dt.datetime.now(dt.UTC):%Y}.jsonl"
    path.write_text(path.read_text().replace('"title":"Edited"', '"title":"Forged"'))
    commits = _commits(many)
    with pruning(_settings(many), many.told.append) as thinning, thinning.pipeline.held():
        done = thinning.thin_out(Keep.of("last=1"), _outcome(), dry_run=False)
    assert done.not_made == [commits[2]]
    assert (done.kept, done.thinned) == (2, 3)
    assert len(_places(many, _pair(many, commits[2]))) == 4


def _outcome():
    from apod_pipeline.model import Outcome

    return Outcome("prune", "prune", dt.datetime.now(dt.UTC))


def test_a_dry_run_only_tells(many):
    """What would go is told, with its size; nothing is made, written or removed."""
    before = (
        many.git("rev-parse", "HEAD"),
        _places(many, {oid for commit in _commits(many) for oid in _pair(many, commit)}),
    )
    dry = _prune(many, dry_run=True)
    assert many.git("rev-parse", "HEAD") == before[0]
    assert thinned(many.archive) == {}
    done = _prune(many)
    assert (dry.thinned, dry.objects, dry.bytes) == (done.thinned, done.objects, done.bytes)


@pytest.mark.parametrize("place", ["thinned-told", "committed", "git-pushed", "object-removed", "object-removed:3"])
def test_killed_while_thinning(many, place):
    """Killed at any step nothing is lost that could not be made again; the same command ends it."""
    before = _tables(many)
    assert many.command("prune", "--keep", "last=1", APOD_KILL_AT=place).returncode == -signal.SIGKILL
    assert {commit: rows for commit, rows in _tables(many).items() if commit in before} == before
    done = many.command("prune", "--keep", "last=1")
    assert done.returncode == 0, done.stderr
    going = {oid for commit in before for oid in _pair(many, commit)} - _pair(many, _commits(many)[-1])
    assert _places(many, going) == []
    assert _unwell(many) == []


def test_a_state_that_comes_back_has_its_files_again(many):
    """The newest version says again what a thinned one said: its files are there, and stay."""
    _prune(many)
    gone = thinned(many.archive)
    title = next(one for one in Ledger(many.archive).superseded() if one["key"] == str(DAY))["entry"]["title"]
    many.nasa.edit(DAY, title=title)
    assert many.run(Span(DAY, DAY)).version
    many.nasa.edit(DAY, title="Edited again")
    newest = _pair(many, "HEAD")
    assert newest & {oid for one in gone.values() for oid in one.objects}
    _prune(many)
    assert len(_places(many, newest)) == 4
    assert _unwell(many) == []


def test_another_machine_knows(many, second_database, tmp_path):
    """A clone lacks the same files, says so, and answers for those versions all the same."""
    before = _tables(many)
    _prune(many)
    other = dataclasses.replace(many, root=tmp_path / "other", database=second_database, told=[]).cloned()
    assert _unwell(other) == []
    assert {commit: rows for commit, rows in _tables(other).items() if commit in before} == before
    assert other.command("recover", "cache").returncode == 0


def test_another_polars_writes_other_bytes(many, tmp_path, caplog):
    """Where the Parquet file comes out otherwise, the CSV's hash and every field must be the same, and it is said."""
    many.run(Span(DAY, DAY))
    commits, folder = _commits(many), tmp_path / "lz4"
    with pruning(_settings(many), many.told.append) as thinning, thinning.pipeline.held():
        wired = thinning.pipeline
        polars.read_parquet(many.archive.parquet).write_parquet(many.archive.parquet, compression="lz4")
        wired.versioner.track_files()
        wired.versioner.finish()
        odd = wired.publisher.commit(wired.now().replace(microsecond=0), [], "Written by another polars")
        wired.archive.advance(commit=odd)
        wired.archive.witness()
        wired.publishing.push(_outcome())
    many.nasa.edit(LATE, title="Later")
    assert many.run(Span(LATE, LATE)).version
    assert _prune(many).not_made == [odd]
    csv, parquet = (
        hashes(many.archive, odd)[many.archive.relative(one)] for one in (many.archive.csv, many.archive.parquet)
    )
    made = Remaking(many.archive, folder).at(Ledger(many.archive).versions()[-2].at)
    write_down(
        many.archive, [Thinned(odd, Ledger(many.archive).versions()[-2].at, csv, parquet, made.content)], wired.now()
    )
    _prune(many)
    assert len(_places(many, {parquet})) == 2  # this program does not make these bytes, so it lets none go
    for place in _places(many, {parquet}):
        place.unlink()  # the other did
    known = states(_settings(many))
    rows = [*known.table(known.version(odd)).rows()]
    assert rows == [*known.table(known.version(commits[-1])).rows()]
    assert "other bytes" in caplog.text
    restore_into(_settings(many), odd, tmp_path / "there")
    there = dataclasses.replace(many, root=tmp_path / "there")
    assert md5(there.archive.csv) == csv
    assert [*there.entries().values()] == rows


def test_a_daily_run_thins_out_by_itself(lab, remote):
    """With the setting, some versions go at a time; the run's own version is told, and a run never fails by it."""
    lab.flags |= remote | {"keep_versions": Keep.of("last=2")}
    lab.run(SPAN)
    for number in range(8):
        lab.nasa.edit(DAY, title=f"Title {number}")
        outcome = lab.run(Span(DAY, DAY))
        assert outcome.version
    assert len(thinned(lab.archive)) == 7
    assert _unwell(lab) == []
    assert {line["commit"] for path in lab.archive.ledger.glob("thinned-*") for line in read_lines(path)} <= {
        *_commits(lab)
    }


@pytest.mark.parametrize("words", [(), ("--keep", "last=0"), ("--keep", "hourly=3"), ("--keep", "last=1,last=2")])
def test_what_cannot_be_meant(many, words):
    """One sentence, exit code 2, and nothing was touched."""
    done = many.command("prune", *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "last=30" in done.stderr


# ---- which stay ----------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class _Version:
    at: dt.datetime
    commit: str


@st.composite
def _versions(draw):
    seconds = draw(st.lists(st.integers(1, 900_000), min_size=1, max_size=60))
    at, made = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), []
    for number, later in enumerate(seconds):
        at += dt.timedelta(seconds=later)
        made.append(_Version(at, f"{number:04}"))
    return made


@given(_versions(), st.dictionaries(st.sampled_from([*PERIODS]), st.one_of(st.none(), st.integers(1, 9)), min_size=1))
def test_of_each_period_the_last_stays(versions, periods):
    """The newest stays always; of each period that counts its last version, and nothing else."""
    stay = Keep(periods).kept(versions)
    assert versions[-1].commit in stay
    wanted = {versions[-1].commit}
    for name, many in periods.items():
        last = {PERIODS[name](one.at): one.commit for one in versions}
        wanted |= {*[*last.values()][-(many or len(last)) :]}
    assert stay == wanted
