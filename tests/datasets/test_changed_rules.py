"""Rules that somebody changed without saying so: what an audit makes of it, and what it says to do about it."""

from __future__ import annotations

import shutil

import pytest
from sightings.acted_out import SimulatedWatch

from set_lab import SITE, SetLab

pytestmark = pytest.mark.process


def test_rules_that_were_changed_in_silence_are_told_by_an_audit(tmp_path, database_url):
    """What is stored is whole, and the rules give other values: to be raised, and derived anew, as it says."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    with SimulatedWatch() as watch:
        lab = SetLab(watch, tmp_path / "archive", database_url, name="sightings")
        lab.run(watch.span)

    def typed(*words):
        # Two edits within a second that keep the length are one to whoever compiles a module for later.
        return lab.command(*words, PYTHONPATH=str(site), PYTHONDONTWRITEBYTECODE="1")

    def rules(old, new):
        module = site / "sightings" / "__init__.py"
        text = module.read_text()
        assert old in text
        module.write_text(text.replace(old, new))

    rules('said["place"].strip()', 'said["place"].strip().upper()')
    told = typed("verify", "--json")
    assert told.returncode == 1
    assert "the files are as they were written, so the rules give other values than what is stored" in told.stdout
    assert "raise `rules`, then: apod rebuild" in told.stdout
    rules("rules=1", "rules=2")
    assert typed("rebuild").returncode == 0
    again = typed("verify", "--json")
    assert again.returncode == 0, again.stdout
    causes = lab.rows("SELECT DISTINCT cause FROM sightings_revision WHERE observed_to IS NULL")
    assert causes == [("rules",)]


def test_a_file_that_was_changed_is_no_change_of_rules(tmp_path, database_url):
    """One letter of the CSV: that is damage, and is brought back."""
    with SimulatedWatch() as watch:
        lab = SetLab(watch, tmp_path / "archive", database_url, name="sightings")
        lab.run(watch.span)
    lab.archive.csv.chmod(0o644)
    lab.archive.csv.write_text(lab.archive.csv.read_text().replace("Far", "Fax", 1))
    told = lab.command("verify", "--json")
    assert "other values than what is stored" not in told.stdout
    assert "apod recover processed" in told.stdout
