"""What a store says when it does not do what was asked, in the family's words.

Takes the library's exceptions, gives ours. Of what a store says only the code is told: the rest may hold keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from apod_pipeline.errors import BesideError

REFUSED = "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
NO_KEYS = "no credentials were found"
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
        raise words_of(str(error), where) from None


def _no_bucket(where: str) -> ObjectStoreRefused:
    return ObjectStoreRefused(
        f"there is no bucket for {where}. Nothing was sent there; make the bucket, or set APOD_OBJECTSTORE_URL, then "
        "type: apod store status"
    )


def words_of(said: str, where: str) -> ObjectStoreError:
    """What a library's complaint means; of it only status and code are told."""
    code = next(iter(re.findall(r"<Code>(\w+)</Code>", said)), "")
    status = next(iter(re.findall(r"status code: (\d{3})", said)), "")
    said = said.partition("Debug source")[0]
    if "169.254." in said or "credential" in said.partition(" - Server")[0].lower():
        status, code = "", NO_KEYS
    elif "NoSuchBucket" in said:
        code = "NoSuchBucket"
    elif "region" in said and status not in {"401", "403"}:
        code = code or "its region is another one"
        status = status or "301"
    return worded(status, code, where)


def worded(status: str, code: str, where: str) -> ObjectStoreError:
    """What a store's refusal means.

    Args:
        status: of HTTP; empty where there was no answer.
        code: the store's own word, or `NO_KEYS`.
        where: the store.
    """
    why = f"{status} {code}".strip()
    if code == "NoSuchBucket":
        return _no_bucket(where)
    if code == "QuotaExceeded" or status == "507":
        return ObjectStoreError(
            f"{where} is full ({why}). What was there is whole, and no version names what was sent now. Make room or "
            "have the quota raised, then type `apod run`, which sends the rest."
        )
    if status in {"401", "403"} or code == NO_KEYS:
        return ObjectStoreRefused(
            f"{where} refuses us ({why}). Nothing was changed there. {REFUSED}, then type: apod store status"
        )
    if status[:1] in {"3", "4"} and status not in {"408", "409", "429"}:
        return ObjectStoreRefused(
            f"{where} cannot be used as it is set ({why}). Nothing was changed there. Check APOD_OBJECTSTORE_URL, "
            "APOD_OBJECTSTORE_ENDPOINT and AWS_REGION, then type: apod store status"
        )
    return ObjectStoreError(f"{where} does not answer as it should ({why or 'no answer'}). {AGAIN}")
