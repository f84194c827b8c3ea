"""Faults that can be switched on for chosen requests: what services and network have been seen doing.

Takes a kind, a pattern and parameters, gives an answer in the place of the service's, a spoilt answer, or a
lens that distorts what the service reads. A fault never fires more often than it was declared to.

    in the answer's place  status gateway_html envoy_text timeout drop html200 huge redirect_loop gzip_garbage
    the answer, spoilt     truncate bad_json slow_drip bad_charset
    through a lens         placeholder wrong_date list_instead empty_list drop_days stale same_text
                           ignored_query extra_fields
    of pictures alone      picture_cut picture_html picture_bomb picture_endless picture_svg picture_damaged
                           picture_redirect picture_other (see `picture_faults`)

Parameters, with what they are unless given: `status` code=500 retry_after=None body="" · `gateway_html` code=502 ·
`envoy_text` code=503 text="no healthy upstream" · `timeout` seconds=60 · `html200` text · `huge` mb=64 · `truncate`
keep=0.5 (share of the body) · `slow_drip` piece=64 (bytes) pause=0.05 (seconds) · `wrong_date` shift=1 (days back) ·
`drop_days` days=[] · `stale` day=(the newest) · `same_text` text · `extra_fields` fields={...} ·
`picture_cut` keep=0.5 (share of the body) reset=false (rather than closed) · `picture_html` text
content_type="image/jpeg" · `picture_bomb` width=50000 height=50000 · `picture_endless` chunked=true ·
`picture_svg` text content_type="image/jpeg" · `picture_damaged` share=0.3 (of the body) · `picture_redirect`
to="/apod/" code=302 · `picture_other` ending="_other" (of the file's name: whose view it is). Others take none. Those
of pictures leave all other paths alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from apod_pipeline.errors import SettingsError
from apod_pipeline.simulator import fault_parameters as read
from apod_pipeline.simulator import picture_faults, picture_host
from apod_pipeline.simulator.message import Answer, Request, as_json, text_answer
from apod_pipeline.simulator.world import Edition, Lens

if TYPE_CHECKING:
    from collections.abc import Iterator

_BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>openresty</center>\r\n</body>\r\n</html>\r\n"
)
_NOTICE = (
    "<!doctype html><html><head><title>Service notice</title></head><body><h1>We will be back soon</h1>"
    "<p>This service is under maintenance.</p></body></html>"
)
_NO_UPSTREAM = "no healthy upstream"
_BROKEN_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 40  # a good header, then a block type that is none
_SAME_TEXT = "This page has moved. Please follow the links above to find the picture of the day at its new place."


_KINDS: dict[str, read.Parameters] = {
    "status": {"code": (read.whole, 500), "retry_after": (read.whole, None), "body": (read.text, "")},
    "gateway_html": {"code": (read.whole, 502)},
    "envoy_text": {"code": (read.whole, 503), "text": (read.text, _NO_UPSTREAM)},
    "timeout": {"seconds": (read.number, 60.0)},
    "drop": {},
    "html200": {"text": (read.text, _NOTICE)},
    "huge": {"mb": (read.number, 64.0)},
    "redirect_loop": {},
    "gzip_garbage": {},
    "truncate": {"keep": (read.number, 0.5)},
    "bad_json": {},
    "slow_drip": {"piece": (read.whole, 64), "pause": (read.number, 0.05)},
    "bad_charset": {},
    "placeholder": {},
    "wrong_date": {"shift": (read.signed, 1)},
    "list_instead": {},
    "empty_list": {},
    "drop_days": {"days": (read.days, frozenset())},
    "stale": {"day": (read.entry_day, None)},
    "same_text": {"text": (read.text, _SAME_TEXT)},
    "ignored_query": {},
    "extra_fields": {"fields": (read.fields, {"reading_time": "2 min"})},
    **picture_faults.KINDS,
}
KINDS = tuple(_KINDS)


@dataclass(slots=True)
class Fault:
    """One declared fault and how often it has fired."""

    kind: str
    match: re.Pattern[str]
    times: int
    params: dict[str, object]
    fired: int = field(default=0)

    def fires_on(self, target: str) -> bool:
        """Whether it hits this request; if so, one of its times is spent (the caller holds the lock)."""
        if self.kind in picture_faults.KINDS and not picture_host.owns(target):
            return False
        if self.times == 0 or not self.match.search(target):
            return False
        self.times -= self.times > 0
        self.fired += 1
        return True


def declared(kind: str, match: str = "", times: int = -1, **params: object) -> Fault:
    """A fault from its declaration.

    Args:
        kind: One of `KINDS`.
        match: Regular expression that is searched in `path?query` of each request; empty matches all.
        times: How many requests are hit; -1 for all.
        params: What the kind takes; see `_KINDS`.

    Raises:
        SettingsError: Kind, pattern, times or a parameter cannot be used; the message says what can.
    """
    if kind not in _KINDS:
        raise SettingsError(f"no fault is called {kind!r}; there are {', '.join(KINDS)}")
    if isinstance(times, bool) or not isinstance(times, int) or times < -1:
        raise SettingsError(f"fault {kind} cannot happen {times!r} times; give a count, or -1 for always")
    unknown = sorted(params.keys() - _KINDS[kind].keys())
    if unknown:
        known = ", ".join(_KINDS[kind]) or "none"
        raise SettingsError(f"fault {kind} knows no parameter {unknown[0]!r}; it takes: {known}")
    try:
        pattern = re.compile(match)
    except re.error as error:
        raise SettingsError(f"fault {kind}: {match!r} is no regular expression ({error})") from error
    values = {name: default for name, (_, default) in _KINDS[kind].items()}
    for name, value in params.items():
        try:
            values[name] = None if value is None else _KINDS[kind][name][0](value)
        except (TypeError, ValueError) as error:
            raise SettingsError(f"fault {kind}: {name} must be {error}, not {value!r}") from error
    return Fault(kind, pattern, times, values)


def lens_of(fault: Fault, edition: Edition) -> Lens | None:
    """The lens of a content fault; None for every other kind."""
    params = fault.params
    day = params.get("day")
    lenses: dict[str, Callable[[], Lens]] = {
        "placeholder": lambda: Lens(placeholder=True),
        "wrong_date": lambda: Lens(shift=read.signed(params["shift"])),
        "list_instead": lambda: Lens(as_list=True),
        "empty_list": lambda: Lens(empty=True),
        "drop_days": lambda: Lens(without=_ordinals(params["days"])),
        "stale": lambda: Lens(frozen=day.toordinal() if isinstance(day, date) else edition.latest()),
        "same_text": lambda: Lens(text=str(params["text"])),
        "ignored_query": lambda: Lens(deaf=True),
        "extra_fields": lambda: Lens(extra=read.fields(params["fields"])),
    }
    return lenses[fault.kind]() if fault.kind in lenses else None


def _ordinals(value: object) -> frozenset[int]:
    return value if isinstance(value, frozenset) else frozenset()


def instead(fault: Fault, request: Request) -> Answer | None:
    """The answer that a fault gives in the service's place; None if the service is to be asked."""
    params = fault.params
    answers: dict[str, Callable[[], Answer]] = {
        "status": lambda: _status(params),
        "gateway_html": lambda: text_answer(read.whole(params["code"]), _BAD_GATEWAY, "text/html"),
        "envoy_text": lambda: text_answer(read.whole(params["code"]), str(params["text"]), "text/plain"),
        "timeout": lambda: Answer(0, wait=read.number(params["seconds"]), hang_up=True),
        "drop": lambda: Answer(0, hang_up=True),
        "html200": lambda: text_answer(200, str(params["text"])),
        "huge": lambda: Answer(200, [("Content-Type", "application/json")], _flood(read.number(params["mb"]))),
        "redirect_loop": lambda: Answer(302, [("Location", _own_address(request))]),
        "gzip_garbage": lambda: Answer(
            200,
            [("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
            _BROKEN_GZIP,
        ),
    }
    if fault.kind in answers:
        return answers[fault.kind]()
    return picture_faults.instead(fault.kind, params, request)


def _own_address(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _status(params: dict[str, object]) -> Answer:
    code, body = read.whole(params["code"]), str(params["body"] or "")
    answer = Answer(code, [("Content-Type", "application/json")], body.encode())
    if not body:
        answer.body = as_json({"code": code, "msg": "Internal Service Error", "service_version": "v1"}) + b"\n"
    if params["retry_after"] is not None:
        answer.headers.append(("Retry-After", str(params["retry_after"])))
    return answer


def _flood(megabytes: float) -> Iterator[bytes]:
    """A JSON array of one text after the other, in pieces of 64 kB."""
    left, piece = int(megabytes * 1_000_000), b'"' + b"stars " * 10_922 + b'",'
    yield b"["
    while left > len(piece):
        yield piece
        left -= len(piece)
    yield b'"end"]'


def spoilt(fault: Fault, answer: Answer) -> Answer:
    """The service's answer as a fault of the network leaves it; unchanged by other kinds."""
    params = fault.params
    if fault.kind == "truncate":
        answer.keep = min(1.0, read.number(params["keep"]))
        answer.body = answer.whole()
    elif fault.kind == "bad_json":
        body = answer.whole()
        answer.body = body[: max(1, len(body) * 4 // 5)]
    elif fault.kind == "slow_drip":
        answer.drip = (max(1, read.whole(params["piece"])), read.number(params["pause"]))
        answer.body = answer.whole()
    elif fault.kind == "bad_charset":
        body = answer.whole()
        answer.body = body.replace(b'"title":"', b'"title":"\xe9') if b'"title":"' in body else body + b"\xe9"
    else:
        picture_faults.spoil(fault.kind, params, answer)
    return answer
