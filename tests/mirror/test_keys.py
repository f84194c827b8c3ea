"""Keys: NASA's gateway's own refusals, and a rolling limit that all processes share and that outlives them."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apod_pipeline.archive.folder import Archive
from apod_pipeline.datasets.apod import DATA_SET
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.mirror.counts import counts_of
from apod_pipeline.extras.mirror.gateway import KeyedGate, digest, read_keys
from mirror.conftest import ended, started

KEY, SMALL, CLOSED = "k" * 40, "s" * 40, "c" * 40


@pytest.fixture
def keys(tmp_path):
    """A file of three keys: one with room, one with three requests an hour, one that is disabled."""
    file = tmp_path / "keys.toml"
    limits = {KEY: 1000, SMALL: 3, CLOSED: 0}
    file.write_text("".join(f'[[key]]\nsha256 = "{digest(key)}"\nlimit = {limit}\n' for key, limit in limits.items()))
    return file


@pytest.fixture
def guarded(served_lab, keys):
    """The mirror with keys on, in two processes."""
    (served_lab.archive.private / "mirror-counts.sqlite").unlink(missing_ok=True)
    process, address = started(served_lab, "--keys", str(keys), "--workers", "2")
    yield f"{address}/planetary/apod"
    ended(process)


def test_who_has_no_key_is_refused_as_nasa_does(guarded):
    """Missing, wrong and disabled keys are 403 in the gateway's words, without rate limits, with CORS."""
    for key, code in ((None, "API_KEY_MISSING"), ("x" * 40, "API_KEY_INVALID"), (CLOSED, "API_KEY_DISABLED")):
        answer = httpx.get(guarded, params={"api_key": key} if key else {})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "x-ratelimit-limit" not in answer.headers


@pytest.mark.parametrize(
    ("accept", "kind"), [("text/html,*/*", "text/html"), ("text/xml", "text/xml"), ("text/csv", "text/csv")]
)
def test_refusals_come_as_they_are_wished(guarded, accept, kind):
    """By the Accept header: HTML, XML or CSV in place of JSON."""
    answer = httpx.get(guarded, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (403, kind)
    assert "API_KEY_MISSING" in answer.text


def test_a_key_counts_wherever_it_stands(guarded):
    """By header, query or the user's name; each request leaves one less."""
    basic = {"Authorization": f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}"}
    left = [
        int(httpx.get(guarded, params=query, headers=headers).headers["x-ratelimit-remaining"])
        for query, headers in (({"api_key": KEY}, {}), ({}, {"X-Api-Key": KEY}), ({}, basic))
    ]
    assert left == [999, 998, 997]


def test_the_limit_holds_across_processes_and_restarts(served_lab, keys, guarded):
    """Whichever process answers, the fourth request is 429 with the seconds to wait; after a restart it still is."""
    told = [httpx.get(guarded, params={"api_key": SMALL}) for _ in range(6)]
    assert [answer.status_code for answer in told] == [200] * 3 + [429] * 3
    assert told[-1].json()["error"]["code"] == "OVER_RATE_LIMIT"
    assert 1 <= int(told[-1].headers["retry-after"]) <= 7200
    process, address = started(served_lab, "--keys", str(keys))
    try:
        again = httpx.get(f"{address}/planetary/apod", params={"api_key": SMALL})
        assert (again.status_code, again.headers["x-ratelimit-remaining"]) == (429, "0")
    finally:
        ended(process)


@given(st.integers(1, 20), st.lists(st.integers(0, 1800), min_size=1, max_size=60))
def test_the_window_rolls(tmp_path_factory, limit, pauses):
    """However requests come, no hour on the clock holds more than the limit; and who waits as told may pass."""
    clock = [1_000_000.0]
    gate = KeyedGate({digest(KEY): limit}, tmp_path_factory.mktemp("counts") / "counts", now=lambda: clock[0])
    passed = []
    for pause in pauses:
        clock[0] += pause
        passage = gate(KEY)
        if passage.refused:
            clock[0] += int(dict(passage.headers)[b"retry-after"])
            passage = gate(KEY)
        assert passage.refused is None
        passed.append(clock[0])
    gate.close()
    hours = [at // 3600 for at in passed]
    assert max(hours.count(hour) for hour in hours) <= limit


@pytest.mark.parametrize("text", ["", "key = 1", "[[key]]\nname = 'x'", "[[key]]\nsha256 = 'x'\nlimit = 'many'", "{"])
def test_a_file_that_holds_no_keys(tmp_path, text):
    """It is refused before anything is served, and says where it is shown how one looks."""
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(SettingsError, match=r"docs/serve\.md"):
        read_keys(tmp_path / "keys.toml")


def test_no_cache_between_gives_an_answer_to_somebody_else(guarded):
    """With keys on, answers are private, and vary with where a key may stand; a refusal is not kept."""
    answer = httpx.get(guarded, params={"api_key": KEY, "date": "2020-06-01"})
    assert answer.headers["cache-control"].startswith("private, ")
    assert {"x-api-key", "authorization"} <= {name.strip().lower() for name in answer.headers["vary"].split(",")}
    page = httpx.get(guarded.replace("/planetary/apod", "/calendar"))
    assert page.headers["cache-control"].startswith("private, ")
    assert "public" not in httpx.get(guarded).headers.get("cache-control", "")


def test_counts_lie_where_nobody_else_writes(tmp_path, served_lab):
    """In the archive; where there is none in the user's own state folder, apart for each archive and file of keys."""
    keys, nowhere = tmp_path / "keys.toml", Archive(tmp_path / "no-archive", DATA_SET)
    assert counts_of(served_lab.archive, keys) == served_lab.archive.private / "mirror-counts.sqlite"
    environ = {"XDG_STATE_HOME": str(tmp_path / "state")}
    file = counts_of(nowhere, keys, environ)
    assert file.parent == tmp_path / "state" / "apod-pipeline"
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert counts_of(nowhere, keys, environ) == file
    assert file != counts_of(nowhere, tmp_path / "other.toml", environ)
    assert file != counts_of(Archive(tmp_path / "another", DATA_SET), keys, environ)
    file.parent.chmod(0o777)  # somebody else could have made the file first
    passing = counts_of(nowhere, keys, environ)
    assert passing.parent.name.startswith("apod-serve-counts-")
    assert passing.parent.stat().st_mode & 0o777 == 0o700


def test_keys_over_an_archive_that_may_only_be_read(served_lab, keys, tmp_path):
    """As containers mount it: the mirror starts, and counts all the same, in a folder of its own."""
    apart = ["unshare", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount can be made here")
    (tmp_path / "state").mkdir()
    root = served_lab.root
    read_only = f"mount --bind {root} {root} && mount -o remount,bind,ro {root}"
    command = f"{read_only} && exec {sys.executable} -m apod_pipeline.cli serve --port 0 --keys {keys}"
    environment = served_lab.environment(XDG_STATE_HOME=str(tmp_path / "state"))
    process = subprocess.Popen([*apart, "sh", "-c", command], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", process.stdout.readline())
        assert found
        asked = [httpx.get(f"{found[0]}/planetary/apod", params={"api_key": SMALL}).status_code for _ in range(4)]
        assert asked == [200, 200, 200, 429]
    finally:
        ended(process)
