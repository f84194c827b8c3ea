"""`apod verify`: everything an archive says, against everything else it says.

Takes resolved settings, gives checks. Only reads, but for the mark that says when; holds the archive meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from apod_pipeline.archive.ledger import Ledger
from apod_pipeline.archive.lines import timestamp
from apod_pipeline.audit import Audit, Finding, RemoteShare, audit
from apod_pipeline.ports import Listener
from apod_pipeline.run.derivation import Derivation
from apod_pipeline.run.listening import tell_listeners
from apod_pipeline.settings import Settings, defaults
from apod_pipeline.wiring import archive_of, database, derivation, extras, objects, quality, today


def verify(
    settings: Settings, remote_share: float = 0.0, heard_by: Callable[[Listener], Listener] = lambda one: one
) -> list[Finding]:
    """The audit of an archive, while no run is at it.

    Args:
        settings: resolved.
        remote_share: how much of a DVC remote that is no folder here is read, from 0 (it is listed) to 1.
        heard_by: makes of each listener that is plugged in the one that is told.

    Raises:
        ArchiveBusy: a run goes on for longer than ten minutes.
    """
    archive = archive_of(settings)
    # An archive may know days that are not due yet here, as the demonstration's does.
    day = max([today(settings), *(version.today for version in Ledger(archive).versions()[-1:])])
    what = Audit(
        archive=archive,
        objects=objects(settings, archive),
        git_remote=settings.git_remote,
        quality=partial(quality, archive, 0, day),
        derive=partial(derivation_of, settings.archive.absolute(), settings.dataset, settings.preference),
        rules=archive.dataset.rules,
        preference=settings.preference,
        today=day,
        gap_after=settings.gap_after,
        reading=RemoteShare(remote_share, today(settings)),
    )
    plugged = extras(settings, archive)
    listeners = [heard_by(extra.listener) for extra in plugged if extra.listener]
    with archive.locked(600.0), database(settings, archive) as conninfo:
        findings = audit(what, conninfo)
        findings += [finding for extra in plugged if extra.audit for finding in extra.audit()]
        with suppress(OSError):  # who only reads an archive cannot write down that he did
            well = all(finding.well for finding in findings)
            archive.advance(verified={"at": timestamp(dt.datetime.now(dt.UTC)), "well": well})
    tell_listeners(listeners, lambda listener: listener.verified(findings))
    return findings


def derivation_of(root: Path, dataset: str, preference: tuple[str, ...]) -> Derivation:
    """A derivation without any secret, for another process."""
    settings = defaults(root, dataset, preference=preference)
    return derivation(settings, archive := archive_of(settings), Ledger(archive))
