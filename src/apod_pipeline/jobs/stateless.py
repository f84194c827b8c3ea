"""A run that keeps nothing on this machine: it clones, pulls what it needs, runs, pushes and forgets.

Takes what makes settings for a folder, and what is wanted; gives the run's outcome. Everything that it made is in the
database and on the remotes afterwards; its folder is gone, whether it succeeded, failed or was told to end. Never
begins without a place for each of these, and never reads or writes an archive of this machine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apod_pipeline.database.tables import Tables
from apod_pipeline.database.turns import turn
from apod_pipeline.errors import ApodError, BeganApart, SettingsError
from apod_pipeline.model import Outcome
from apod_pipeline.recovery.partial import cloned
from apod_pipeline.run.pipeline import Wanted
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import archive_of, partial_versioner, stateless_pipeline

PREFIX = "apod-stateless-"
FORGOTTEN = (
    "This run was stateless: its folder is gone, and with it whatever it had received but not pushed; the next run "
    "starts from the remotes and requests it again."
)
PATIENCE = 600.0  # seconds for another stateless run to end


def run_stateless(
    resolve: Callable[[Path], Settings],
    wanted: Wanted,
    tell: Callable[[str], None] = print,
    advance: Callable[[int], None] = lambda _: None,
    patience: float = PATIENCE,
) -> Outcome:
    """Run once over the newest version on the remotes, and leave nothing here.

    Args:
        resolve: settings of the archive in a folder; asked again when the folder holds its clone, because that may
            hold settings of its own.
        wanted: what to ask for.
        tell: takes a line for the user.
        advance: takes how many wanted days were settled, for a progress bar.
        patience: how many seconds to wait for another stateless run on the same database.

    Raises:
        SettingsError: naming every setting that is missing.
        ArchiveBusy: another stateless run goes on for longer.
        ApodError: as of any run; what was not pushed is forgotten then, and the message says so.
    """
    try:
        return _once(resolve, wanted, tell, advance, patience)
    except BeganApart:
        tell("another run has started the archive in the meantime: starting again from what it made")
        return _once(resolve, wanted, tell, advance, patience)


def _once(
    resolve: Callable[[Path], Settings],
    wanted: Wanted,
    tell: Callable[[str], None],
    advance: Callable[[int], None],
    patience: float,
) -> Outcome:
    with forgotten_folder() as folder:
        archive = archive_of(resolve(folder / "archive"))
        git_remote, conninfo = _places(resolve(archive.root))
        with turn(conninfo, Tables(archive.dataset), patience):
            known = cloned(git_remote, archive)
            settings = resolve(archive.root)
            if known:
                versioner = partial_versioner(settings, archive)
                versioner.begin()
                versioner.close()
            with stateless_pipeline(settings, tell, advance) as wired:
                return wired.run(wanted)


def _places(settings: Settings) -> tuple[str, str]:
    """Where the versions and the tables are; the objects' place is looked for as well."""
    missing = [
        name
        for name, there in (
            ("APOD_GIT_REMOTE", settings.git_remote),
            ("APOD_DVC_REMOTE", settings.dvc_remote),
            ("APOD_DATABASE_URL (or POSTGRES_HOST)", settings.database),
        )
        if not there
    ]
    if missing or not settings.git_remote or not settings.database:
        raise SettingsError(
            f"a stateless run keeps nothing here, so it needs {', '.join(missing)}. Nothing was requested or changed; "
            "set what is missing, then type the same command again."
        )
    return settings.git_remote, settings.database


@contextmanager
def forgotten_folder() -> Iterator[Path]:
    """A folder that is gone at the end; an error that ends it says so."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name:
        try:
            yield Path(name)
        except SettingsError:
            raise
        except OSError as error:
            raise ApodError(
                f"{name}: {error.strerror or error}. {FORGOTTEN} Fix that (the folder is created under $TMPDIR), then "
                "type the same command again."
            ) from error
        except ApodError as error:
            error.args = (f"{error} {FORGOTTEN}",)
            raise
