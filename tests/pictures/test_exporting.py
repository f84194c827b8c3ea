"""Pictures for others: by their rights, with the words that say so."""

from __future__ import annotations

import csv
import hashlib

from apod_pipeline.datasets.apod.rules.rights import REDISTRIBUTABLE


def test_only_what_may_be_passed_on(hung, tmp_path):
    """By default those are copied whose credit says that they may be; each file is what its name says."""
    done = hung.command("pictures", "export", "--output", str(tmp_path / "free"))
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((tmp_path / "free" / "pictures.csv").read_text().splitlines()))
    allowed = {key for (key,) in hung.rows(f"SELECT date FROM apod_entry WHERE rights IN {REDISTRIBUTABLE}")}
    assert {row["key"] for row in rows} == allowed & hung.kept().keys()
    for row in rows:
        body = (tmp_path / "free" / row["file"]).read_bytes()
        assert hashlib.sha256(body).hexdigest() == row["sha256"]
        assert row["rights"] in REDISTRIBUTABLE
        assert row["rights_evidence"]
    assert len(list((tmp_path / "free").iterdir())) == len(rows) + 1


def test_all_pictures(hung, tmp_path):
    """With --rights all every picture is copied; a folder that holds something is left alone."""
    words = ("pictures", "export", "--rights", "all", "--output", str(tmp_path / "all"))
    assert hung.command(*words).returncode == 0
    rows = list(csv.DictReader((tmp_path / "all" / "pictures.csv").read_text().splitlines()))
    assert {row["key"] for row in rows} == hung.kept().keys()
    assert {row["rights"] for row in rows} - {*REDISTRIBUTABLE} <= {"unknown", "copyrighted"}
    again = hung.command(*words)
    assert again.returncode == 2
    assert "is not empty" in again.stderr
