"""The gateway in front of the old API: where a key may stand, and how it refuses, in four forms.

Takes headers and arguments, gives a key, or a refusal's status, type and text. Pure: never counts a request, never
knows which keys there are. The simulator acts it out with this, the mirror serves it back. Source: NREL/api-umbrella.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.sax.saxutils import escape

SITE = "https://api.nasa.gov:443"
_KEY = re.compile(r"api[\W_]*key", re.IGNORECASE)
_NAME = re.compile(r"[a-z_]+", re.IGNORECASE)
_MOST_CODED = 8
FORMS = ("json", "xml", "csv", "html")
MESSAGES = {
    "API_KEY_MISSING": (403, f"No api_key was supplied. Get one at {SITE}"),
    "API_KEY_INVALID": (403, f"An invalid api_key was supplied. Get one at {SITE}"),
    "API_KEY_DISABLED": (
        403,
        f"The api_key supplied has been disabled. Contact us at {SITE}/contact/ for assistance",
    ),
    "API_KEY_UNVERIFIED": (
        403,
        (
            "The api_key supplied has not been verified yet. Please check your e-mail to verify the API key. "
            f"Contact us at {SITE}/contact/ for assistance"
        ),
    ),
    "API_KEY_UNAUTHORIZED": (
        403,
        (
            "The api_key supplied is not authorized to access the given service. "
            f"Contact us at {SITE}/contact/ for assistance"
        ),
    ),
    "OVER_RATE_LIMIT": (
        429,
        f"You have exceeded your rate limit. Try again later or contact us at {SITE}/contact/ for assistance",
    ),
    "HTTPS_REQUIRED": (
        400,
        "Requests must be made over HTTPS. Try accessing the API at: https://api.nasa.gov",
    ),
    "NOT_FOUND": (404, "The requested URL was not found on this server."),
}


class GatewayRefusal(NamedTuple):
    """What the gateway answers with.

    Attributes:
        status: HTTP status.
        content_type: of the text.
        text: the body.
    """

    status: int
    content_type: str
    text: str


def key_of(headers: Mapping[str, str], arguments: Sequence[tuple[str, str]]) -> str:
    """The key that a request carries: by its header, then by the query, then as the user's name; empty without one.

    Args:
        headers: names in lower case.
        arguments: names and values of the query, in their order.
    """
    if header := headers.get("x-api-key"):
        return header
    for name, value in arguments:
        if name == "api_key" and value:
            return value
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8", "replace").partition(":")[0]
    except binascii.Error:
        return ""


def masked(query: str, known: Collection[str] | None = None) -> str:
    """A query without any key, however its name is written and wherever it stands.

    Args:
        query: as it came.
        known: the only names whose values are told, for whatever else stands there may be a key; None tells all that is
            not called one.
    """
    return "&".join(_masked_pair(pair, known) for pair in re.split("[&;]", query))


def masked_path(path: str) -> str:
    """A path up to where a key was written into it."""
    found = _KEY.search(_plain(path))
    return f"{_plain(path)[: found.start()]}***" if found else path


def _masked_pair(pair: str, known: Collection[str] | None) -> str:
    name, equals, _ = pair.partition("=")
    if not pair or (not _KEY.search(_plain(pair)) and (known is None or name in known)):
        return pair
    is_plain = _NAME.fullmatch(name) and (known is None or name in known or name == "api_key")
    return f"{name}{equals}***" if is_plain else "***"


def _plain(text: str) -> str:
    """A text as whoever reads it last would: decoded as often as it was encoded, in common letters."""
    for _ in range(_MOST_CODED):
        if (decoded := unquote_plus(text)) == text:
            break
        text = decoded
    return unicodedata.normalize("NFKC", text)


def form_of(path: str, headers: Mapping[str, str], arguments: Sequence[tuple[str, str]]) -> str:
    """`json`, `xml`, `csv` or `html`: by the path's extension, then `format`, then the `Accept` header."""
    extension = path.rpartition("/")[2].rpartition(".")[2]
    for wish in (extension, dict(arguments).get("format", "")):
        if wish in FORMS:
            return wish
    for part in headers.get("accept", "").split(","):
        kind = part.partition(";")[0].strip().rpartition("/")[2]
        if kind in FORMS:
            return kind
    return "json"


def refusal(code: str, form: str) -> GatewayRefusal:
    """The gateway's refusal for a reason, a name in `MESSAGES`."""
    status, message = MESSAGES[code]
    if form == "xml":
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<response>\n  <error>\n'
            f"    <code>{code}</code>\n    <message>{escape(message)}</message>\n  </error>\n</response>"
        )
        return GatewayRefusal(status, "text/xml", text)
    if form == "csv":
        return GatewayRefusal(status, "text/csv", f'Error Code,Error Message\n{code},"{message}"')
    if form == "html":
        text = f"<html><body><h1>{code}</h1><p>{escape(message)}</p></body></html>"
        return GatewayRefusal(status, "text/html", text)
    text = f'{{\n  "error": {{\n    "code": "{code}",\n    "message": "{message}"\n  }}\n}}'
    return GatewayRefusal(status, "application/json", text)
