"""Other data sets, and two machines that share remotes and a bucket."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os

import pytest

from apod_pipeline.dataset.installed import names, simulation
from lab import SPAN, TODAY, shared_remote
from set_lab import SITE, SetLab
from stores import flags_of, newest

pytestmark = pytest.mark.process

ONE_DAY = dt.timedelta(days=1)


@pytest.mark.parametrize("name", names())
def test_every_data_set(name, tmp_path, database_url, monkeypatch, wishes, bucket):
    """Whatever the entries are: all of them lie in the parts, an edit is a new version, and nothing is amiss."""
    monkeypatch.setenv("PYTHONPATH", str(SITE), prepend=os.pathsep)
    with simulation(name) as acted:
        one = SetLab(acted, tmp_path / "archive", database_url, flags_of(wishes), name=name)
        assert one.run(acted.span).exit_code == 0, one.told
        first = newest(bucket)
        assert (first.origin.dataset, first.entries) == (name, len(one.entries()))
        assert first.parts
        acted.edit(acted.span.first + 2 * ONE_DAY)
        assert one.run(acted.span).exit_code == 0, one.told
        assert newest(bucket).at > first.at
        assert one.unwell() == {}


def test_two_machines(stored, bucket, tmp_path, second_database):
    """Each publishes what the other has not; who is behind neither fails nor moves anything back."""
    stored.flags |= shared_remote(tmp_path)
    assert stored.run(SPAN).exit_code == 0
    other = dataclasses.replace(stored, root=tmp_path / "other", database=second_database, told=[]).cloned()
    stored.nasa.today = TODAY + ONE_DAY
    assert other.run(today=TODAY + ONE_DAY).exit_code == 0, other.told
    theirs = newest(bucket)
    assert theirs.entries == 61
    assert stored.run(today=TODAY).exit_code == 0, stored.told
    assert newest(bucket) == theirs
    stored.nasa.today = TODAY + 2 * ONE_DAY
    assert stored.run(today=TODAY + 2 * ONE_DAY).exit_code == 0, stored.told
    assert stored.run(today=TODAY + 2 * ONE_DAY).exit_code == 0, stored.told
    assert newest(bucket).entries == 62
    assert stored.store("verify", "--all")[1] == 0
    assert other.run(today=TODAY + 2 * ONE_DAY).exit_code == 0, other.told
    assert newest(bucket).entries == 62
