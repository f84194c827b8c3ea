"""How commands end: every exit code provoked for real, and a message that says what to type next."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys

import pytest

DAYS = ("--from", "2018-12-20", "--to", "2018-12-31")
SECRET = "hunter2secret"


def _last(done):
    return done.stderr.strip().splitlines()[-1]


# ---- 0 -------------------------------------------------------------------------------------
def _told(done):
    """What stands on stderr behind the line that tells which archive was begun."""
    begun, *told = done.stderr.splitlines()
    assert "becomes a new archive of 'apod'" in begun
    return told


def test_done_is_0_also_when_nothing_was_new(lab):
    """A run that brings days ends with 0, and so does the same run again; on stderr only which archive was begun."""
    first, second = lab.command("run", *DAYS), lab.command("run", *DAYS)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "12 new, 0 changed, 0 unchanged; version " in first.stdout
    assert "0 new, 0 changed, 12 unchanged; nothing new, no version" in second.stdout
    assert (_told(first), second.stderr) == ([], "")


def test_fail_over_is_0(lab, nasa):
    """The first source is down and the second gives all days: done, with a word about the first."""
    nasa.fault("envoy_text", match="wp-json|feed")
    done = lab.command("run", *DAYS, APOD_HTTP_RETRIES="0")
    assert done.returncode == 0
    assert "science: no further requests" in done.stderr


@pytest.mark.parametrize("words", [["--date", "2020-06-10"], ["--from", "1995-06-17", "--to", "1995-06-19"]])
def test_a_known_gap_is_0_and_explained(lab, nasa, words):
    """Days on which NASA published nothing are not asked for: done, and why stands on stderr, day by day."""
    done = lab.command("run", *words, APOD_TODAY="2020-06-30")
    assert done.returncode == 0
    assert "nothing requested" in done.stdout
    told = _told(done)
    assert all("not requested: nothing was published" in line for line in told)
    assert told[0].startswith(words[1])
    assert len(told) == (3 if "--to" in words else 1)
    assert nasa.requests == []


def test_days_to_come_are_left_out_and_told(lab):
    """A span that reaches beyond the newest day that is due: the due days are had, the others are told of."""
    done = lab.command("run", "--from", "2018-12-30", "--to", "2019-01-05")
    assert done.returncode == 0
    assert "2018-12-30..2018-12-31: 2 new" in done.stdout
    assert _told(done) == ["days after 2018-12-31 are not requested: it is the newest day that is due"]


# ---- 1 -------------------------------------------------------------------------------------
def test_no_database_is_1(lab):
    """PostgreSQL cannot be reached: failed, the password is not shown, and what is left and comes next is told."""
    done = lab.command("run", *DAYS, APOD_DATABASE_URL=f"postgresql://me:{SECRET}@127.0.0.1:1/db")
    assert done.returncode == 1
    assert done.stdout == ""
    assert _last(done).startswith("apod: PostgreSQL: ")
    assert "files are complete" in _last(done)
    assert "type the same command again" in _last(done)
    assert SECRET not in done.stderr
    healed = lab.command("run", *DAYS)
    assert healed.returncode == 0
    assert lab.rows("SELECT count(*) FROM apod") == [(12,)]


def test_a_full_disk_is_1_in_words(lab):
    """The disk takes no more in the middle of a reply: failed, in words, and the next run completes."""
    script = 'ulimit -f 20; exec "$0" -m apod_pipeline.cli run "$@"'
    done = subprocess.run(
        ["bash", "-c", script, sys.executable, *DAYS],
        env=lab.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert lab.command("run", *DAYS).returncode == 0
    assert "Traceback" not in done.stderr
    assert re.search(r"type .* again", _last(done))


# ---- 2 -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "--no-such-option"], "No such option"),
        (["no-such-command"], "No such command"),
        (["run", "--date", "yesterday"], "does not match the format"),
        (["run", "--date", "2018-02-30"], "does not match the format"),
        (["run", "--date", "2018-12-20", "--to", "2018-12-25"], "use it without --from and --to"),
        (["run", "--from", "2018-12-25", "--to", "2018-12-20"], "must not be after the last"),
        (["backfill", "--from", "1995-06-15"], "days start at 1995-06-16"),
        (["run", "--date", "2019-01-01"], "2019-01-01 is not due yet: the newest day that is due is 2018-12-31"),
        (["run", "--from", "2019-01-01", "--to", "2019-01-09"], "the newest day that is due is 2018-12-31"),
        (["backfill", "--from", "2019-01-01"], "the newest day that is due is 2018-12-31"),
        (["run", "--source", "hubble"], "APOD_SOURCES (from flag)"),
        (["run", "--source", "file"], "type `apod import FILE`"),
        (["import", "no-such-file.json"], "does not exist"),
        (["import", __file__], "a file to import ends in"),
        (["history"], "Missing argument"),
        (["status"], "Make one with `apod run`, or name one with --archive"),
        (["rebuild"], "Make one with `apod run`, or name one with --archive"),
        (["replay"], "Make one with `apod run`, or name one with --archive"),
    ],
    ids=range(18),
)
def test_wrong_use_is_2(tmp_path, words, says):
    """What cannot be meant ends with 2, without a traceback, and says how it is meant."""
    done = subprocess.run(
        [sys.executable, "-m", "apod_pipeline.cli", *words],
        cwd=tmp_path,
        env={
            "APOD_ARCHIVE": str(tmp_path / "archive"),
            "APOD_TODAY": "2018-12-31",
            "APOD_DATABASE_URL": "host=nowhere",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_bad_setting_is_2(lab):
    """A variable that cannot be used is named, with where it stands and the command that shows all."""
    done = lab.command("run", APOD_LOOKBACK="soon")
    assert done.returncode == 2
    assert "APOD_LOOKBACK (from environment)" in _last(done)
    assert "`apod config`" in _last(done)


# ---- 3, 4 ----------------------------------------------------------------------------------
def test_refused_data_is_3(lab, nasa):
    """The old service answers with its placeholder: nothing is stored, the days and both next commands are named."""
    nasa.old_mode = "placeholder"
    done = lab.command("run", *DAYS, "--source", "planetary")
    assert done.returncode == 3
    assert "missing 2018-12-20: planetary: the placeholder" in done.stderr
    assert "apod replay" in _last(done)
    assert "apod run" in _last(done)
    state = lab.command("status").stdout
    assert "quarantined  12" in state
    nasa.old_mode = "ok"
    assert lab.command("run").returncode == 0


def test_an_unreadable_import_is_3(lab, tmp_path):
    """A file that breaks off is refused as a whole, with what to do."""
    (tmp_path / "mine.json").write_text('[{"date": "2018-12-01", "ti')
    done = lab.command("import", str(tmp_path / "mine.json"))
    assert done.returncode == 3
    assert "Nothing was imported; fix the file, then type the same command again." in _last(done)


def test_unavailable_days_are_4(lab, nasa):
    """Both services are down: every day is missing, five are named, and the next command too; later all is had."""
    nasa.fault("status", code=503)
    done = lab.command("backfill", *DAYS, APOD_HTTP_RETRIES="0")
    assert done.returncode == 4
    assert done.stderr.count("\nmissing 2018-12-2") == 5
    assert "... and 7 more, to 2018-12-31" in done.stderr
    assert _last(done).endswith("12 days will be requested again by: apod run")
    nasa.clear_faults()
    assert lab.command("run").returncode == 0


def test_a_used_up_rate_limit_is_4(lab, nasa):
    """No request is left for this hour: said so, with the variable that helps."""
    nasa.rate_limit = 1
    done = lab.command("run", *DAYS, "--source", "planetary", APOD_RANGE_DAYS="5", APOD_HTTP_CONCURRENCY="1")
    assert done.returncode == 4
    assert "rate limit" in done.stderr
    assert "NASA_API_KEY" in done.stderr
    assert len(nasa.requests) == 1


# ---- 5 -------------------------------------------------------------------------------------
def test_a_held_archive_is_5(lab):
    """Another run is at it: nothing is done, and the message says to wait."""
    lab.run()
    with lab.archive.locked():
        done = [lab.command(*words) for words in (["run"], ["rebuild"], ["init"])]
        looked = lab.command("status")
    assert [one.returncode for one in done] == [5, 5, 5]
    assert all("type the same command again" in _last(one) for one in done)
    assert looked.returncode == 0  # who only looks does not wait


# ---- words ---------------------------------------------------------------------------------
def test_lines_off_a_terminal_are_plain(lab, nasa):
    """A slow run tells how far it is, in lines without a control character; results stay alone on stdout."""
    nasa.fault("timeout", match="date_from=181127", times=3, seconds=1.8)
    done = lab.command("run", "--from", "2018-11-02", "--to", "2018-12-31", APOD_HTTP_TIMEOUT="9")
    assert done.returncode == 0
    assert "asking: " in done.stderr
    assert " of 60 days" in done.stderr
    assert all(character.isprintable() or character == "\n" for character in done.stdout + done.stderr)
    assert "asking" not in done.stdout


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-"])
def test_a_run_needs_nobody_to_talk_to(lab, closed):
    """As a daemon may start it, without one of the three standard streams, a run does its work and ends with 0."""
    done = subprocess.run(
        ["bash", "-c", f'exec "$0" -m apod_pipeline.cli run "$@" {closed}', sys.executable, *DAYS],
        env=lab.environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert lab.rows("SELECT count(*) FROM apod") == [(12,)]


def test_the_log_shows_operations_without_secrets(lab):
    """`apod --log run` tells on stderr what Git and DVC were asked to do; the key is in none of it."""
    done = lab.command("--log", "run", "--date", str(dt.date(2018, 12, 20)), "--json")
    assert done.returncode == 0
    assert "apod_pipeline.versioning.git: git commit" in done.stderr
    assert "dvc push" in done.stderr
    assert lab.environment()["NASA_API_KEY"] not in done.stderr + done.stdout
    assert done.stdout.count("\n") == 1


def test_a_look_at_an_archive_that_was_killed_is_no_traceback(lab):
    """Killed between a version's seal and its files: every question is answered, or says what to type."""
    lab.command("run", "--date", "2018-12-24")
    lab.command("run", "--date", "2018-12-25", APOD_KILL_AT="version-sealed")
    done = [lab.command(*words) for words in (["status"], ["coverage"], ["history", "2018-12-25"])]
    assert not any("Traceback" in one.stderr for one in done)
