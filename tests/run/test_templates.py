"""A copied archive is as good as one that was made: nothing is new, the next version is made, all is well."""

from __future__ import annotations

import datetime as dt

from apod_pipeline.dataset.spans import Span

SPAN = Span(dt.date(2018, 12, 20), dt.date(2018, 12, 31))


def test_a_copy_goes_on_where_its_template_stood(lab, nasa, undisturbed):
    """No version where nothing is new, one where something is, and `apod verify` finds nothing."""
    lab.filled(SPAN)
    assert (lab.files(), lab.tables()) == undisturbed(SPAN)
    again = lab.run(SPAN)
    assert (again.exit_code, again.version, again.unchanged) == (0, None, len(SPAN))
    nasa.edit(SPAN.last, title="A Better Title")
    assert lab.run().changed == 1
    assert lab.commits() == 2
    assert lab.command("verify").returncode == 0
    assert not any("remote" in line for line in lab.told)
