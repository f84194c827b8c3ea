"""After whatever came in or was left behind, the archive can be used: no record, file or kill stops it for good."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import ApodError, ArchiveDamaged
from apod_pipeline.jobs import questions
from apod_pipeline.run.importing import import_into
from apod_pipeline.simulator import record_of

SPAN = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))
GOOD = record_of(dt.date(2018, 12, 1)) | {"title": "A Lamp"}
ODD = {
    "a day in another form": {"date": "20181202"},
    "a week's day": {"date": "2018-W45-1"},
    "a day before the first": {"date": "1990-01-01"},
    "a day to come": {"date": "2031-01-01"},
    "a gap": {"date": "1995-06-18"},
    "no title": {"title": ""},
    "nothing but a title": {"url": "", "hdurl": "", "explanation": "", "media_type": ""},
    "a relative address": {"url": "image/1812/x.jpg", "hdurl": "javascript:alert(1)"},
    "other kinds": {"title": "A", "explanation": 7, "url": ["x"], "media_type": {"a": 1}, "copyright": True},
    "control characters": {
        "title": "A\x00B\x1b[2J",
        "explanation": "C\x00\nD\ud800 " * 20,
        "url": "https://a.b/\x00c.jpg",
    },
    "a very long title": {"title": "A lamp and " * 10_000},
}


def _or_words(call):
    """What a call gives, or the words of the family's error that it ends with."""
    try:
        return call()
    except ApodError as error:
        return str(error)


def test_odd_records_do_not_stop_the_archive(lab, tmp_path):
    """Records with everything that can be wrong with one: each is repaired or refused, and the next run goes on."""
    days = Span(dt.date(2018, 11, 1), dt.date(2018, 11, 30))
    odd = [record_of(day) | changes for day, changes in zip(days, ODD.values(), strict=False)]
    (tmp_path / "mine.json").write_text(json.dumps([GOOD, *odd]))
    imported = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "mine.json"))
    assert imported.exit_code == 3  # the others are stored
    outcome = lab.run(SPAN)
    assert (outcome.exit_code, outcome.inserted) == (0, len(SPAN))
    entries = lab.entries()
    assert entries["2018-12-01"]["title"] == GOOD["title"]
    assert min(entries) >= "2018-11-01"
    assert max(entries) <= "2018-12-31"
    assert lab.rows("SELECT count(*), count(*) FILTER (WHERE title <> '') FROM apod") == [(len(entries),) * 2]
    assert lab.run(SPAN).version is None


def test_a_note_without_its_reply_does_not_stop_the_archive(lab):
    """A kill between the removal of a reply and of its note: the next run goes on."""
    lab.filled(SPAN)
    line = json.loads(next(lab.archive.ledger.glob("replies-*")).read_text().splitlines()[0])
    name = "apod_raw_20200101_000000.json"
    (lab.archive.incoming / f"{name}.note").write_text(json.dumps(line | {"file": name}))
    assert lab.run(SPAN).exit_code == 0


@pytest.mark.parametrize("place", ["write apod.toml", "write .gitignore"])
def test_a_kill_while_the_archive_is_made_leaves_nothing_out(lab, place):
    """SIGKILL in the very first moments, then the same command: settings, ignored files and a clean Git, as ever."""
    killed = lab.command("run", "--date", "2018-12-20", APOD_KILL_AT=place)
    assert killed.returncode == -signal.SIGKILL
    lab.run(SPAN)
    assert "preference" in (lab.root / "apod.toml").read_text()
    assert "/.apod/" in (lab.root / ".gitignore").read_text()
    assert lab.git("status", "--porcelain") == ""


@pytest.mark.parametrize("before", ["nothing", "another day"])
def test_a_day_is_told_although_the_files_are_behind(lab, before):
    """Killed after a version was sealed and before its files were written: the history is told, or says what to do."""
    if before == "another day":
        lab.run(Span(dt.date(2018, 12, 24), dt.date(2018, 12, 24)))
    killed = lab.command("run", "--date", "2018-12-25", APOD_KILL_AT="version-sealed")
    assert killed.returncode == -signal.SIGKILL
    told = _or_words(lambda: questions.history(lab.archive, "2018-12-25"))
    assert "apod " in told if isinstance(told, str) else len(told) <= 1


# ---- no silent holes -----------------------------------------------------------------------
def _coverage(lab):
    names = ("pending", "failed", "quarantined")
    state = questions.status(lab.archive, lab.nasa.today)
    return {name: state[name] for name in names if state[name]}


def test_days_between_two_known_spans_are_remembered_as_asked(lab, nasa):
    """A question that begins and ends in days that were had, and is not answered between: those days are failed."""
    lab.filled(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 5)))
    lab.run(Span(dt.date(2018, 12, 20), dt.date(2018, 12, 25)))
    nasa.fault("envoy_text")
    broken = lab.run(Span(dt.date(2018, 12, 3), dt.date(2018, 12, 22)), http_retries=0)
    assert broken.exit_code == 4
    assert _coverage(lab) == {"failed": 14}
    nasa.clear_faults()
    lab.run()
    assert _coverage(lab) == {}


def test_days_that_nobody_answered_for_do_not_look_unasked(lab, nasa):
    """A current archive, and NASA down for three days: status tells three days that are not there."""
    lab.filled(Span(dt.date(2018, 12, 10), dt.date(2018, 12, 28)), today=dt.date(2018, 12, 28))
    nasa.fault("envoy_text")
    assert lab.run(http_retries=0).exit_code == 4
    assert sum(_coverage(lab).values()) == 3


def test_an_edit_of_days_that_share_their_words_is_not_lost(lab, nasa):
    """Six days share their explanation, NASA edits their titles: the new titles are taken."""
    days = list(Span(dt.date(2018, 12, 1), dt.date(2018, 12, 6)))
    for day in days:
        nasa.edit(day, explanation="The same words on six days, long enough to tell one day from another by them.")
    assert lab.run(Span(days[0], days[-1])).inserted == 6
    for day in days:
        nasa.edit(day, title=f"A Better Title for {day:%A}")
    outcome = lab.run(Span(days[0], days[-1]))
    assert (outcome.changed, outcome.refused) == (6, 0)


# ---- what somebody's hand did --------------------------------------------------------------
def _without_its_third_line(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))


DAMAGES = {
    "a line lost from the CSV": lambda archive: _without_its_third_line(archive.csv),
    "a line lost from the JSON": lambda archive: _without_its_third_line(archive.json),
    "a word changed in the CSV": lambda archive: archive.csv.write_bytes(
        archive.csv.read_bytes().replace(b"image", b"video")
    ),
    "no CSV any more": lambda archive: archive.csv.write_bytes(b"nothing\n"),
    "no Parquet any more": lambda archive: archive.parquet.write_bytes(b"nothing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_not_built_upon(lab, undisturbed, damage):
    """A data file that is not what it was: the next run with news makes it again, or says so; it is never published."""
    lab.filled(Span(SPAN.first, dt.date(2018, 12, 28)))
    path = next(
        p for p in (lab.archive.csv, lab.archive.json, lab.archive.parquet) if p.suffix[1:].upper() in damage.upper()
    )
    path.chmod(0o644)
    DAMAGES[damage](lab.archive)
    told = _or_words(lambda: lab.run(SPAN))
    if isinstance(told, str):
        assert "apod recover processed" in told
        lab.wired(lambda pipeline: pipeline.rebuild())
        lab.run(SPAN)
    assert lab.files() == undisturbed(SPAN)[0]


def test_a_ledger_that_lost_lines_is_told_as_damage(lab):
    """Fewer reply lines than the last version was sealed with: damage, with the command that brings the ledger back."""
    lab.filled(Span(SPAN.first, dt.date(2018, 12, 25)))
    lab.run(SPAN)
    shard = next(lab.archive.ledger.glob("replies-*"))
    shard.write_bytes(b"".join(shard.read_bytes().splitlines(keepends=True)[:-1]))
    lab.rows_deleted()
    with pytest.raises(ArchiveDamaged, match=r"git -C .* checkout"):
        lab.run(sources=("file",))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda path: path.unlink(), "is gone"),
        (lambda path: path.write_bytes(path.read_bytes()[:-400]), "can no longer be read"),
        (lambda path: path.write_bytes(b"[]"), "no longer holds them"),
    ],
    ids=["gone", "torn", "emptied"],
)
def test_a_raw_reply_that_was_harmed_is_told_as_damage(lab, harm, words):
    """A raw reply that is gone, torn or empty cannot be derived from: damage, with the command that brings it back."""
    lab.filled(SPAN)
    before = lab.files()
    harm(next(lab.archive.raw.glob("*.json")))
    with pytest.raises(ArchiveDamaged, match=f"{words}.*dvc checkout"):
        lab.wired(lambda pipeline: pipeline.rebuild())
    assert lab.files() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_archive_that_belongs_to_another_account_can_be_used(lab, tmp_path, monkeypatch):
    """Where the machine's Git is told to trust all folders, as in the images, a mounted archive is used as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text("[safe]\n\tdirectory = *\n")
    lab.filled(Span(SPAN.first, dt.date(2018, 12, 25)))
    for path in [lab.root, *lab.root.rglob("*")]:
        os.chown(path, 12345, 12345)
    assert lab.run(SPAN).exit_code == 0


def test_a_rebuild_makes_the_tables_again(lab):
    """Rows that somebody deleted or changed by hand are there again, as they were, after a rebuild."""
    lab.filled(SPAN)
    before = lab.tables()
    import psycopg

    with psycopg.connect(lab.database) as connection:
        connection.execute("DELETE FROM apod WHERE date = '2018-12-25'")
        connection.execute("UPDATE apod SET title = 'Mine' WHERE date = '2018-12-26'")
        connection.execute("DELETE FROM apod_day WHERE date = '2018-12-27'")
    lab.wired(lambda pipeline: pipeline.rebuild())
    assert lab.tables() == before
