"""What is said of a data set whose description names what there is not."""

from __future__ import annotations

import pytest

from apod_pipeline.dataset.about import Search
from apod_pipeline.dataset.fields import Columns, Field
from apod_pipeline.dataset.installed import data_set, names
from apod_pipeline.dataset.soundness import fault
from apod_pipeline.dataset.values import checked, misfits

SIGHTINGS = data_set("sightings")
FIELDS = SIGHTINGS.columns.fields


def with_columns(fields=FIELDS, output=("sighting",), **more):
    """The toy set with other columns."""
    return SIGHTINGS._replace(columns=Columns(fields, output, **{"day": "night", **more}))


def test_what_is_installed_is_sound():
    """Nothing is wrong with any of them."""
    assert {name: fault(data_set(name)) for name in names()} == dict.fromkeys(names())


def test_an_unknown_kind_is_told_with_the_kinds_there_are():
    """The field and its kind, and what it might be; kinds of the database's own columns are none."""
    for kind in ("txt", "words"):
        said = fault(with_columns((*FIELDS, Field("size", kind, "how large"))))
        assert all(word in said for word in ("'size'", repr(kind), "large count", "truth"))
        assert "words," not in said


@pytest.mark.parametrize(
    "wrong",
    [
        with_columns(output=("sighting", "plaec")),
        with_columns(day="plaec"),
        with_columns(loose=("plaec",)),
        with_columns(source="plaec"),
        SIGHTINGS._replace(about=SIGHTINGS.about._replace(shown=("plaec",))),
        SIGHTINGS._replace(about=SIGHTINGS.about._replace(called=("plaec",))),
        SIGHTINGS._replace(search=Search({"A": (("plaec",), 100)})),
        SIGHTINGS._replace(search=Search({}, filters=("plaec",))),
    ],
    ids=range(8),
)
def test_an_unknown_field_is_told_with_the_fields_there_are(wrong):
    """Wherever it is named."""
    said = fault(wrong)
    assert "'plaec'" in said
    assert "sighting, night, place, brightness, heard" in said


def test_an_example_of_another_kind_is_found():
    """A number where a text belongs, a word that is not among those allowed."""
    fields = (Field("a", "text", "", example=7), Field("b", "name", "", allowed=("x",), example="y"), FIELDS[0])
    assert misfits(fields) == ["a", "b"]


def test_a_field_that_the_rules_leave_out_is_told():
    """They must say None: what is forgotten would be NULL, and nobody would know."""
    assert "size is left out" in checked([Field("size", "number", "", nullable=True)])({})
