"""The archive says how it is: alerts by email, Slack and whatever apprise knows; one outage is one alert.

Off until `APOD_EXTRAS` names `alerts` and a channel is set. Listens to every run and every verification:

    kinds        what can be wrong, by name
    conditions   what is wrong now, from a run's outcome and the ledger
    incidents    what of that is news: one alert, one all-clear, flapping damped, silences
    messages     the texts, which anybody can word differently
    outbox       what is to be delivered, and is tried again where a channel is down
    channels     email, Slack, apprise
    switch       the dead-man's switch, pinged at the start and end of each good run
    notebook     the file in which all this is remembered: `.apod/alerts.json`
    plug         what is plugged into the core
    listener     is told of runs
    command      `apod alerts`
"""
