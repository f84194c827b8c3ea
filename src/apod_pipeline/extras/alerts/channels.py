"""The ways out: email, Slack, and the services that apprise knows.

Takes messages, sends them. Whatever goes wrong is `ChannelDown`, in words without a secret: the libraries' own errors
hold addresses, tokens and passwords, and end here.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Protocol

from apod_pipeline.extras.alerts.messages import Message
from apod_pipeline.extras.alerts.settings import Wishes
from apod_pipeline.model import in_plain_words
from apod_pipeline.settings.masking import masked


class ChannelDown(Exception):
    """A channel did not take a message.

    Attributes:
        wait: seconds that it asks to be left alone; 0 where it does not say.
    """

    def __init__(self, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.wait = wait


class Channel(Protocol):
    """A way out."""

    @property
    def name(self) -> str:
        """What it is called: `email`, `slack`, `apprise`; the same from run to run."""

    def send(self, message: Message) -> str:
        """Send a message.

        Returns:
            What is worth knowing although it was taken: recipients who were refused. Mostly nothing.

        Raises:
            ChannelDown: it was not taken.
        """


@dataclass(frozen=True, eq=False, repr=False)
class Email:
    """A mail server.

    Attributes:
        wishes: which, and who is written to.
        secrets: what its errors must not say.
    """

    wishes: Wishes
    secrets: Sequence[str] = ()
    name: str = "email"

    def send(self, message: Message) -> str:
        """As the protocol says."""
        try:
            refused = self._sent(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise ChannelDown(_of_recipients(error.recipients)) from None
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            words = said.decode(errors="replace") if isinstance(said, bytes) else said
            raise ChannelDown(self._safe(f"{error.smtp_code} {words}")) from None
        except (OSError, smtplib.SMTPException) as error:
            raise ChannelDown(self._safe(f"{type(error).__name__}: {error}")) from None
        return _of_recipients(refused) if refused else ""

    def _sent(self, message: Message) -> dict[str, tuple[int, bytes]]:
        wishes = self.wishes
        trusted = ssl.create_default_context(cafile=str(wishes.smtp_ca) if wishes.smtp_ca else None)
        host, port, timeout = wishes.smtp_host or "", wishes.smtp_port, wishes.timeout
        if wishes.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=timeout, context=trusted)
        else:
            server = smtplib.SMTP(host, port, timeout=timeout)
        with server:
            if wishes.smtp_security == "starttls":
                server.starttls(context=trusted)
            if wishes.smtp_user:
                server.login(wishes.smtp_user, wishes.smtp_password or "")
            return server.send_message(self._letter(message), to_addrs=list(wishes.email_to))

    def _letter(self, message: Message) -> EmailMessage:
        letter = EmailMessage()
        letter["Subject"], letter["From"] = message.subject, self.wishes.email_from
        letter["To"], letter["Date"] = ", ".join(self.wishes.email_to), formatdate()
        letter["Message-ID"] = make_msgid(domain=self.wishes.email_from.rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday notice answers
        letter.set_content(message.text)
        return letter

    def _safe(self, text: str) -> str:
        return in_plain_words(masked(text, self.secrets), 300)


def _of_recipients(refused: dict[str, tuple[int, bytes]]) -> str:
    said = "; ".join(f"{who}: {code} {why.decode(errors='replace')}" for who, (code, why) in refused.items())
    return in_plain_words(f"refused recipients: {said}", 300)


@dataclass(frozen=True, eq=False, repr=False)
class SlackWebhook:
    """An incoming webhook of Slack's."""

    wishes: Wishes
    name: str = "slack"

    def send(self, message: Message) -> str:
        """As the protocol says."""
        from slack_sdk.webhook import WebhookClient

        client = WebhookClient(self.wishes.slack_webhook or "", timeout=_whole(self.wishes.timeout), logger=_muted())
        try:
            answer = client.send(text=for_slack(message))
        except Exception as error:  # noqa: BLE001 - the library lets whatever urllib raises through, the address in it
            raise ChannelDown(type(error).__name__) from None
        if answer.status_code != 200:
            wait = _seconds({name.lower(): value for name, value in answer.headers.items()}.get("retry-after"))
            raise ChannelDown(f"HTTP {answer.status_code}", wait)
        return ""


@dataclass(frozen=True, eq=False, repr=False)
class SlackBot:
    """A bot of Slack's, which posts to a channel."""

    wishes: Wishes
    name: str = "slack-bot"

    def send(self, message: Message) -> str:
        """As the protocol says."""
        from slack_sdk import WebClient
        from slack_sdk.errors import SlackApiError

        base, timeout = f"{self.wishes.slack_api}/", _whole(self.wishes.timeout)
        client = WebClient(self.wishes.slack_token, base_url=base, timeout=timeout, logger=_muted())
        try:
            client.chat_postMessage(channel=self.wishes.slack_channel or "", text=for_slack(message))
        except SlackApiError as error:
            said = error.response.get("error") or f"HTTP {error.response.status_code}"
            wait = _seconds(error.response.headers.get("Retry-After"))
            raise ChannelDown(in_plain_words(str(said), 100), wait) from None
        except Exception as error:  # noqa: BLE001 - as above
            raise ChannelDown(type(error).__name__) from None
        return ""


def _muted() -> logging.Logger:
    """A logger that says nothing: the libraries write down the addresses that they send to."""
    logger = logging.getLogger(f"{__name__}.muted")
    logger.disabled = True
    return logger


def for_slack(message: Message) -> str:
    """A message as Slack shows it."""
    # Slack's own marks begin with these three letters: a sample must not ring everybody's bell.
    text = f"{message.subject}\n{message.text}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    subject, _, rest = text.partition("\n")
    return f"*{subject}*\n{rest}"


@dataclass(frozen=True, eq=False, repr=False)
class Apprise:
    """One address that apprise knows how to tell."""

    address: str
    name: str

    def send(self, message: Message) -> str:
        """As the protocol says."""
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it logs what it sends, and where to
        kinds = {"alert": apprise.NotifyType.FAILURE, "all-clear": apprise.NotifyType.SUCCESS}
        service = apprise.Apprise()
        if not service.add(self.address):
            raise ChannelDown("apprise does not know such an address")
        try:
            kind = kinds.get(message.event, apprise.NotifyType.INFO)
            done = service.notify(body=message.text, title=message.subject, notify_type=kind)
        except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own
            raise ChannelDown(type(error).__name__) from None
        if not done:
            raise ChannelDown("it was not delivered")
        return ""


def channels_of(wishes: Wishes, secrets: Sequence[str]) -> tuple[Channel, ...]:
    """The ways out that were set."""
    found: list[Channel] = []
    if wishes.smtp_host and wishes.email_to:
        found.append(Email(wishes, secrets))
    if wishes.slack_webhook:
        found.append(SlackWebhook(wishes))
    if wishes.slack_token and wishes.slack_channel:
        found.append(SlackBot(wishes))
    found += [
        Apprise(address, f"apprise-{number}:{address.partition('://')[0]}")
        for number, address in enumerate(wishes.apprise, 1)
    ]
    return tuple(found)


def _whole(seconds: float) -> int:
    return max(1, round(seconds))


def _seconds(told: str | None) -> float:
    return float(told) if told and told.isdigit() else 0.0
