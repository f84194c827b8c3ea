"""Runs that keep nothing here: from the remotes, into the database, back to the remotes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from apod_pipeline.calendar import Span
from apod_pipeline.restores import recover_archive
from apod_pipeline.settings import resolve
from apod_pipeline.stateless import PREFIX
from apod_pipeline.wiring import audited

FIRST = Span(dt.date(2018, 12, 1), dt.date(2018, 12, 20))
SECOND = Span(dt.date(2018, 12, 15), dt.date(2018, 12, 31))
WHOLE = Span(FIRST.first, SECOND.last)


def words(span=None):
    """What is typed for a stateless run of a span, or of what is due."""
    return ["run", "--stateless", *(["--from", str(span.first), "--to", str(span.last)] if span else [])]


@dataclasses.dataclass
class Passing:
    """What stateless runs share, and the folder in which each has its own for a while."""

    lab: object
    temporary: Path

    def run(self, span=None, **environment):
        """One run in a process of its own."""
        return self.lab.command(*words(span), TMPDIR=str(self.temporary), **environment)

    def begun(self, span, **environment):
        """The same, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "apod_pipeline.cli", *words(span)],
            env=self.lab.environment(TMPDIR=str(self.temporary), **environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def left(self):
        """Folders that a run did not remove."""
        return [path.name for path in self.temporary.iterdir() if path.name.startswith(PREFIX)]

    def tip(self):
        """The newest commit on the remote; its history must be a line."""
        git = ["git", "-C", self.lab.flags["git_remote"]]
        assert subprocess.check_output([*git, "rev-list", "--merges", "--count", "main"], text=True).strip() == "0"
        return subprocess.check_output([*git, "rev-parse", "main"], text=True).strip()

    def commits(self):
        """How many there are on the remote."""
        git = ["git", "-C", self.lab.flags["git_remote"], "rev-list", "--count", "main"]
        return int(subprocess.check_output(git, text=True))

    def recovered(self, folder):
        """A whole archive made from the remotes, whose audit is well; with a database of the lab's."""
        one = dataclasses.replace(self.lab, root=folder, told=[])
        settings = resolve(one.all_flags(), {}, None)
        recover_archive(settings, self.lab.flags["git_remote"])
        return one

    def objects(self):
        """Every object on the DVC remote, by its hash."""
        root = Path(self.lab.flags["dvc_remote"], "files", "md5")
        return {path.parent.name + path.name: path for path in root.glob("*/*")}


@pytest.fixture
def passing(lab, remote, tmp_path):
    """Nothing on the remotes yet."""
    lab.flags = dict(remote)
    (tmp_path / "temporary").mkdir()
    return Passing(lab, tmp_path / "temporary")


def test_a_first_and_a_second_run_make_the_archive_that_one_run_makes(passing, tmp_path, undisturbed):
    """The archive begins on empty remotes, the next run adds to it; audited, it is what a run with a folder makes."""
    first = passing.run(FIRST)
    assert first.returncode == 0, first.stderr
    assert passing.commits() == 1
    second = passing.run(WHOLE)
    assert second.returncode == 0, second.stderr
    assert (passing.commits(), passing.left()) == (2, [])
    assert passing.lab.tables() == undisturbed(WHOLE)[1]
    assert passing.lab.rows("SELECT count(*), max(version) FROM apod_run WHERE version IS NOT NULL")[0][0] == 2
    whole = passing.recovered(tmp_path / "whole")
    assert whole.files() == undisturbed(WHOLE)[0]
    checks = audited(resolve(whole.all_flags(), {}, None))
    assert [check.what for check in checks if not check.well] == []
