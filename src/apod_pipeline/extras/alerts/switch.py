"""The dead-man's switch: somebody outside is told of every good run, and rings where none is told of in time.

Takes the switch's address, pings it by the conventions of healthchecks.io: `/start` when a run begins, the address
itself when it ended well, `/fail` when it did not. A run that never began alerts nobody: that is what this is for.
"""

from __future__ import annotations

import logging
import uuid
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

log = logging.getLogger(__name__)


def ping(address: str, event: str, run: str, timeout: float) -> bool:
    """Tell the switch of a run.

    Args:
        address: the switch's, as it was given.
        event: `start`, `success` or `fail`.
        run: the run's name: start and end are told to be of one run.
        timeout: seconds.

    Returns:
        Whether it was heard. What went wrong is logged, without the address: it is all that is needed to ping.
    """
    parts = urlsplit(address)
    ending = {"start": "/start", "success": "", "fail": "/fail"}[event]
    query = "&".join(filter(None, (parts.query, f"rid={uuid.uuid5(uuid.NAMESPACE_OID, run)}")))
    whole = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + ending, query, ""))
    try:
        # Not by httpx: it writes every address into the log.
        with urlopen(whole, timeout=timeout):  # noqa: S310 - the setting takes http(s) alone
            return True
    except HTTPError as error:
        log.warning("the dead-man's switch answered HTTP %s", error.code)
    except (OSError, HTTPException, ValueError) as error:
        log.warning("the dead-man's switch was not reached (%s)", type(error).__name__)
    return False
