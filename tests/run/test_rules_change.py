"""What happens to an archive when our own rules, or the preference, change."""

from __future__ import annotations

import dataclasses
import datetime as dt

from apod_pipeline.dataset.spans import Span
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.datasets.apod.rules import RULES_VERSION
from apod_pipeline.jobs.rehearsal import rehearse
from apod_pipeline.settings import resolve
from apod_pipeline.wiring import pipeline

SPAN = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))


def shouting(readings):
    """Another transform: one title in two in capitals."""
    for number, row in enumerate(map(DATA_SET.derive, readings)):
        yield row | {"title": row["title"].upper()} if number % 2 else row


def test_new_rules_make_revisions_of_cause_rules(lab):
    """New rules: one version of its own, revisions of cause `rules` for the entries they word otherwise, none else."""
    lab.filled(SPAN)
    before = lab.entries()
    with pipeline(resolve(lab.all_flags(), {}, None), lab.told.append) as wired:
        wired.derivation = dataclasses.replace(wired.derivation, transform=shouting, rules=RULES_VERSION + 1)
        outcome = wired.run(_wanted())
        again = wired.run(_wanted())
    changed = {day for day, row in lab.entries().items() if row != before[day]}
    assert len(changed) == len(SPAN) // 2
    assert outcome.version
    assert again.version is None
    revisions = lab.rows(
        "SELECT date, cause, changed FROM apod_revision "
        "WHERE observed_from > (SELECT min(observed_from) FROM apod_revision)"
    )
    assert {row[0] for row in revisions} == changed
    assert {(row[1], tuple(row[2])) for row in revisions} == {("rules", ("title",))}
    assert "reworded" in lab.git("log", "-1", "--format=%b")


def test_states_of_old_rules_survive_a_rebuild(lab):
    """Rebuilt from files with the new rules, the tables still tell what the old rules had made of a day."""
    lab.filled(SPAN)
    with pipeline(resolve(lab.all_flags(), {}, None), lab.told.append) as wired:
        wired.derivation = dataclasses.replace(wired.derivation, transform=shouting, rules=RULES_VERSION + 1)
        wired.run(_wanted())
        before = lab.tables()
        lab.rows_deleted()
        wired.rebuild()
    assert lab.tables() == before


def test_another_preference_is_a_version_of_its_own(lab):
    """Preferring the old service makes revisions of cause `preference` for days of which both told something."""
    lab.filled(SPAN)
    lab.run(SPAN, sources=("planetary",))
    lab.run(preference=("planetary", "science", "file"))
    causes = lab.rows("SELECT cause, count(*) FROM apod_revision GROUP BY 1 ORDER BY 1")
    assert causes == [("preference", len(SPAN)), ("source", len(SPAN))]
    assert {row["source"] for row in lab.entries().values()} == {"planetary"}


def loud_on_even_days(readings):
    """Another one: titles in capitals on even days."""
    for row in map(DATA_SET.derive, readings):
        yield row | {"title": row["title"].upper()} if int(row["date"][-2:]) % 2 == 0 else row


def test_a_rehearsal_tells_what_new_rules_would_change(lab):
    """How many entries, by field, five samples, and what would be refused; and nothing is written."""
    lab.filled(SPAN)
    before, ledger = lab.files(), sorted(path.read_bytes() for path in lab.archive.ledger.iterdir())
    with pipeline(resolve(lab.all_flags(), {}, None), lab.told.append) as wired:
        gate = wired.derivation.gate
        refusing = dataclasses.replace(
            wired.derivation,
            transform=loud_on_even_days,
            gate=lambda rows: gate(rows) | {row["date"]: "not today" for row in rows if row["date"] == str(SPAN.last)},
        )
        told = rehearse(refusing)
    assert (told.entries, told.revisions, told.refused) == (len(SPAN), 6, {str(SPAN.last): "not today"})
    assert told.fields == {"title": 6}
    assert len(told.samples) == 5
    assert all(new == was.upper() for fields in told.samples.values() for was, new in fields.values())
    assert (lab.files(), sorted(path.read_bytes() for path in lab.archive.ledger.iterdir())) == (before, ledger)


def test_a_rehearsal_of_the_same_rules_finds_nothing(lab):
    """As the command says it."""
    lab.filled(SPAN)
    done = lab.command("rebuild", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"0 of {len(SPAN)} entries would get a revision" in done.stdout


def _wanted():
    from apod_pipeline.run.pipeline import Wanted

    return Wanted("run")
