"""Real runs over a simulated NASA, a real mailbox and a real web address: who is told what, and that no run minds."""

from __future__ import annotations

import datetime as dt
import json
import subprocess

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.errors import DatabaseError, VersioningError
from apod_pipeline.extras.alerts.notebook import NAME, read
from apod_pipeline.jobs.verify import verify
from apod_pipeline.settings import resolve
from lab import TODAY
from sinks import HOST, mailbox, web_sink

SPAN = Span(TODAY - dt.timedelta(days=3), TODAY)


@pytest.fixture
def box():
    """A mailbox of this machine."""
    with mailbox() as sink:
        yield sink


@pytest.fixture
def alerted(lab, box):
    """An archive of four days whose alerts go into the mailbox."""
    lab.filled(SPAN)
    lab.flags |= box.settings | {"http_retries": 0, "lookback": 3}
    return lab


def _down(lab):
    lab.nasa.fault("status", code=503)


def test_one_outage_is_one_alert(alerted, box):
    """NASA is down for three runs, and comes back: one letter that it is, one that it is back."""
    _down(alerted)
    assert [alerted.run().exit_code for _ in range(3)] == [4, 4, 4]
    alerted.nasa.clear_faults()
    assert [alerted.run().exit_code for _ in range(2)] == [0, 0]
    assert box.subjects == [
        f"apod: no source answered for {SPAN.first} and 3 more days",
        "apod: well again: the sources answer",
    ]


def test_a_refused_day_comes_with_its_sample(alerted, box, nasa):
    """The placeholder is quoted, with the command that takes it by a person's word; which works."""
    nasa.today = TODAY + dt.timedelta(days=1)
    nasa.fault("placeholder")
    day = str(nasa.today)
    assert alerted.run(today=nasa.today).exit_code == 3
    (letter,) = box.letters
    text = letter.get_content()
    assert (
        letter["Subject"]
        == f"apod: what planetary says of {SPAN.first + dt.timedelta(days=1)} and 3 more days was refused"
    )
    assert '"NASA Science"' in text
    command = next(line for line in text.splitlines() if line.startswith("apod replay --accept"))
    nasa.clear_faults()
    words = command.replace("TEXT", "seen").split()[1:]
    assert alerted.command(*words, APOD_TODAY=day).returncode == 0
    alerted.run(today=nasa.today)
    assert box.subjects[1:] == ["apod: well again: nothing of that kind is refused any more"]


def test_a_late_day(alerted, box, nasa):
    """A newest day that is hours old and not there is late until it comes, however many days later; and no hole."""
    late = TODAY + dt.timedelta(days=1)
    nasa.today = late + dt.timedelta(days=4)
    nasa.hide(late)
    for day in range(5):
        alerted.run(today=late + dt.timedelta(days=day))
    assert box.subjects == [f"apod: {late} is late"]
    nasa.show(late)
    alerted.run(today=nasa.today)
    assert box.subjects[1:] == ["apod: well again: what was late is here"]


def test_a_hole(alerted, box, nasa):
    """Days that nobody waited for, and that no source has, are told when they are old; and when they come."""
    late = TODAY + dt.timedelta(days=1)
    nasa.today = late + dt.timedelta(days=3)
    nasa.hide(late)
    alerted.run(today=nasa.today)
    assert box.subjects == [f"apod: {late} missing for 3 days or more"]
    nasa.show(late)
    alerted.run(today=nasa.today)
    assert box.subjects[1:] == ["apod: well again: no day is missing for long"]


def test_a_run_that_fails(alerted, box):
    """A database that is away is told with its stage and its words, without its password, and once."""
    url = f"postgresql://apod:a-password-of-postgres@{HOST}:9/apod"
    for _ in range(2):
        with pytest.raises(DatabaseError):
            alerted.run(database_url=url)
    alerted.run()
    failed, well = box.letters
    assert failed["Subject"].startswith("apod: a run failed in ")
    assert "a-password-of-postgres" not in failed.as_string()
    assert well["Subject"] == "apod: well again: runs end well"


class Unforeseen(Exception):
    """What nobody thought of."""


def test_an_error_that_nobody_thought_of(alerted, box):
    """It is told with its kind, and the log of runs has it, without words that may hold a secret."""

    def failing(wired):
        def work(*_):
            raise Unforeseen("a-stranger's-words")

        return wired.bring_in("import", work)

    with pytest.raises(Unforeseen):
        alerted.wired(failing)
    (letter,) = box.letters
    assert letter["Subject"] == "apod: a run failed in extract"
    assert "Unforeseen" in letter.get_content()
    assert json.loads(alerted.archive.log.read_text().splitlines()[-1])["error"] == "Unforeseen"


def test_a_push_that_fails(alerted, box, tmp_path, nasa):
    """A Git remote that takes nothing is a kind of its own; the next push clears it."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(remote)], check=True)
    alerted.flags["git_remote"] = str(remote)
    alerted.run()
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    nasa.edit(TODAY, title="Another Title")
    with pytest.raises(VersioningError):
        alerted.run()
    hook.unlink()
    alerted.run()
    assert box.subjects == ["apod: versions cannot be pushed", "apod: well again: versions are pushed"]


def test_a_red_verification(alerted, box):
    """What a verification finds is told, also once, and a green one clears it; a good run does not."""
    settings = resolve(alerted.all_flags(), {}, None)
    content = alerted.archive.csv.read_bytes()
    alerted.archive.csv.write_bytes(content.replace(b"2018", b"2017", 1))
    for _ in range(2):
        assert not all(finding.well for finding in verify(settings))
    alerted.archive.csv.write_bytes(content)
    assert all(finding.well for finding in verify(settings))
    assert box.subjects[0].startswith("apod: the verification found ")
    assert box.subjects[1:] == ["apod: well again: the verification finds nothing"]
    assert read(alerted.archive).verified[1] is True


def test_a_channel_that_is_down_fails_no_run(alerted, box):
    """The run ends as it would, and what could not be delivered is delivered by a later one, once."""
    _down(alerted)
    port = alerted.flags["alerts_smtp_port"]
    alerted.flags["alerts_smtp_port"] = 9
    assert alerted.run().exit_code == 4
    (waiting,) = read(alerted.archive).waiting
    assert "Connection refused" in waiting.failed
    alerted.flags["alerts_smtp_port"] = port
    path = alerted.archive.private / NAME
    said = json.loads(path.read_bytes())
    said["waiting"][0]["again"] = said["waiting"][0]["written"]  # as if its pause were over
    path.write_text(json.dumps(said))
    alerted.run()
    assert len(box.letters) == 1
    assert read(alerted.archive).waiting == []


def test_what_is_remembered_survives(alerted, box):
    """It is no projection: neither a rebuild nor a lost database nor a migration forgets that somebody was told."""
    _down(alerted)
    alerted.run()
    alerted.rows_deleted()
    for words in (["migrate"], ["recover", "database"], ["rebuild"]):
        done = alerted.command(*words)
        assert done.returncode == 0, done.stderr
    alerted.run()
    assert len(box.letters) == 1
    assert [one.told for one in read(alerted.archive).incidents] == [True]


def test_a_notebook_that_cannot_be_read_is_set_aside(alerted, box):
    """Whatever stands in it, runs go on and alerts are told; what stood there is kept."""
    path = alerted.archive.private / NAME
    path.write_text("{torn")
    _down(alerted)
    assert alerted.run().exit_code == 4
    assert len(box.letters) == 1
    assert path.with_suffix(".unreadable").read_text() == "{torn"


def test_the_switch_hears_of_every_run(alerted):
    """Start and success of a good one, start and failure of a bad one."""
    with web_sink() as web:
        alerted.flags["alerts_ping_url"] = f"{web.address}/ping/a-uuid"
        alerted.run()
        _down(alerted)
        alerted.run()
    paths = [path.partition("?")[0].removeprefix("/ping/a-uuid") for _, path, _ in web.requests]
    assert paths == ["/start", "", "/start", "/fail"]


def test_the_switch_hears_what_cannot_be_written_down(alerted):
    """Where the notebook cannot be kept, as on a full disk, the run ends as it would, and the switch is told of it."""
    (alerted.archive.private / NAME).mkdir()
    _down(alerted)
    with web_sink() as web:
        alerted.flags["alerts_ping_url"] = f"{web.address}/ping/a-uuid"
        assert alerted.run().exit_code == 4
    paths = [path.partition("?")[0].removeprefix("/ping/a-uuid") for _, path, _ in web.requests]
    assert paths == ["/start", "/fail"]


def test_without_the_extra_nothing_is_told(alerted, box):
    """The settings alone send nothing, and no notebook is begun."""
    alerted.flags = {name: value for name, value in alerted.flags.items() if not name.startswith(("alerts", "extras"))}
    _down(alerted)
    alerted.run()
    assert box.letters == []
    assert not (alerted.archive.private / NAME).exists()
