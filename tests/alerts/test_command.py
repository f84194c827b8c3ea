"""`apod alerts`: what it sends, shows, silences and notices; and the demonstration."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from apod_pipeline.cli import apod
from apod_pipeline.errors import SettingsError
from lab import TODAY
from sinks import HOST, mailbox

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def box():
    """A mailbox of this machine."""
    with mailbox() as sink:
        yield sink


@pytest.fixture
def typed(lab, box, monkeypatch):
    """Types `apod alerts` with some words, over an archive whose alerts go into the mailbox; gives what it said."""
    from apod_pipeline.dataset.spans import Span

    lab.filled(Span(TODAY - dt.timedelta(days=1), TODAY))
    lab.flags |= box.settings
    for name, value in lab.environment().items():
        monkeypatch.setenv(name, value)

    def type_(*words):
        result = CliRunner().invoke(apod, ["alerts", *words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout

    return type_


def test_a_test_is_sent_everywhere(typed, box, monkeypatch):
    """Every channel says whether it took the message; one that did not makes exit code 1."""
    assert typed("test", "--json") == (0, '{"email": "sent"}\n')
    assert box.subjects == ["apod: a test of the alerts"]
    monkeypatch.setenv("APOD_ALERTS_SLACK_WEBHOOK", f"http://{HOST}:9/a-secret-path")
    code, said = typed("test", "--json")
    assert (code, json.loads(said)) == (1, {"email": "sent", "slack": "not sent: URLError"})


def test_late_days_are_noticed_without_a_run(typed, box, monkeypatch):
    """`check` tells of a day that is late, once; `status` shows it, and who was told."""
    late = TODAY + dt.timedelta(days=1)
    monkeypatch.setenv("APOD_TODAY", str(late))
    assert [typed("check")[1] for _ in range(2)] == ["late: the newest entry is late\n"] * 2
    assert box.subjects == [f"apod: {late} is late"]
    _, said = typed("status")
    assert "late      the newest entry is late, since" in said
    assert f"email: apod: {late} is late" in said


def test_a_silence(typed, box, monkeypatch):
    """It has a time and a reason, is shown, keeps alerts back, and can be ended."""
    monkeypatch.setenv("APOD_TODAY", str(TODAY + dt.timedelta(days=1)))
    assert typed("silence", "late", "--for", "2h", "--because", "we know")[0] == 0
    typed("check")
    assert box.letters == []
    assert "we know" in typed("status")[1]
    assert typed("silence", "late", "--end") == (0, "nothing is silenced\n")
    typed("check")
    assert len(box.letters) == 1


@pytest.mark.parametrize(
    "words", [["late"], ["late", "--for", "2h"], ["late", "--end", "--for", "2h", "--because", "x"]]
)
def test_a_silence_says_how_long_and_why(typed, words):
    """Without a time, or a reason, or with both and an end, nothing is silenced."""
    with pytest.raises(SettingsError, match="say for how long and why"):
        typed("silence", *words)


@pytest.mark.parametrize(
    "words", [["late", "--for", "soon", "--because", "x"], ["weather", "--for", "2h", "--because", "x"]]
)
def test_a_time_or_kind_that_there_is_not(typed, words):
    """A wrong word is exit code 2, with those that there are."""
    assert typed("silence", *words)[0] == 2


def test_what_is_off_says_how_to_switch_it_on(typed, monkeypatch):
    """Without the extra, or without a channel, nothing is sent, and what to set is said."""
    monkeypatch.delenv("APOD_ALERTS_SMTP_HOST")
    with pytest.raises(SettingsError, match="set APOD_ALERTS_SMTP_HOST"):
        typed("test")
    monkeypatch.delenv("APOD_EXTRAS")
    with pytest.raises(SettingsError, match="export APOD_EXTRAS=alerts"):
        typed("test")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APOD_ALERTS_EMAIL_TO", "nobody"),
        ("APOD_ALERTS_SMTP_SECURITY", "perhaps"),
        ("APOD_ALERTS_SLACK_WEBHOOK", "hooks.slack.com/a-secret"),
        ("APOD_ALERTS_APPRISE", "a-secret"),
        ("APOD_ALERTS_LATE_AFTER", "-1"),
    ],
)
def test_a_setting_that_cannot_be_used(typed, monkeypatch, name, value):
    """It is named, without its value where that is a secret."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as error:
        typed("status")
    assert "a-secret" not in str(error.value)


def test_the_demonstration(monkeypatch):
    """`make demo-alerts`: an alert and an all-clear for each of three things, and a switch that rings."""
    done = subprocess.run(
        [sys.executable, PROJECT / "examples" / "alerts" / "demo.py"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    letters = [line.split("mailbox  ")[1] for line in done.stdout.splitlines() if line.startswith("  mailbox")]
    slack = [line.split("slack    ")[1].strip("*") for line in done.stdout.splitlines() if line.startswith("  slack")]
    assert (
        letters
        == slack
        == [
            "apod: no source answered for 2018-12-29 and 3 more days",
            "apod: well again: the sources answer",
            "apod: what planetary says of 2019-01-02 was refused",
            "apod: well again: nothing of that kind is refused any more",
            "apod: 2019-01-03 is late",
            "apod: well again: what was late is here",
        ]
    )
    assert "it rings" in done.stdout
