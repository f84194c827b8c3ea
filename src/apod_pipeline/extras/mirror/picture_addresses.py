"""Where a picture is shown from: the one place where an address is chosen.

Takes an entry's address as the archive has it, gives what a page may load. Never gives an address that would let the
reader's browser call somebody else than NASA: those are linked to, and opened by whoever wants it. A demo's pictures
were drawn by the simulator, which has ended since: the mirror draws them itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

from apod_pipeline.datasets.apod.drawn_pictures import fitted, full_size_of, stem_of

DRAWN, SIMULATED = "/simulated", "127.0.0.1"
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
HOSTS = "https://*.nasa.gov"  # the same for the Content-Security-Policy


class Shown(NamedTuple):
    """A picture that a page may load.

    Attributes:
        address: of the picture.
        width: pixels, where they are known; 0 elsewhere.
        height: pixels.
    """

    address: str
    width: int = 0
    height: int = 0


def picture(address: str | None, *, demo: bool, width: int = 0) -> Shown | None:
    """What a page loads for an address; None where it may only be linked to.

    Args:
        address: of the archive.
        demo: whether the archive was made by `apod demo`.
        width: how wide it is wanted, in pixels; 0 as it is.
    """
    parts = urlsplit(address or "")
    if not parts.path.lower().endswith(PICTURES):
        return None
    if demo and parts.hostname == SIMULATED:
        wide, high = fitted(full_size_of(stem_of(parts.path)), width, 0)
        return Shown(f"{DRAWN}{parts.path}" + (f"?w={width}" if width else ""), wide, high)
    if parts.scheme == "https" and (parts.hostname or "").endswith(".nasa.gov"):
        return Shown(parts.geturl())
    return None


def places(base: str, *, demo: bool) -> Callable[[str], str]:
    """Where an address of the archive is to be found now: a demo's pictures at the mirror, all others where they are.

    Args:
        base: the mirror's own address, as whoever asks reaches it.
        demo: whether the archive was made by `apod demo`.
    """

    def drawn_here(address: str) -> str:
        parts = urlsplit(address)
        is_drawn = parts.hostname == SIMULATED and parts.path.lower().endswith(PICTURES)
        return f"{base}{DRAWN}{parts.path}" if is_drawn else address

    return drawn_here if demo else str


def link(address: str | None) -> str | None:
    """An address that may be followed: of the web, never a script's."""
    return address if address and urlsplit(address).scheme in {"http", "https"} else None
