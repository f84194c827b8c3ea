"""What is plugged into the core: the newest pictures come with every run, and are kept with its version.

Takes settings and an archive, gives an `Extra`. Never fails a run: what goes wrong is one line of the log, and the
next run tries again.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apod_pipeline.archive.folder import Archive
from apod_pipeline.errors import ApodError, ArchiveBusy
from apod_pipeline.extras.pictures.collection import Pictures
from apod_pipeline.extras.pictures.plan import Manner
from apod_pipeline.extras.pictures.settings import wishes
from apod_pipeline.ports import Loaded
from apod_pipeline.settings import Settings

if TYPE_CHECKING:
    from apod_pipeline.extras.pictures.told import Told

log = logging.getLogger(__name__)
FEW = 10  # of what is wrong that is said at once


class NewPictures:
    """The newest pictures, a few in each run.

    Args:
        pictures: of the archive.
        database: opens the way to the tables.
    """

    apart = False  # it writes, and DVC keeps what it wrote

    def __init__(self, pictures: Pictures, database: Callable[[], AbstractContextManager[str]]) -> None:
        self._pictures, self._database = pictures, database
        self._held = ExitStack()
        self._told: Told | None = None
        self._thread: threading.Thread | None = None

    def begin(self, at: dt.datetime) -> None:  # noqa: ARG002 - the port's
        """Plan what is new, and begin to download it."""
        try:
            self._told = self._held.enter_context(self._pictures.held())
            plan = self._pictures.plan(self._told, Manner(patient=True))
        except ArchiveBusy:
            log.info("the pictures are being synchronised by another process: this run leaves them to it")
            return
        except (ApodError, OSError) as error:
            log.warning("the pictures could not be planned: %s", error)
            self._let_go()
            return
        tasks = plan.tasks[: self._pictures.wishes.each_run]
        if tasks:
            self._thread = threading.Thread(
                target=self._sync, args=[self._told, tasks], name="pictures-of-run", daemon=True
            )
            self._thread.start()

    def _sync(self, told: Told, tasks: Sequence[Any]) -> None:
        try:
            tally = self._pictures.sync(told, tasks, seconds=self._pictures.wishes.run_seconds)
            for name, why in [*tally.refused.items(), *tally.away.items()][:FEW]:
                log.warning("picture %s: %s", name, why)
            if tally.left and tally.left[1]:
                log.warning("pictures: %d are left, because %s", *tally.left)
        except Exception:  # whatever it is, the run goes on
            log.exception("the pictures could not be synchronised")

    def finish(self) -> Sequence[Path]:
        """Wait for the downloads; gives the folders that hold something new."""
        if self._told is None:
            return ()
        if self._thread:
            self._thread.join()
        try:
            told = self._pictures.notes.told()
            folders = self._pictures.folders(told)
            if folders:
                with self._database() as conninfo:
                    self._pictures.show(conninfo, told)
        except (ApodError, OSError) as error:
            log.warning("what was had of pictures is not kept yet: %s", error)
            folders = []
        if not folders:
            with suppress(ApodError, OSError):
                self._pictures.notes.seal()  # what was refused goes into the ledger, which the run holds
            self._let_go()
        return folders

    def kept(self) -> str:
        """Tell the ledger of them."""
        try:
            return self._pictures.sealed()
        finally:
            self._let_go()

    def not_kept(self) -> None:
        """Let others synchronise; what came waits for the next run."""
        self._let_go()

    def _let_go(self) -> None:
        self._told, self._thread = None, None
        self._held.close()


class Shown:
    """Rows of all pictures, wherever the tables are filled from nothing: they are a projection."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def loaded(self, connection: Any, loaded: Loaded) -> None:  # noqa: ANN401 - psycopg's
        """Fill the tables of pictures, where all the others were filled."""
        if loaded.since is None:
            import psycopg

            try:
                with connection.transaction():
                    self._pictures.show_in(connection, self._pictures.notes.told())
            except (ApodError, OSError, psycopg.Error) as error:  # entries are loaded without their pictures
                log.warning("the tables of pictures were not filled: %s", error)


def pictures_of(settings: Settings, archive: Archive) -> Pictures:
    """The pictures of an archive, by its settings."""
    from apod_pipeline.wiring import objects

    return Pictures(archive, wishes(settings), objects(settings, archive))
