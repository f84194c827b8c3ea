"""The command `apod serve`.

Takes what was typed, runs the server until it is told to end. Never changes the archive.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from apod_pipeline.cli.options import existing, settings_of
from apod_pipeline.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uvicorn import Config

    from apod_pipeline.settings import Settings


APOD = "apod"


class Wanted(NamedTuple):
    """An archive to be served: its folder, and what it is of; None where the settings say it."""

    archive: Path | None
    dataset: str | None


@click.command()
@click.option(
    "--archive",
    "archives",
    type=Path,
    multiple=True,
    help="An archive folder (default: $APOD_ARCHIVE or ./apod-archive); once per data set.",
)
@click.option(
    "--datasets",
    envvar="APOD_DATASETS",
    metavar="NAMES",
    help="Data sets to serve where no --archive is named: apod,approaches. APOD's folder is $APOD_ARCHIVE, that of "
    "another set has its name, in $APOD_ARCHIVES (env: $APOD_DATASETS).",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 picks a free one."
)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="The number of worker processes.")
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Require API keys, listed in this TOML file.",
)
@click.option(
    "--pictures/--no-pictures",
    envvar="APOD_SERVE_PICTURES",
    default=False,
    help="Let answers to programs lead to the pictures that are kept here, not to NASA's (env: $APOD_SERVE_PICTURES).",
)
@click.option("--access-log/--no-access-log", default=True, help="Log one JSON line per request to standard error.")
def serve(  # noqa: PLR0913 - an argument an option, as click hands them in
    archives: tuple[Path, ...],
    datasets: str | None,
    host: str,
    port: int,
    workers: int,
    keys: Path | None,
    *,
    pictures: bool,
    access_log: bool,
) -> None:
    """Serve a gallery and NASA's old API from your archive.

    A drop-in mirror of api.nasa.gov/planetary/apod: point any APOD client here.

    Several archives, each of another data set, are served together.

    Example: apod serve --port 8000 --archive ./apod --archive ./approaches
    """
    if workers > 1:  # the counters of all processes are added up, in files
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counters = tempfile.mkdtemp(prefix="apod-serve-")
        atexit.register(shutil.rmtree, counters, ignore_errors=True)
    import uvicorn

    from apod_pipeline.extras.mirror.application import COUNTS, FLAGS, KEYS, LOG, PICTURES
    from apod_pipeline.extras.mirror.counts import counts_of
    from apod_pipeline.extras.mirror.gateway import read_keys
    from apod_pipeline.extras.mirror.patience import Impatient

    wanted = [Wanted(archive, None) for archive in archives] or by_name(datasets or "", os.environ)
    served = [_settings(one) for one in wanted]
    _different(served)
    named = [{"archive": str(one.archive.absolute()), "dataset": one.dataset} for one in served]
    os.environ[FLAGS] = json.dumps(named)
    if keys:
        from apod_pipeline.wiring import archive_of

        read_keys(keys)  # a mistake in it is told before anything listens
        os.environ[KEYS] = str(keys.absolute())
        os.environ[COUNTS] = str(counts_of(archive_of(served[0]), keys))
    os.environ[PICTURES] = "1" if pictures else ""
    os.environ[LOG] = "1" if access_log else ""
    config = uvicorn.Config(
        "apod_pipeline.extras.mirror.application:from_environment",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=Impatient,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=30,
    )
    _listen(config, old_api=any(one.dataset == APOD for one in served))


def _listen(config: Config, *, old_api: bool) -> None:
    """Say where, and answer until a signal ends it."""
    from uvicorn import Server
    from uvicorn.supervisors import Multiprocess

    # uvicorn finishes what is in flight, and then sends itself the signal once more: that is an end as wished.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listening = config.bind_socket()
    listening.listen(config.backlog)  # who comes before the first process is ready waits
    address = f"http://{config.host}:{listening.getsockname()[1]}"
    if old_api:
        told = f"{address}/planetary/apod answers as NASA's old API did"
    else:
        told = f"{address}/docs tells what programs can ask"
    click.echo(f"{address} is the gallery; {told}; Ctrl-C stops it")
    if config.workers > 1:
        Multiprocess(config, sockets=[listening]).run()
    else:
        Server(config).run(sockets=[listening])


def by_name(datasets: str, environ: Mapping[str, str]) -> list[Wanted]:
    """The archives of some data sets, each where the DAGs have it; that of the settings where none is named.

    Args:
        datasets: names with commas between.
        environ: `APOD_ARCHIVE` is APOD's folder, `APOD_ARCHIVES` the folder of all others.
    """
    names = [name.strip() for name in datasets.replace("-", "_").split(",") if name.strip()]
    others = Path(environ.get("APOD_ARCHIVES") or f"{environ.get('APOD_ARCHIVE') or 'apod-archive'}s")
    found = [Wanted(None, None) if one == APOD else Wanted(others / one, one) for one in dict.fromkeys(names)]
    return found or [Wanted(None, None)]


def _settings(wanted: Wanted) -> Settings:
    """Settings of an archive that is there, or of tables alone: as many machines may serve one database."""
    settings = settings_of(archive=wanted.archive, dataset=wanted.dataset)
    return existing(wanted.archive) if settings.database or not settings.read_database_url else settings


def _different(served: list[Settings]) -> None:
    """See that each archive is of another data set.

    Raises:
        SettingsError: two are of one.
    """
    by_set: dict[str, Path] = {}
    for one in served:
        if (other := by_set.setdefault(one.dataset, one.archive)) is not one.archive:
            raise SettingsError(
                f"{other} and {one.archive} are both archives of {one.dataset!r}: one mirror serves one of each. "
                "Nothing was started; name one of them, or serve the other on a port of its own (--port)."
            )
