"""What goes wrong with pictures alone: what hosts, disks and evil minds have been seen giving in their names.

Takes a kind, its parameters and a request or an answer, gives an answer in the picture's place or spoils the picture's
own; ranges and conditions are served from what is left, as a real host would.

    picture_cut       the connection ends after a share of the bytes, closed or reset, whatever length was promised
    picture_html      a page with 200, under the picture's name and content type
    picture_bomb      a PNG of some hundred bytes that claims 50,000 times 50,000 pixels
    picture_endless   a picture that never ends, and tells no length
    picture_svg       a drawing that holds a script, under the picture's name and content type
    picture_damaged   the right first bytes, length and ETag, but garbage in between: it cannot be decoded
    picture_redirect  leads to an address that is given
    picture_other     another picture under the same name, with an ETag and an instant of its own
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from apod_pipeline.simulator import fault_parameters as read
from apod_pipeline.simulator import picture_host
from apod_pipeline.simulator.message import Answer, Request, text_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PAGE = "<!doctype html><html><head><title>NASA Science</title></head><body><h1>We moved</h1></body></html>"
_SCRIPT = "<script>document.title = 'taken'</script>"
_DRAWING = f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480">{_SCRIPT}<circle r="99"/></svg>'
_GARBAGE = bytes((167 * place + 13) % 251 for place in range(251))
_FIRST_TABLE = b"\xff\xc4"  # of a JPEG; its garbage alone stops a decoder, which forgives it in what follows

KINDS: dict[str, read.Parameters] = {
    "picture_cut": {"keep": (read.number, 0.5), "reset": (read.yes_or_no, False)},
    "picture_html": {"text": (read.text, _PAGE), "content_type": (read.text, "image/jpeg")},
    "picture_bomb": {"width": (read.whole, 50_000), "height": (read.whole, 50_000)},
    "picture_endless": {"chunked": (read.yes_or_no, True)},
    "picture_svg": {"text": (read.text, _DRAWING), "content_type": (read.text, "image/jpeg")},
    "picture_damaged": {"share": (read.number, 0.3)},
    "picture_redirect": {"to": (read.text, "/apod/"), "code": (read.whole, 302)},
    "picture_other": {"ending": (read.text, "_other")},
}


def instead(kind: str, params: dict[str, object], request: Request) -> Answer | None:
    """The answer that a fault gives in the picture host's place; None if the host is to be asked."""
    answers: dict[str, Callable[[], Answer]] = {
        "picture_html": lambda: text_answer(200, str(params["text"]), str(params["content_type"])),
        "picture_bomb": lambda: Answer(200, [("Content-Type", "image/png")], _bomb(params)),
        "picture_svg": lambda: text_answer(200, str(params["text"]), str(params["content_type"])),
        "picture_redirect": lambda: Answer(read.whole(params["code"]), [("Location", str(params["to"]))]),
        "picture_other": lambda: picture_host.answer(_renamed(request, str(params["ending"]))),
    }
    return answers[kind]() if kind in answers else None


def spoil(kind: str, params: dict[str, object], answer: Answer) -> None:
    """Do to the host's answer what this kind of fault does; nothing by any other kind."""
    if kind == "picture_cut":
        answer.keep, answer.reset = min(1.0, read.number(params["keep"])), bool(params["reset"])
    elif answer.status != 200:
        return  # there is no picture
    elif kind == "picture_endless":
        answer.body, answer.chunked = _without_end(answer.whole()), bool(params["chunked"])
    elif kind == "picture_damaged":
        answer.body = _damaged(answer.whole(), min(1.0, read.number(params["share"])))


def _renamed(request: Request, ending: str) -> Request:
    stem, dot, extension = request.path.rpartition(".")
    return replace(request, path=f"{stem}{ending}{dot}{extension}")


def _bomb(params: dict[str, object]) -> bytes:
    """A valid beginning of far too many pixels."""
    header = struct.pack(">IIBBBBB", read.whole(params["width"]), read.whole(params["height"]), 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100_000), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _without_end(picture: bytes) -> Iterator[bytes]:
    """The picture without its end, then garbage for ever."""
    yield picture[: len(picture) // 2]
    piece = _GARBAGE * 260
    while True:
        yield piece


def _damaged(picture: bytes, share: float) -> bytes:
    """Garbage over a share of the middle, and over the table without which nothing after it can be read."""
    damaged, length = bytearray(picture), int(len(picture) * share)
    start = (len(picture) - length) // 2
    damaged[start : start + length] = (_GARBAGE * (length // len(_GARBAGE) + 1))[:length]
    table = picture.find(_FIRST_TABLE) if picture.startswith(b"\xff\xd8") else -1
    if table > 0:
        damaged[table + 5 : table + 21] = b"\xee" * 16
    return bytes(damaged)
