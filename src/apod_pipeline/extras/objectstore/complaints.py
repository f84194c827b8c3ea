"""What a store says when it does not do what was asked, in the family's words.

Takes the library's exceptions, gives ours. Of what a store says only the code is told: the rest may hold keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from apod_pipeline.errors import BesideError

REFUSED = "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
AGAIN = "Rows and commits do not hang on it; type `apod store status` when it answers again."


class ObjectStoreError(BesideError):
    """The object store could not be reached or used: what is here is whole, and goes there another time."""

    retryable = True


class ObjectStoreRefused(ObjectStoreError):
    """The object store refuses us, or cannot be published to as it is set: a later try cannot help."""

    retryable = False


class ObjectGone(ObjectStoreError):
    """Something that the newest version is made of is not in the object store, or is not what it was."""

    retryable = False


@contextmanager
def in_our_words(where: str) -> Iterator[None]:
    """Whatever the library raises, as ours; what answers a question (not found, exists) is left to who asked."""
    from obstore import exceptions

    try:
        yield
    except (FileNotFoundError, exceptions.AlreadyExistsError, exceptions.PreconditionError) as error:
        if "NoSuchBucket" in str(error):
            raise _no_bucket(where) from None
        raise
    except exceptions.BaseError as error:
        raise _worded(str(error), where) from None


def _no_bucket(where: str) -> ObjectStoreRefused:
    return ObjectStoreRefused(
        f"there is no bucket for {where}. Nothing was sent there; make the bucket, or set APOD_OBJECTSTORE_URL, then "
        "type: apod store status"
    )


def _worded(said: str, where: str) -> ObjectStoreError:
    if "NoSuchBucket" in said:
        return _no_bucket(where)
    code = next(iter(re.findall(r"<Code>(\w+)</Code>", said)), "")
    status = next(iter(re.findall(r"status code: (\d{3})", said)), "")
    said = said.partition("Debug source")[0]
    nobody = "169.254." in said or "credential" in said.partition(" - Server")[0].lower()
    if code == "QuotaExceeded" or status == "507":
        return ObjectStoreError(
            f"{where} is full ({status} {code}). What was there is whole, and no version names what was sent now. Make "
            "room or have the quota raised, then type `apod run`, which sends the rest."
        )
    if status in {"401", "403"} or nobody:
        why = "no credentials were found" if nobody else f"{status} {code}".strip()
        return ObjectStoreRefused(
            f"{where} refuses us ({why}). Nothing was changed there. {REFUSED}, then type: apod store status"
        )
    if "region" in said or (status[:1] in {"3", "4"} and status not in {"408", "409", "429"}):
        why = f"{status} {code}".strip() or "its region is another one"
        return ObjectStoreRefused(
            f"{where} cannot be used as it is set ({why}). Nothing was changed there. Check APOD_OBJECTSTORE_URL, "
            "APOD_OBJECTSTORE_ENDPOINT and AWS_REGION, then type: apod store status"
        )
    why = " ".join(filter(None, [status, code])) or "no answer"
    return ObjectStoreError(f"{where} does not answer as it should ({why}). {AGAIN}")
