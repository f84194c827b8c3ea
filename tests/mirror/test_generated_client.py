"""A client that is made of `/openapi.json` by a generator: what it gives is typed, and is what the mirror said."""

from __future__ import annotations

import datetime as dt
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apod_pipeline.extras.mirror.description import PATHS, description

BIN = Path(sys.executable).parent
CONFIGURATION = """
post_hooks: []
package_name_override: apod_sdk
content_type_overrides: { application/atom+xml: text/plain, "image/*": application/octet-stream }
"""
ASKED = {
    "/api/entries/{day}": "/api/entries/2020-06-01",
    "/api/entries/{day}/history": "/api/entries/2020-06-01/history",
    "/api/search": "/api/search?q=sky",
}
REFUSED = ["/api/entries/2020-06-10", "/api/search", "/planetary/apod?date=banana"]


@pytest.fixture(scope="module")
def sdk(address, client, tmp_path_factory):
    """The package that `openapi-python-client` makes."""
    folder = tmp_path_factory.mktemp("sdk")
    (folder / "openapi.json").write_bytes(client.get("/openapi.json").content)
    (folder / "config.yaml").write_text(CONFIGURATION)
    words = ["generate", "--path", "openapi.json", "--config", "config.yaml", "--meta", "none", "--fail-on-warning"]
    done = subprocess.run(
        [BIN / "openapi-python-client", *words, "--output-path", "apod_sdk"],
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"apod_sdk{name}")
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("apod_sdk")]:
        del sys.modules[name]


@pytest.fixture
def generated(sdk, address):
    """Calls an operation of the generated client by its name."""
    with sdk(".client").Client(base_url=address) as one:
        yield lambda name, **values: sdk(f".api.default.{name}").sync(client=one, **values)


def test_what_it_gives_is_typed(sdk, generated, served_lab):
    """An entry with its provenance, a search, a feed, one picture: each `parsed` is an object of its schema."""
    models, row = sdk(".models"), served_lab.entries()["2020-06-01"]
    entry = generated("entry", day=dt.date(2020, 6, 1))
    assert isinstance(entry, models.EntryState)
    assert (entry.entry.date, entry.entry.title) == (dt.date(2020, 6, 1), row["title"])
    assert entry.provenance.observed_from.tzinfo
    hits = generated("search", q="sky or star or light")
    assert isinstance(hits, models.Hits)
    assert all(isinstance(hit, models.Hit) for hit in hits.hits)
    assert generated("json_feed").items[0].title == served_lab.entries()["2020-06-18"]["title"]
    picture = generated("apod", date="2020-06-01")
    assert isinstance(picture, models.Apod)
    assert picture.title == row["title"]
    span = generated("apod", start_date="2020-06-01", end_date="2020-06-03")
    assert [one.date.day for one in span] == [1, 2, 3]


def test_a_refusal_is_typed_too(sdk, generated):
    """What is wrong comes as an object with the sentence in it."""
    refused = generated("entry", day=dt.date(2020, 6, 10))
    assert isinstance(refused, sdk(".models").Refusal)
    assert "no entry of 2020-06-10" in refused.error


def _schema_of(path, status):
    document = description("1")
    content = document["paths"][path]["get"]["responses"][str(status)]["content"]
    return {**next(iter(content.values()))["schema"], "components": document["components"]}


def _judge(value, path, status):
    from jsonschema import Draft202012Validator  # takes a second, of every process that collects the tests

    Draft202012Validator(_schema_of(path, status)).validate(value)


@pytest.mark.parametrize("path", [path for path, told in PATHS.items() if told.gives])
def test_answers_are_as_the_description_says(client, path):
    """Every JSON answer obeys its schema, to the last field."""
    answer = client.get(ASKED.get(path, path))
    assert answer.headers["content-type"].partition(";")[0] == PATHS[path].media_type
    _judge(answer.json(), path, answer.status_code)


@pytest.mark.parametrize("asked", REFUSED)
def test_refusals_are_as_the_description_says(client, asked):
    """So does what is refused."""
    answer = client.get(asked)
    path = asked.partition("?")[0]
    path = "/api/entries/{day}" if path.startswith("/api/entries/") else path
    _judge(answer.json(), path, answer.status_code)
