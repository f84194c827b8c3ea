"""What is to be delivered: to every channel once, and again later where one is down.

Takes messages, channels and the notebook, delivers. A channel that is down holds nobody up: what it has still to
deliver waits in the notebook, in order, and is tried again at the end of a later run, less and less often.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence

from apod_pipeline.extras.alerts.channels import Channel, ChannelDown
from apod_pipeline.extras.alerts.messages import Message
from apod_pipeline.extras.alerts.notebook import Notebook, Waiting

FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=6)
GIVEN_UP = dt.timedelta(days=7)
log = logging.getLogger(__name__)


def post(notebook: Notebook, message: Message, channels: Sequence[Channel], now: dt.datetime) -> None:
    """Put a message into the box, once for each channel."""
    notebook.waiting += [Waiting(channel.name, message, now, now) for channel in channels]


def deliver(
    notebook: Notebook,
    channels: Sequence[Channel],
    now: dt.datetime,
    patience: float = 0.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Deliver what waits and is due; what a channel cannot take waits on, and so does what follows it there.

    Args:
        notebook: holds what waits.
        channels: the ways out.
        now: the clock.
        patience: seconds for which a channel that asks for time is waited for.
        sleep: waits.
    """
    by_name = {channel.name: channel for channel in channels}
    left: list[Waiting] = []
    down: set[str] = set()
    for one in notebook.waiting:
        channel = by_name.get(one.channel)
        if channel is None or now - one.written > GIVEN_UP:
            log.warning("given up: %r was not delivered by %s", one.message.subject, one.channel)
            continue
        if one.channel in down or now < one.again:
            down.add(one.channel)
            left.append(one)
            continue
        try:
            _send(channel, one, patience, sleep)
        except ChannelDown as error:
            down.add(one.channel)
            left.append(_later(one, error, now))
            log.warning("%s is down (%s); %r is sent later", one.channel, error, one.message.subject)
        else:
            notebook.delivered.append((now, one.channel, one.message.subject))
    notebook.waiting = left


def _send(channel: Channel, one: Waiting, patience: float, sleep: Callable[[float], None]) -> None:
    """Send, and once more where the channel asks for a little time."""
    try:
        remark = channel.send(one.message)
    except ChannelDown as error:
        if not 0 < error.wait <= patience:
            raise
        sleep(error.wait)
        remark = channel.send(one.message)
    if remark:
        log.warning("%s took %r, but: %s", channel.name, one.message.subject, remark)


def _later(one: Waiting, error: ChannelDown, now: dt.datetime) -> Waiting:
    pause = min(FIRST_PAUSE * 2 ** min(one.tries, 20), LONGEST_PAUSE)
    again = now + max(pause, dt.timedelta(seconds=error.wait))
    return Waiting(one.channel, one.message, one.written, again, one.tries + 1, str(error))
