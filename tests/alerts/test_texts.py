"""What is said: each text, the page that shows it, the commands in it, and words of one's own."""

from __future__ import annotations

import datetime as dt
import logging
import shlex
from pathlib import Path

import click
import pytest

from apod_pipeline.cli import apod
from apod_pipeline.extras.alerts.kinds import KINDS
from apod_pipeline.extras.alerts.messages import ENDING, OURS, Wording
from apod_pipeline.extras.alerts.page import FACTS, filled, renewed
from apod_pipeline.settings.masking import masked

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"


def test_the_page_shows_every_text():
    """docs/alerts.md says today's words; `make docs` renews it."""
    assert {path.stem for path in OURS.iterdir()} == {name for name, _ in filled()} == {*KINDS, "all-clear", "test"}
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page


@pytest.mark.parametrize(("name", "message"), [*filled()], ids=lambda one: one if isinstance(one, str) else "")
def test_a_text_is_plain(name, message):
    """A subject of one line that names the data set, and commands that there are, with their options."""
    assert message.subject.startswith("apod: ")
    assert len(message.subject) <= 100
    for line in f"{message.subject}\n{message.text}".splitlines():
        if line.startswith(("apod ", "  do: apod ")):
            _, *words = shlex.split(line.removeprefix("  do: "))
            context = click.Context(apod, **apod.context_settings)  # a command keeps the help option that it first gets
            apod.get_command(context, words[0]).make_context(words[0], words[1:], parent=context)


def test_words_of_ones_own(tmp_path, caplog):
    """A file of the same name replaces ours; one that cannot be filled in is logged, and ours is sent."""
    (tmp_path / f"test{ENDING}").write_text("Hello from {{ dataset }}\nIt lies in {{ archive }}.")
    wording = Wording(FACTS, (), tmp_path)
    assert wording.filled("test", "test", {})[1:] == ("Hello from apod", "It lies in /srv/apod.\n")
    (tmp_path / f"test{ENDING}").write_text("{{ nobody_knows_this }}")
    with caplog.at_level(logging.WARNING):
        assert wording.filled("test", "test", {}).subject == "apod: a test of the alerts"
    assert "cannot be used (UndefinedError)" in caplog.text


def test_a_sample_is_no_template(tmp_path):
    """What a service said is shown as it came, whatever Jinja would make of it."""
    facts = {
        "source": "science",
        "reason": "{{ 7 * 7 }}",
        "sample": "{% raw %}{{ archive }}",
        "reply": "r.json",
        "accept": "",
    }
    days = {"first": "2026-01-10", "last": "2026-01-10", "count": 1}
    text = Wording(FACTS).filled("alert", "refused", facts | days | {"kind": "refused", "since": str(dt.date.min)}).text
    assert "{{ 7 * 7 }}" in text
    assert "{% raw %}{{ archive }}" in text


def test_secrets_are_masked():
    """The longest first, so that no part of one is left."""
    assert masked("it is hunter22 and hunter2", ("hunter22", "hunter2")) == "it is *** and ***"
