"""One question to a service, and how its answer differs from what is known of it; nothing is kept.

Takes a source, a transport and a request, gives words or nothing. For whoever asks whether a service is well, or
whether a day is out. Never writes into an archive.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable
from pathlib import Path

from apod_pipeline.dataset.description import DataSet
from apod_pipeline.dataset.json_items import shape_of
from apod_pipeline.dataset.sources import Request, Source
from apod_pipeline.errors import SourceError, Unreadable
from apod_pipeline.fetching.complaints import in_words
from apod_pipeline.ports import Answer, Transport


def ask(transport: Transport, source: Source, request: Request, dataset: DataSet) -> str | None:
    """How a service's answer differs from what it should be, in words; None when it does not.

    Raises:
        SourceError: when there was no answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        return _differs(source, request, transport.download(request, body), body, dataset)


def is_published(transport: Transport, sources: Iterable[Source], day: dt.date, dataset: DataSet) -> bool:
    """True when any of the sources has a plausible entry of a day; silence is no entry."""
    for source in sources:
        try:
            if ask(transport, source, source.day_request(day), dataset) is None:
                return True
        except SourceError:
            continue
    return False


def _differs(source: Source, request: Request, answer: Answer, body: Path, dataset: DataSet) -> str | None:
    of_one = dataset.identity is None  # a day has one entry: an answer's form tells what it is of
    if answer.status != 200:
        return in_words(source, answer.status, request.asked.first, body)
    try:
        if of_one and request.form != "feed" and shape_of(body) != ("list" if request.form == "list" else "object"):
            return f"a {shape_of(body)} where a {request.form} was requested"
        items = [(told, source.settle(item)) for told, item in source.items(body, request.form)]
    except Unreadable as error:
        return str(error)
    if not items:
        return "nothing in it" if of_one else None
    first, last = str(request.asked.first), str(request.asked.last)
    strays = [told for told, _ in items if request.form != "feed" and not first <= (told or "") <= last]
    if strays:
        return f"it answers {strays[0]} for {request.asked}"
    return next((f"{told}: {why}" for told, record in items if (why := dataset.doubts.implausible(record))), None)
