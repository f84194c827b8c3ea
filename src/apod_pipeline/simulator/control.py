"""Steering a simulator over HTTP: the same levers as its Python attributes, for other processes.

Takes the JSON of `POST /_control`, gives changes to carry out, never carries out half of them: everything
is read before anything is changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import faults
from apod_pipeline.simulator.message import Answer, Request, as_json, text_answer
from apod_pipeline.simulator.world import check_edit, check_mode

if TYPE_CHECKING:
    from apod_pipeline.simulator.services import Services

Change = Callable[[], object]


class Steered:
    """Services with two more paths: `GET /_log` tells the log as JSON lines, `/_control` moves the levers."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def answer(self, request: Request) -> Answer:
        """The answer to any request; those to the two paths are neither logged nor hit by faults."""
        if request.path == "/_log":
            return self._log()
        if request.path == "/_control":
            return self._control(request)
        return self._services.answer(request)

    def _log(self) -> Answer:
        entries = list(self._services.log)
        lines = ({"method": method, "path": path, "status": status} for method, path, status in entries)
        return text_answer(200, "".join(f"{json.dumps(line)}\n" for line in lines), "application/x-ndjson")

    def _control(self, request: Request) -> Answer:
        headers = [("Content-Type", "application/json")]
        try:
            changes = changes_of(request.body, self._services) if request.method == "POST" else []
        except SettingsError as error:
            return Answer(400, headers, as_json({"error": str(error)}) + b"\n")
        for change in changes:
            change()
        return Answer(200, headers, as_json(state_of(self._services)) + b"\n")


def changes_of(body: bytes, services: Services) -> list[Change]:
    """The changes that a control message asks for, in the order in which they are to be made.

    Raises:
        SettingsError: The message is not an object, has an unknown name, or a value that cannot be used.
    """
    names = ", ".join(_READERS)
    try:
        message = json.loads(body or b"{}")
    except ValueError as error:
        raise SettingsError(f"the control message is no JSON ({error}); send an object with: {names}") from error
    if not isinstance(message, dict):
        raise SettingsError(f"the control message must be a JSON object with some of: {names}")
    unknown = sorted(message.keys() - _READERS.keys())
    if unknown:
        raise SettingsError(f"nothing is controlled by {unknown[0]!r}; there are {names}")
    changes: list[Change] = []
    for name, read in _READERS.items():
        if name in message:
            try:
                changes += read(services, message[name])
            except (ValueError, TypeError) as error:
                raise SettingsError(f"{name} of the control message cannot be used: {error}") from error
    return changes


def state_of(services: Services) -> dict[str, object]:
    """Where all the levers stand."""
    edition = services.world.edition
    return {
        "today": edition.today.isoformat(),
        "first": date.fromordinal(edition.first).isoformat(),
        "published": edition.count(),
        "hidden": [date.fromordinal(day).isoformat() for day in edition.missing],
        "edited": [date.fromordinal(day).isoformat() for day in sorted(edition.edits)],
        "faults": [
            {"kind": fault.kind, "match": fault.match.pattern, "times": fault.times, "fired": fault.fired}
            for fault in services.faults
        ],
        "old_mode": edition.old_mode,
        "rate_limit": services.gateway.rate_limit,
        "rate_window": services.gateway.window,
        "requests": len(services.log),
    }


def _date(value: object) -> date:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no date as YYYY-MM-DD")
    return date.fromisoformat(value)


def _dates(value: object) -> list[date]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list of dates")
    return [_date(day) for day in value]


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{value!r} is no whole number from 0 on")
    return value


def _edits(services: Services, value: object) -> Iterable[Change]:
    if not isinstance(value, Mapping):
        raise TypeError("give an object from days to fields")
    for text, fields in value.items():
        day = _date(text)
        if not isinstance(fields, Mapping):
            raise TypeError(f"{fields!r} of {day} is no object of fields")
        check_edit(day, fields)
        yield partial(services.world.edit, day, fields)


def _faults(services: Services, value: object) -> Iterable[Change]:
    if not isinstance(value, list):
        raise TypeError("give a list of faults")
    return [partial(services.add_fault, faults.declared(**declaration)) for declaration in value]


def _if_true(change: Change, value: object) -> list[Change]:
    return [change] if value else []


_READERS: dict[str, Callable[[Services, object], Iterable[Change]]] = {
    "reset": lambda services, value: _if_true(services.reset, value),
    "today": lambda services, value: [partial(services.world.set_today, _date(value))],
    "hide": lambda services, value: [partial(services.world.hide, *_dates(value))],
    "show": lambda services, value: [partial(services.world.show, *_dates(value))],
    "edit": _edits,
    "clear_faults": lambda services, value: _if_true(services.clear_faults, value),
    "faults": _faults,
    "old_mode": lambda services, value: [partial(services.world.set_old_mode, check_mode(value))],
    "rate_limit": lambda services, value: [partial(services.set_rate_limit, _count(value))],
    "rate_window": lambda services, value: [partial(services.set_rate_window, _count(value))],
}
