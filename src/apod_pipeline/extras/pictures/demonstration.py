"""Some hundred pictures in the demonstration's archive: one that ran before, and a broken one that is refused.

Takes the walk and its settings, gives the seconds of its stages. All comes from the simulated NASA on this machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from apod_pipeline.dataset.pictures import Candidate
from apod_pipeline.extras.pictures.alike import alike
from apod_pipeline.extras.pictures.collection import Pictures
from apod_pipeline.extras.pictures.keeping import keep
from apod_pipeline.extras.pictures.settings import Wishes, networks
from apod_pipeline.wiring import archive_of, objects

if TYPE_CHECKING:
    from apod_pipeline.cli.walk import Walk
    from apod_pipeline.settings import Settings

MOST = 130
HERE = Wishes(networks=networks("loopback"), per_second=1000.0, concurrency=6)


def show(walk: Walk, settings: Settings) -> Mapping[str, float]:
    """Keep the newest pictures, and tell of what was refused and what ran before."""
    archive = archive_of(settings)
    pictures = Pictures(archive, HERE, objects(settings, archive))
    walk.say(f"apod pictures sync --most {MOST}", "the pictures themselves, by their hash; one of them is broken")
    begin = time.perf_counter()
    with pictures.held() as told:
        # Films' posters lie on hosts of the web: nobody but the simulated NASA is asked.
        tasks = [task for task in pictures.plan(told).tasks[:MOST] if all(map(_is_here, task.picture.candidates()))]
        tally = pictures.sync(told, tasks)
        downloaded = time.perf_counter()
        keep(settings, pictures, lambda _: None)
    kept = time.perf_counter()
    click.echo(f"   {tally.kept} kept, {tally.bytes / 1e6:.0f} MB, {len(tally.refused)} refused")
    for name, why in tally.refused.items():
        click.echo(f"   {name.partition(' ')[0]} refused: {why}")
    walk.say("apod pictures duplicates", "which of them ran before?")
    for pair in alike(pictures.shelf, pictures.notes.told())[-3:]:
        likeness = "the same file" if pair.bits == 0 else f"nearly the same: {pair.bits} of 256 bits differ"
        click.echo(f"   {pair.later[0]} ran before on {pair.before[0]}: {likeness}")
    return {"download": downloaded - begin, "keep": kept - downloaded}


def _is_here(candidate: Candidate) -> bool:
    return urlsplit(candidate.address).hostname == "127.0.0.1"
