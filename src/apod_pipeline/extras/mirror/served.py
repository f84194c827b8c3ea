"""One archive that is served: its settings, its tables, and which version they show.

Takes settings, opens the tables for reading while the mirror runs. Never writes.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import AsyncExitStack

from starlette.routing import Route

from apod_pipeline.archive.folder import DEMO_MARK
from apod_pipeline.errors import ApodError
from apod_pipeline.extras.mirror.feeds import Feeds
from apod_pipeline.extras.mirror.gallery import Gallery
from apod_pipeline.extras.mirror.kept_pictures import KeptPictures
from apod_pipeline.extras.mirror.new_api import NewApi
from apod_pipeline.extras.mirror.old_api import OldApi
from apod_pipeline.extras.mirror.old_links import old_links
from apod_pipeline.extras.mirror.picture_pages import PicturePages
from apod_pipeline.extras.mirror.placing import Placing
from apod_pipeline.extras.mirror.provenance import Provenance
from apod_pipeline.extras.mirror.reader_role import reading_door
from apod_pipeline.extras.mirror.reads import Reads
from apod_pipeline.extras.mirror.searching import Search
from apod_pipeline.extras.mirror.selects import Selects
from apod_pipeline.extras.mirror.shelves import VersionWatch
from apod_pipeline.extras.mirror.site import Site
from apod_pipeline.jobs.standing import standing
from apod_pipeline.ports import Page
from apod_pipeline.settings import Settings
from apod_pipeline.wiring import archive_of, database, extras, today

STANDS = 60.0  # seconds for which what was seen of an archive is shown


class Served:
    """An archive whose tables are read.

    Args:
        settings: of the archive.
        reading: what can be asked of its tables.
    """

    def __init__(self, settings: Settings, reading: Reads) -> None:
        self.settings, self.archive, self.reading = settings, archive_of(settings), reading
        self.watch = VersionWatch(reading, self.today)
        self.provenance = Provenance(self.archive, self.watch)
        self._stood: tuple[float | None, dict[str, str]] = None, {}

    async def open(self, held: AsyncExitStack, connections: int) -> None:
        """Begin to connect; all is let go of when what holds it ends."""
        settings = self.settings
        alone = settings.read_database_url if not settings.database else None
        conninfo = alone or held.enter_context(database(settings, self.archive))
        held.push_async_callback(self.reading.close)
        await self.reading.open(reading_door(settings, conninfo), connections)

    def today(self) -> dt.date:
        """The day that pages and answers are of."""
        return self.settings.today or dt.datetime.now(dt.UTC).date()

    def routes(self, site: Site) -> list[Route]:
        """What is answered where."""
        raise NotImplementedError

    async def standing(self) -> dict[str, str]:
        """How the archive stands, as `apod status` says it; nothing where its folder is not on this machine."""
        if not self.archive.exists:
            return {}
        at, told = self._stood
        if at is None or time.monotonic() - at > STANDS:
            told = await asyncio.to_thread(self._stands)
            self._stood = time.monotonic(), told
        return told

    def _stands(self) -> dict[str, str]:
        try:
            return standing(self.archive, today(self.settings), extras(self.settings, self.archive))
        except (ApodError, OSError):  # what may not be read here, or is damaged, is for `apod verify` to say
            return {}

    def pages(self) -> list[Page]:
        """The pages that its extras add."""
        return [page for extra in extras(self.settings, self.archive) for page in extra.pages]


class ServedApod(Served):
    """APOD: NASA's old API, ours, the feeds and the gallery.

    Args:
        settings: of the archive.
        pictures: whether answers to programs lead to the pictures that are kept here.
    """

    def __init__(self, settings: Settings, *, pictures: bool = False) -> None:
        self._selects = Selects()
        super().__init__(settings, self._selects)
        self.demo = self.archive.is_marked(DEMO_MARK)
        self.kept = KeptPictures(self._selects, self.watch, self.archive)
        told = self.kept if pictures and self.kept.is_here else None
        self.placing = Placing(told, demo=self.demo)
        self.old = OldApi(self._selects, self.watch, self.placing)

    def routes(self, site: Site) -> list[Route]:
        """What is answered where, the old API aside."""
        reading, provenance = self._selects, self.provenance
        search = Search(reading, self.watch)
        gallery = Gallery(reading, provenance, search, self.kept, demo=self.demo, site=site, standing=self.standing)
        return [
            *NewApi(reading, provenance, search, self.placing).routes,
            *Feeds(reading, self.placing).routes,
            *old_links(),
            *gallery.routes,
            *PicturePages(reading, self.kept, demo=self.demo, site=site).routes,
        ]
