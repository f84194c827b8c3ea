"""Archives that somebody already has, and the quarantine judged once more."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import gzip
import json
import os

import pytest

from apod_pipeline.dataset.doubts import Limits
from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import DataRefused, SettingsError
from apod_pipeline.run.importing import import_into, replay_quarantine
from apod_pipeline.simulator import record_of

DAYS = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 12))
RECORDS = [record_of(day) for day in DAYS]


def _as_json(path):
    path.write_text(json.dumps(RECORDS))


def _as_lines(path):
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))


def _as_gzip(path):
    path.write_bytes(gzip.compress("".join(json.dumps(record) + "\n" for record in RECORDS).encode()))


def _as_csv(path):
    names = sorted({name for record in RECORDS for name in record})
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(RECORDS)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.json", _as_json), ("a.jsonl", _as_lines), ("a.jsonl.gz", _as_gzip), ("a.csv", _as_csv)],
)
def test_every_form_gives_the_same_entries(lab, tmp_path, undisturbed, name, write):
    """JSON, JSON lines, gzip and CSV of the same records give the entries that the old service would have given."""
    write(tmp_path / name)
    outcome = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / name))
    assert (outcome.exit_code, outcome.inserted) == (0, len(DAYS))
    assert outcome.version
    assert lab.files()["apod_data.csv"] == undisturbed(DAYS, sources=("planetary",))[0]["apod_data.csv"]


def test_import_twice_changes_nothing(lab, tmp_path):
    """The same file again is no news."""
    _as_lines(tmp_path / "a.jsonl")
    lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "a.jsonl"))
    again = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "a.jsonl"))
    assert (again.version, again.inserted, again.unchanged) == (None, 0, len(DAYS))


def test_imported_days_are_other_readings(lab, tmp_path):
    """Days that NASA gave already keep NASA's words; the file's are kept as readings, and no version is made."""
    lab.filled(DAYS)
    before = lab.files()
    _as_lines(tmp_path / "a.jsonl")
    outcome = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "a.jsonl"))
    assert (outcome.version, lab.files()) == (None, before)
    assert lab.rows("SELECT source, count(*) FROM apod_reading GROUP BY 1 ORDER BY 1") == [
        ("file", 12),
        ("science", 12),
    ]


def test_import_asks_for_nothing(lab, nasa, tmp_path):
    """A gap in somebody's archive is `unasked`: a run without dates does not go after it."""
    keep = [record for record in RECORDS if record["date"] != "2018-12-06"]
    (tmp_path / "a.json").write_text(json.dumps(keep))
    lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "a.json"))
    assert lab.rows("SELECT status FROM apod_day WHERE date = '2018-12-06'") == [("unasked",)]


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("a.txt", b"[]", SettingsError, "ends in"),
        ("a.json", b"<html>", DataRefused, "web page"),
        ("a.json", b'[{"date": "2018-12-01", "title": "Half', DataRefused, "breaks off"),
        ("a.jsonl", b'{"date": "2018-12-01"}\n{nonsense\n', DataRefused, "line 2"),
        ("a.csv", b"day,title\n2018-12-01,x\n", DataRefused, "date"),
        ("a.jsonl.gz", b"\x1f\x8b\x08garbage", DataRefused, "cannot be read"),
        ("a.json", b"[]", DataRefused, "no record"),
    ],
)
def test_bad_file_is_refused_in_words(lab, tmp_path, name, content, error, says):
    """A file that cannot be taken says why, and leaves nothing behind."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=says):
        lab.wired(lambda pipeline: import_into(pipeline, tmp_path / name))
    assert not lab.archive.csv.exists()
    assert list(lab.archive.incoming.iterdir()) == []


def test_one_bad_record_does_not_take_its_neighbours(lab, tmp_path):
    """A placeholder among an archive's records is quarantined; all others are taken."""
    bad = {**RECORDS[3], "title": "NASA Science"}
    (tmp_path / "a.json").write_text(json.dumps([*RECORDS[:3], bad, *RECORDS[4:]]))
    outcome = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "a.json"))
    assert (outcome.inserted, outcome.refused) == (len(DAYS) - 1, 1)
    assert lab.rows("SELECT date, status FROM apod_day WHERE status = 'quarantined'") == [("2018-12-04", "quarantined")]


def test_replay_lets_in_what_a_fixed_canary_believes(lab, nasa, span):
    """A reply that was refused by mistake is let in after the fix, from the bytes that were kept, without asking."""
    nasa.fault("same_text", match="wp-json", text="The same words on every day, as a broken page would have them.")
    broken = lab.run(span, sources=("science",))
    assert broken.exit_code == 3
    asked = len(nasa.requests)
    nothing = lab.wired(replay_quarantine)
    assert nothing.inserted == 0
    outcome = lab.wired(lambda pipeline: replay_quarantine(_lenient(pipeline)))
    assert outcome.inserted == len(span)
    assert outcome.version
    assert len(nasa.requests) == asked


def test_a_whole_reply_whose_days_came_otherwise_is_no_more_in_quarantine(lab, nasa):
    """Lists that were web pages are resolved when their days came one by one: replay leaves them, the table says so."""
    nasa.fault("html200", match="date_from|start_date")
    ran = lab.run(DAYS)
    assert (ran.exit_code, ran.inserted) == (0, len(DAYS))
    assert lab.rows("SELECT date, resolved_at IS NOT NULL FROM apod_quarantine") == [("*", True)]
    replayed = lab.wired(replay_quarantine)
    assert (replayed.exit_code, replayed.inserted, lab.told[-1]) == (0, 0, "the quarantine is empty")


def test_a_whole_reply_with_a_day_still_missing_is_judged_again(lab, nasa):
    """One day of a refused list was never had: the reply is opened by replay, and not resolved in the table."""
    nasa.fault("html200", match="date_from|feed")
    nasa.fault("status", match="181206", code=404, body='{"code": "apod_basic_not_found"}')
    assert lab.run(DAYS, sources=("science",)).inserted == len(DAYS) - 1
    assert lab.rows("SELECT resolved_at FROM apod_quarantine WHERE date = '*'") == [(None,)]
    lab.wired(replay_quarantine)
    assert "still refused" in lab.told[-1]


LENIENT = DATA_SET._replace(doubts=DATA_SET.doubts._replace(limits=Limits(1000, 1000, 1000, 1000)))


def _lenient(pipeline):
    """The pipeline with a canary that believes a thousand equal days."""
    strict = pipeline.extraction
    pipeline.extraction = lambda run, known: dataclasses.replace(strict(run, known), dataset=LENIENT)
    return pipeline


def test_a_file_whose_name_is_no_text_is_taken_over(lab, tmp_path):
    """A name in another encoding than UTF-8, as of an old disk: all is stored, told and recorded, and runs go on."""
    record = {"date": "2018-12-20", "title": "T", "explanation": "E", "url": "https://apod.nasa.gov/apod/image/t.jpg"}
    file = tmp_path / os.fsdecode(b"J\xfcrgen \xff\n.json")
    file.write_text(json.dumps([record | {"media_type": "image"}]))
    done = lab.command("import", os.fsdecode(bytes(file)))
    assert done.returncode == 0, done.stderr
    assert lab.entries().keys() == {"2018-12-20"}
    assert lab.rows("SELECT command FROM apod_run") == [("import J\\xfcrgen \\xff\n.json",)]
    assert lab.run().exit_code == 0
    assert lab.command("verify").returncode == 0
    wrong = file.with_suffix(".txt")
    wrong.touch()
    refused = lab.command("import", os.fsdecode(bytes(wrong)))
    assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)


@pytest.mark.parametrize("early", ["1970-01-01", "0001-01-01", "1995-06-15"])
def test_a_day_before_the_first_picture_spoils_nothing(lab, tmp_path, early):
    """Refused by its day, exit 3; coverage begins with the first picture, and `apod verify` is well."""
    records = [record_of(DAYS.first) | {"date": early}, *(record_of(day) for day in DAYS)]
    (tmp_path / "mine.json").write_text(json.dumps(records))
    ran = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "mine.json"))
    assert (ran.exit_code, ran.inserted, ran.refused) == (3, len(DAYS), 1)
    lab.run()
    assert lab.rows("SELECT min(date) FROM apod_day") == [("1995-06-16",)]
    assert lab.command("verify").returncode == 0


def test_coverage_that_was_spoiled_before_is_mended(lab):
    """Rows of days before the first picture, as older programs wrote them: `apod recover database` takes them away."""
    import psycopg

    lab.filled(DAYS)
    with psycopg.connect(lab.database) as connection:
        connection.execute("INSERT INTO apod_day (date, status) VALUES ('1970-01-01', 'unasked')")
    assert lab.command("verify").returncode == 1
    assert lab.command("recover", "database").returncode == 0
    assert lab.command("verify").returncode == 0


@pytest.mark.parametrize(
    "told", ["20181204", "2018-W49-2", "2018-12-4", "2018-12-04T00:00:00", " 2018-12-04 ", "2018-12-04 12:00"]
)
def test_a_day_may_be_written_in_any_way_that_means_one(lab, tmp_path, told):
    """Dates as people write them: the record is that day's, as if it had been written in the usual way."""
    day = dt.date(2018, 12, 4)
    (tmp_path / "mine.json").write_text(json.dumps([record_of(DAYS.first), record_of(day) | {"date": told}]))
    ran = lab.wired(lambda pipeline: import_into(pipeline, tmp_path / "mine.json"))
    assert (ran.exit_code, ran.inserted) == (0, 2)
    assert lab.entries()[str(day)]["flags"] == []


def test_what_is_left_out_makes_no_success(lab, tmp_path):
    """A record without a date is named, exit 3; a refused day is named with a command that has it from a service."""
    odd = record_of(dt.date(2018, 11, 5)) | {"title": ""}
    (tmp_path / "mine.json").write_text(json.dumps([record_of(DAYS.first), {"title": "A Lamp"}, odd]))
    done = lab.command("import", str(tmp_path / "mine.json"))
    assert done.returncode == 3
    assert "1 records without a date" in done.stderr
    checked = lab.command("verify", "--json")
    (coverage,) = [check for check in json.loads(checked.stdout)["checks"] if check["what"] == "coverage"]
    assert coverage["do"] == "apod run --date 2018-11-05"
    assert f"`{coverage['do']}`" in done.stderr
    assert lab.command(*coverage["do"].split()[1:]).returncode == 0
    assert lab.command("verify").returncode == 0
