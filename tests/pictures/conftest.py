"""An archive with pictures: a simulated NASA whose addresses are its own, and all that pictures need set."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import dataclass

import pytest

from apod_pipeline.dataset.spans import Span
from apod_pipeline.extras.pictures.beside import pictures_of
from apod_pipeline.extras.pictures.settings import networks
from apod_pipeline.settings import resolve
from apod_pipeline.simulator import Simulator
from lab import TODAY, Lab
from templates import Templates

DAYS = Span(dt.date(2018, 12, 24), TODAY)
QUICK = {
    "extras": ("pictures",),
    "pictures_networks": networks("loopback"),
    "pictures_per_second": 1000.0,
    "pictures_each_run": 0,
    "lookback": 7,
}


@dataclass
class PictureLab(Lab):
    """A lab whose pictures can be synchronised."""

    def sync(self, *words, **environment):
        """`apod pictures sync --json`; gives what it printed, and how it ended."""
        done = self.command("pictures", "sync", "--json", *words, **environment)
        assert done.stdout, done.stderr
        return json.loads(done.stdout.splitlines()[-1]), done.returncode

    @property
    def pictures(self):
        """The pictures of the archive, in this process."""
        return pictures_of(resolve(self.all_flags(), {}, None), self.archive)

    def shelf(self):
        """Every file of the shelf: name -> bytes."""
        return {path.name: path.read_bytes() for path in self.paths()}

    def paths(self):
        """Where the files of the shelf are."""
        return [self.pictures.shelf.folder(name) / name for name in self.pictures.shelf.names()]

    def tables(self):
        """What the tables say, those of pictures too."""
        return super().tables() | {"picture": self.rows("SELECT * FROM apod_picture ORDER BY 1, 2, 3")}

    def kept(self):
        """By entry, the last line of its picture that was kept."""
        return {key: line for (key, _), line in self.pictures.notes.told().current()}

    def later(self, days):
        """The clock of the pictures, so many days ahead."""
        return lambda: dt.datetime.fromtimestamp(time.time(), dt.UTC) + dt.timedelta(days=days)


@pytest.fixture(scope="session")
def pictured_nasa():
    """A simulated NASA whose pictures are its own; started once."""
    with Simulator(today=TODAY, local_pictures=True) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def picture_templates(pictured_nasa, tmp_path_factory, postgres_server, migrated_template):
    """Archives of that NASA that were filled once, without pictures and with them."""

    def fill(root, database, span, flags):
        pictured_nasa.reset()
        PictureLab(pictured_nasa, root, database, flags).run(span)

    return Templates(tmp_path_factory.mktemp("pictured"), postgres_server, migrated_template, fill)


@pytest.fixture
def gallery(pictured_nasa, picture_templates, tmp_path, migrated_database):
    """An archive of eight days, without pictures yet."""
    lab = PictureLab(pictured_nasa, tmp_path / "archive", migrated_database, dict(QUICK), templates=picture_templates)
    lab.filled(DAYS, **QUICK)
    pictured_nasa.reset()
    return lab


@pytest.fixture
def hung(pictured_nasa, picture_templates, tmp_path, migrated_database):
    """The same with all pictures."""
    lab = PictureLab(pictured_nasa, tmp_path / "archive", migrated_database, dict(QUICK), templates=picture_templates)
    lab.filled(DAYS, **QUICK | {"pictures_each_run": 8})
    pictured_nasa.reset()
    return lab
