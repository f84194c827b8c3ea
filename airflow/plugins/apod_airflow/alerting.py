"""Alerts of what happens under Airflow: a task that failed, a run that takes too long; also by Airflow's own notifiers.

Takes contexts, gives what `apod_pipeline`'s alerts make of them: the same texts, one alert for one outage however often
a task is retried. Off where `APOD_EXTRAS` does not name `alerts`. Two more channels are there where Airflow has the
connections:

    apod_smtp    a mail server (type `smtp`); it writes to APOD_ALERTS_EMAIL_TO
    apod_slack   Slack: an incoming webhook (type `slackwebhook`), or a bot (type `slack`) that posts to
                 APOD_ALERTS_SLACK_CHANNEL
"""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from apod_airflow.sets import APOD, served, set_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from apod_pipeline.extras.alerts.listener import Alerts
    from apod_pipeline.extras.alerts.messages import Message
    from apod_pipeline.extras.alerts.settings import Wishes
    from apod_pipeline.ports import Listener
    from apod_pipeline.run.pipeline import Pipeline
    from apod_pipeline.settings import Settings

log = logging.getLogger("apod_airflow.alerting")
SMTP, SLACK = "apod_smtp", "apod_slack"
HEARD = "report_missing"
"""The task that tells of its run's outcome before it turns red."""


@dataclass(frozen=True, eq=False, repr=False)
class Notifier:
    """A channel of the alerts that is one of Airflow's notifiers."""

    name: str
    make: Callable[[Message], Any]

    def send(self, message: Message) -> str:
        """As the channels of the alerts do."""
        from apod_pipeline.extras.alerts.channels import ChannelDown

        try:
            # Not by calling it: that would fill in templates, and a sample of what a service said may look like one.
            self.make(message).notify({})
        except Exception as error:  # noqa: BLE001 - whatever a provider lets through, addresses in it
            raise ChannelDown(type(error).__name__) from None
        return ""


def notifiers(wishes: Wishes) -> Iterator[Notifier]:
    """The channels that Airflow's connections give."""
    from apod_airflow.connections import connection

    if (mail := connection(SMTP)) and mail.conn_type == "smtp" and wishes.email_to:
        yield Notifier("airflow-smtp", lambda message: _letter(message, wishes))
    slack = connection(SLACK)
    if slack and slack.conn_type == "slackwebhook":
        yield Notifier("airflow-slack", _to_webhook)
    elif slack and slack.conn_type == "slack" and wishes.slack_channel:
        yield Notifier("airflow-slack-bot", lambda message: _to_channel(message, wishes))


def _letter(message: Message, wishes: Wishes) -> Any:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    text = f"<pre>{html.escape(message.text)}</pre>"
    to, sender = list(wishes.email_to), wishes.email_from
    return SmtpNotifier(to=to, from_email=sender, subject=message.subject, html_content=text, smtp_conn_id=SMTP)


def _to_webhook(message: Message) -> Any:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    from apod_pipeline.extras.alerts.channels import for_slack

    return SlackWebhookNotifier(slack_webhook_conn_id=SLACK, text=for_slack(message), retry_handlers=[])


def _to_channel(message: Message, wishes: Wishes) -> Any:
    from airflow.providers.slack.notifications.slack import SlackNotifier

    from apod_pipeline.extras.alerts.channels import for_slack

    where, base = wishes.slack_channel or "", f"{wishes.slack_api}/"
    return SlackNotifier(slack_conn_id=SLACK, text=for_slack(message), channel=where, base_url=base)


# ---- what is told --------------------------------------------------------------------------
def with_notifiers(wired: Pipeline, task: str) -> Pipeline:
    """A pipeline whose alerts also go through Airflow's connections, in the task that tells of the run's outcome."""
    if task != HEARD or not wired.listeners:  # each connection costs a question to Airflow's API server
        return wired
    return replace(wired, listeners=tuple(map(with_channels, wired.listeners)))


def with_channels(listener: Listener) -> Listener:
    """A listener that, if it is the alerts', also goes through Airflow's connections."""
    from apod_pipeline.extras.alerts.listener import Alerts

    return _widened(listener) if isinstance(listener, Alerts) else listener


def _widened(alerts: Alerts) -> Alerts:
    return replace(alerts, channels=(*alerts.channels, *notifiers(alerts.wishes)))


def tell_failed(context: Mapping[str, Any]) -> None:
    """Tell that a task has failed for good; not of what was told of before it failed."""
    from apod_airflow.names import AirflowFailException
    from apod_airflow.runs import day_of, name_of
    from apod_pipeline.model import Outcome

    task, error = context["ti"], context.get("exception")
    cause = getattr(error, "__cause__", None) or error
    if task.task_id == HEARD or isinstance(cause, AirflowFailException):
        return
    alerts = _alerts(lambda settings: settings(day_of(context), (), dataset=set_of(context)), task.log_url)
    if alerts:
        failed = cause if isinstance(cause, Exception) else RuntimeError(str(cause))
        name = name_of(context)
        alerts.heard(Outcome(name, name, alerts.now(), stopped_in=task.task_id), failed)


def tell_overdue(dag: str, run: str, hours: float) -> None:
    """Tell that a run has missed its deadline."""
    from apod_pipeline.extras.alerts.conditions import overdue

    of = next((name for name in served() if dag == f"{name}_etl_pipeline"), APOD)
    if alerts := _alerts(lambda settings: settings(None, (), dataset=of)):
        alerts.tell(alerts.now(), overdue(f"{dag} {run}", hours))


def _alerts(settle: Callable[[Callable[..., Settings]], Settings], log_url: str | None = None) -> Alerts | None:
    from apod_airflow.connections import settings

    known = settle(settings)
    if "alerts" not in known.extras:
        return None
    from apod_pipeline.extras.alerts.listener import alerts_of
    from apod_pipeline.wiring import archive_of

    archive = archive_of(known)
    if not archive.exists:
        log.warning("no alert: the archive %s is not on this machine", archive.root)
        return None
    alerts = _widened(alerts_of(known, archive))
    told = {"log": log_url} if log_url else {}
    return replace(alerts, wording=replace(alerts.wording, facts={**alerts.wording.facts, **told}))
