"""The main job, shown from beginning to end on the bundled simulator of NASA.

Takes a folder's name, leaves an archive in it. Needs no network, no key and no server. Never touches a folder that it
did not make itself.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from apod_pipeline.cli.walk import Walk
from apod_pipeline.dataset.installed import data_set
from apod_pipeline.dataset.spans import Span
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import Settings
from apod_pipeline.simulator import Simulator
from apod_pipeline.wiring import archive_of

# The eve of the day on which NASA archives the old API.
LAST_DAY = dt.date(2026, 11, 30)
FIRST_DAY = data_set(Settings.dataset).calendar.first_day
EDITED = dt.date(2026, 11, 26)
ONE_DAY = dt.timedelta(days=1)
DAMAGED = "/2026/november/[A-Za-z]+23_"  # the picture of a day, wherever it is asked for


def show(folder: Path) -> None:
    """Fill an archive, run one more day, run it again, let NASA edit an entry, keep pictures, and sum up.

    Raises:
        SettingsError: when the folder holds something that no demo made.
    """
    walk = Walk(folder)
    with Simulator(today=LAST_DAY - ONE_DAY, local_pictures=True) as nasa:
        first = _settings(walk, nasa.url, LAST_DAY - ONE_DAY)
        walk.begin(first)
        walk.say(f"apod backfill --from {FIRST_DAY}", "everything the simulated NASA ever published")
        everything = Wanted("backfill", Span(FIRST_DAY, LAST_DAY - ONE_DAY), only_missing=True)
        walk.run("backfill", first, everything)

        nasa.today = LAST_DAY
        settings = _settings(walk, nasa.url, LAST_DAY)
        walk.say("apod run", "the next morning: one new day, the last ten read again")
        walk.run("one new day", settings, Wanted("run"))

        walk.say("apod run", "again: nothing is new, so nothing changes: no row, no file, no version")
        walk.run("nothing new", settings, Wanted("run"))

        nasa.edit(EDITED, title="The Same Sky, Under a Better Title")
        walk.say("apod run", f"NASA edits the entry of {EDITED}: a second revision, the first one stays")
        walk.run("one edit", settings, Wanted("run"))

        nasa.fault("picture_damaged", DAMAGED)
        walk.others(settings)
    archive = archive_of(settings)
    walk.history(archive, str(EDITED), ["title"])
    gallery = "a gallery at http://127.0.0.1:8000, and NASA's old API at /planetary/apod"
    more = [("apod serve --archive {folder}", gallery), ("make run", "the same with the real NASA")]
    walk.sum_up(archive, LAST_DAY, more)


def _settings(walk: Walk, address: str, today: dt.date) -> Settings:
    return walk.settings(science_url=address, planetary_url=address, nasa_api_key="DEMO_KEY", today=today)
