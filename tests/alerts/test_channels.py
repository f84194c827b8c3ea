"""Email, Slack and apprise over their real protocols; whatever goes wrong there ends in words without a secret."""

from __future__ import annotations

import datetime as dt
import json
import logging
from pathlib import Path

import pytest

from apod_pipeline.extras.alerts.channels import ChannelDown, channels_of
from apod_pipeline.extras.alerts.messages import Message
from apod_pipeline.extras.alerts.notebook import Notebook
from apod_pipeline.extras.alerts.outbox import GIVEN_UP, deliver, post
from apod_pipeline.extras.alerts.settings import Wishes
from apod_pipeline.extras.alerts.switch import ping
from lab import certificate
from sinks import HOST, mailbox, web_sink

MESSAGE = Message("alert", "apod: a run failed in load", "The database is down.\n<!channel> & more\n")
LOGIN = ("apod", "a-password-of-mail")
SECRETS = ("a-password-of-mail", "xoxb-a-token-of-a-bot")
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def web():
    """A web address of this machine."""
    with web_sink() as sink:
        yield sink


def _only(**wishes):
    (channel,) = channels_of(Wishes(timeout=3.0, **wishes), SECRETS)
    return channel


def _email(box, **more):
    usual = {"smtp_host": HOST, "smtp_port": box.port, "smtp_security": "none", "email_to": ("ops@example.com",)}
    return _only(**usual | more)


# ---- email ---------------------------------------------------------------------------------
def test_a_letter_behind_starttls_and_a_login(tmp_path):
    """The server's certificate is believed because its authority was named, and the login is accepted."""
    certificate(tmp_path)
    paths = str(tmp_path / "server.crt"), str(tmp_path / "server.key")
    named = {"smtp_security": "starttls", "smtp_ca": Path(paths[0]), "smtp_user": LOGIN[0], "smtp_password": LOGIN[1]}
    with mailbox(*paths, login=LOGIN) as box:
        _email(box, **named).send(MESSAGE)
        (letter,) = box.letters
        assert (letter["Subject"], letter["To"]) == (MESSAGE.subject, "ops@example.com")
        assert letter.get_content().splitlines() == MESSAGE.text.splitlines()
        with pytest.raises(ChannelDown, match="535") as refused:
            _email(box, **named | {"smtp_password": "a-wrong-password"}).send(MESSAGE)
        assert "a-wrong-password" not in str(refused.value)
        with pytest.raises(ChannelDown, match="certificate verify failed"):
            _email(box, **named | {"smtp_ca": None}).send(MESSAGE)
    assert len(box.letters) == 1


def test_a_server_without_starttls_gets_no_letter():
    """A wish for encryption is not given up because the server has none."""
    with mailbox() as box:
        with pytest.raises(ChannelDown, match="STARTTLS"):
            _email(box, smtp_security="starttls").send(MESSAGE)
        assert box.letters == []


def test_a_recipient_who_is_refused():
    """The others get their letter, and the remark says who did not; where all are refused the channel is down."""
    with mailbox() as box:
        box.refuses = {"gone@example.com"}
        remark = _email(box, email_to=("ops@example.com", "gone@example.com")).send(MESSAGE)
        assert "gone@example.com: 550" in remark
        assert len(box.letters) == 1
        with pytest.raises(ChannelDown, match="550"):
            _email(box, email_to=("gone@example.com",)).send(MESSAGE)


# ---- Slack and others ----------------------------------------------------------------------
def test_slack_by_its_webhook(web):
    """The text is one that rings nobody's bell by a sample's words; 429 says how long to wait."""
    channel = _only(slack_webhook=f"{web.address}/services/T/B/secret")
    channel.send(MESSAGE)
    (body,) = web.bodies("/services/T/B/secret")
    assert json.loads(body)["text"] == (
        "*apod: a run failed in load*\nThe database is down.\n&lt;!channel&gt; &amp; more\n"
    )
    web.answers.append((429, {"Retry-After": "7"}))
    with pytest.raises(ChannelDown, match="HTTP 429") as busy:
        channel.send(MESSAGE)
    assert busy.value.wait == 7.0


def test_slack_by_a_bot(web):
    """The bot posts to its channel, with its token in no message."""
    channel = _only(slack_token=SECRETS[1], slack_channel="#sky", slack_api=f"{web.address}/api")
    channel.send(MESSAGE)
    (body,) = web.bodies("/api/chat.postMessage")
    assert "sky" in body
    web.answers.append((500, {}))
    with pytest.raises(ChannelDown) as down:
        channel.send(MESSAGE)
    assert SECRETS[1] not in str(down.value)


def test_a_hundred_others_by_apprise(web, caplog):
    """Whatever apprise knows; where it is down, neither the error nor any library's log holds the address."""
    address = web.address.replace("http://", "json://") + "/a-secret-path"
    channel = _only(apprise=(address,))
    channel.send(MESSAGE)
    assert json.loads(web.bodies("/a-secret-path")[0])["title"] == MESSAGE.subject
    web.answers += [(500, {})]
    with caplog.at_level(logging.DEBUG, "apprise"), pytest.raises(ChannelDown) as down:
        channel.send(MESSAGE)
    assert "a-secret-path" not in str(down.value) + caplog.text


@pytest.mark.parametrize(
    "wishes",
    [
        {"smtp_host": HOST, "smtp_port": 9, "smtp_security": "none", "email_to": ("ops@example.com",)},
        {"slack_webhook": f"http://{HOST}:9/services/a-secret-of-slack"},
        {"slack_token": SECRETS[1], "slack_channel": "#sky", "slack_api": f"http://{HOST}:9/api"},
        {"apprise": (f"json://{HOST}:9/a-secret-path",)},
    ],
)
def test_a_channel_that_is_not_there(wishes, caplog):
    """It is down, and nothing that is said or logged of it holds a secret."""
    with caplog.at_level(logging.DEBUG), pytest.raises(ChannelDown) as down:
        _only(**wishes).send(MESSAGE)
    said = str(down.value) + caplog.text
    assert not [secret for secret in ("a-secret", *SECRETS) if secret in said]
    assert down.value.__context__ is None or down.value.__suppress_context__


# ---- what waits ----------------------------------------------------------------------------
def test_what_a_channel_cannot_take_waits_in_order(web):
    """A channel that is down gets its messages later, oldest first, each once; another one is not held up."""
    down, up = (
        _only(slack_webhook=f"{web.address}/down"),
        _only(apprise=(web.address.replace("http", "json") + "/up",)),
    )
    box = Notebook()
    web.answers.append((503, {}))
    for subject in ("first", "second"):
        post(box, MESSAGE._replace(subject=subject), [down, up], NOW)
    deliver(box, [down, up], NOW)
    assert [one.message.subject for one in box.waiting] == ["first", "second"]
    assert [json.loads(body)["title"] for body in web.bodies("/up")] == ["first", "second"]
    deliver(box, [down, up], NOW)  # a minute has not passed
    assert len(box.waiting) == 2
    deliver(box, [down, up], NOW + dt.timedelta(minutes=2))
    assert box.waiting == []
    texts = [json.loads(body)["text"].partition("\n")[0] for body in web.bodies("/down")]
    assert texts == ["*first*", "*first*", "*second*"]  # the first of them was answered 503


def test_a_little_time_is_given_at_once(web):
    """Where a channel asks for seconds, it is waited for; where it asks for an hour, it has its hour."""
    channel, waited = _only(slack_webhook=f"{web.address}/hook"), []
    box = Notebook()
    web.answers.append((429, {"Retry-After": "2"}))
    post(box, MESSAGE, [channel], NOW)
    deliver(box, [channel], NOW, 10.0, waited.append)
    assert (waited, box.waiting, len(web.bodies("/hook"))) == ([2.0], [], 2)
    web.answers.append((429, {"Retry-After": "3600"}))
    post(box, MESSAGE, [channel], NOW)
    deliver(box, [channel], NOW, 10.0, waited.append)
    assert (waited, box.waiting[0].again) == ([2.0], NOW + dt.timedelta(hours=1))


def test_what_nobody_takes_is_given_up(caplog):
    """After a week a message that no channel took is told in the log, and forgotten."""
    channel, box = _only(slack_webhook=f"http://{HOST}:9/hook"), Notebook()
    post(box, MESSAGE, [channel], NOW)
    deliver(box, [channel], NOW)
    deliver(box, [channel], NOW + GIVEN_UP + dt.timedelta(minutes=1))
    assert box.waiting == []
    assert "given up: 'apod: a run failed in load' was not delivered by slack" in caplog.text


# ---- the switch ----------------------------------------------------------------------------
def test_the_dead_mans_switch(web, caplog):
    """Start, success and failure as healthchecks words them, of one run; a switch that is away fails nothing."""
    caplog.set_level(logging.DEBUG)
    for event in ("start", "success", "fail"):
        assert ping(f"{web.address}/ping/a-secret-uuid", event, "20260101T000000Z", 3.0)
    paths = [path.partition("?") for _, path, _ in web.requests]
    assert [path for path, *_ in paths] == [f"/ping/a-secret-uuid{end}" for end in ("/start", "", "/fail")]
    assert len({query for *_, query in paths}) == 1
    web.answers.append((500, {}))
    assert not ping(f"{web.address}/ping/a-secret-uuid", "success", "r", 3.0)
    assert not ping(f"http://{HOST}:9/ping/a-secret-uuid", "success", "r", 3.0)
    assert "a-secret-uuid" not in caplog.text
