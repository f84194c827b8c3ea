"""What `APOD_EXTRAS=alerts` plugs into the core.

Takes settings and an archive, gives an `Extra`.
"""

from __future__ import annotations

from functools import partial

from apod_pipeline.archive.folder import Archive
from apod_pipeline.extras.alerts.listener import alerts_of
from apod_pipeline.extras.alerts.notebook import read
from apod_pipeline.ports import Extra
from apod_pipeline.settings import Settings


def plugged(settings: Settings, archive: Archive) -> Extra:
    """A listener that tells what is wrong, and what it says in `apod status`."""
    return Extra(listener=alerts_of(settings, archive), status=partial(_status, archive))


def _status(archive: Archive) -> dict[str, str]:
    """What is wrong, and who was told last."""
    notebook = read(archive)
    wrong = sorted({one.condition.kind for one in notebook.incidents if one.ended is None})
    told = [f"{at:%Y-%m-%d %H:%M} UTC, {channel}: {subject}" for at, channel, subject in notebook.delivered[-1:]]
    return {"alerts": ", ".join(wrong) or "nothing is wrong", "told last": told[0] if told else "nobody"}
