"""One engine with our images for all tests of this lane; where none can be started the lane fails, and says so."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import images
import pytest
from engine import Engine, unpacked


@pytest.fixture(scope="session")
def built() -> Iterator[Engine]:
    """An engine that holds the images, and does not run: `$APOD_ENGINE` keeps it for the next time."""
    kept = os.environ.get("APOD_ENGINE")
    folder = Path(kept or tempfile.mkdtemp(prefix="apod-engine-"))
    unpacked(folder)
    engine = Engine(folder, f"apod-deploy-{os.getpid()}")
    with engine.running(apart=False):
        if left := engine.docker("ps", "--all", "--quiet").split():  # of a lane that was killed
            engine.docker("rm", "--force", *left)
        images.base(engine)
        images.stand_ins(engine)
        images.ours(engine)
        if kept:  # for the lane that runs it under Podman
            engine.docker("save", "--output", str(folder / "mirror.tar"), images.APOD)
    yield engine
    if not kept:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def engine(built: Engine) -> Iterator[Engine]:
    """The same, running in a network of its own, without any way out."""
    with built.running(apart=True):
        yield built
