"""`apod simulate`: a NASA of one's own, told where it is, and gone when it is told to go."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest


def _started(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "apod_pipeline.cli", "simulate", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_address_and_ends_cleanly(sent):
    """Its first line holds the address, where both services answer; SIGTERM and Ctrl-C end it with 0 and no word."""
    with _started("--today", "2018-12-31") as process:
        said, advice = process.stdout.readline(), process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
        assert httpx.get(f"{url}/wp-json/wp/v2/apod-basic/181231").json()["date"].startswith("2018-12-31")
        assert httpx.get(f"{url}/planetary/apod?api_key=DEMO_KEY").json()["date"] == "2018-12-31"
        process.send_signal(sent)
        rest, words = process.communicate(timeout=10)
    assert (process.returncode, rest, words) == (0, "", "")
    assert f"APOD_SCIENCE_URL={url} APOD_PLANETARY_URL={url} apod run" in advice
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0


def test_a_taken_port_is_told():
    """A port that somebody else listens on: exit code 2, and another port is advised."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with _started("--port", port) as process:
            _, words = process.communicate(timeout=10)
    assert process.returncode == 2
    assert "choose another port" in words


def test_the_demo_does_not_touch_what_no_demo_made(lab):
    """`apod demo` in a folder that somebody else made: exit code 2, and nothing in it is touched."""
    lab.root.mkdir()
    (lab.root / "mine.txt").write_text("mine")
    done = lab.command("demo", "--archive", str(lab.root))
    assert done.returncode == 2
    assert "Nothing was touched" in done.stderr
    assert [path.name for path in lab.root.iterdir()] == ["mine.txt"]
