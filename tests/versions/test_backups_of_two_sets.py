"""Two data sets in one database, the name of one the beginning of the other's: each is saved and put back by itself."""

from __future__ import annotations

import json
import os

import pytest
from sightings.acted_out import SimulatedWatch

from set_lab import SetLab

pytestmark = pytest.mark.process
RAW = """\
from sightings import DATA_SET as SIGHTINGS

DATA_SET = SIGHTINGS._replace(name="sightings_raw")
"""


@pytest.fixture
def two(tmp_path, database_url, monkeypatch):
    """Archives of `sightings` and of `sightings_raw`, both filled."""
    info = tmp_path / "site" / "sightings_raw-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sightings-raw\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[apod_pipeline.datasets]\nsightings_raw = sightings_raw:DATA_SET\n")
    (info.parent / "sightings_raw.py").write_text(RAW)
    monkeypatch.syspath_prepend(info.parent)
    monkeypatch.setenv("PYTHONPATH", str(info.parent), prepend=os.pathsep)
    with SimulatedWatch() as watch:
        labs = [SetLab(watch, tmp_path / name, database_url, name=name) for name in ("sightings", "sightings_raw")]
        for lab in labs:
            assert lab.run(watch.span).exit_code == 0
        yield labs


def test_a_backup_holds_the_tables_of_its_own_set_only(two, tmp_path):
    """What the other one's tables say afterwards stays when this one's are put back."""
    one, other = two
    file, before = tmp_path / "one.dump", one.tables()
    told = json.loads(one.command("backup", str(file), "--json").stdout)
    assert [name for name in told if "_raw" in name] == []
    assert {"sightings", "sightings_revision", "sightings_run"} <= told.keys()
    other.nasa.edit(other.nasa.span.first)
    assert other.run(other.nasa.span).changed == 1
    now = other.tables()
    one.rows("DELETE FROM sightings_revision RETURNING 1")
    done = one.command("recover", "database", "--from-backup", str(file))
    assert done.returncode == 0, done.stderr
    assert (one.tables(), other.tables()) == (before, now)
