"""A DVC remote that is there when the push begins, and gone before it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest


class Objects(ThreadingHTTPServer):
    """A DVC remote over HTTP in memory; with `room` for so many objects, after which it answers nobody any more."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.held: dict[str, bytes] = {}
        self.room: int | None = None
        self.lock = threading.Lock()
        self.before_taking: Callable[[], object] = lambda: None

    @property
    def gone(self) -> bool:
        return self.room == 0


class _Handler(BaseHTTPRequestHandler):
    server: Objects

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        if self.server.gone:
            self.close_connection = True  # without a word
            return
        body = self.server.held.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if with_body and body:
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.before_taking()
        body = self._body()
        with self.server.lock:
            if self.server.gone:
                self.close_connection = True
                return
            self.server.held[self.path] = body
            if self.server.room is not None:
                self.server.room -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        if length := self.headers.get("Content-Length"):
            return self.rfile.read(int(length))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *words: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def objects():
    """A DVC remote that can vanish."""
    with Objects() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _words(span):
    return "run", "--from", str(span.first), "--to", str(span.last)


@pytest.mark.parametrize("room", [1, 4, 5])
def test_a_remote_that_vanishes_half_way_is_completed_later(lab, objects, span, undisturbed, room):
    """Some objects are pushed and others not: nothing is committed, it is told, and the next run pushes the rest."""
    lab.flags["dvc_remote"] = f"http://127.0.0.1:{objects.server_port}/dvc"
    objects.room = room
    done = lab.command(*_words(span))
    assert done.returncode == 1
    assert re.search(r"dvc .*Nothing was committed.*type the same command again", done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert len(objects.held) == room
    assert lab.git("for-each-ref") == ""
    early = dict(objects.held)
    objects.room = None
    assert lab.command(*_words(span)).returncode == 0
    assert (lab.commits(), lab.versions()) == (1, 1)
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert early.items() <= objects.held.items()
    cached = {f"{p.parent.name}/{p.name}" for p in (lab.root / ".dvc/cache/files/md5").rglob("*") if p.is_file()}
    assert {"/".join(name.rsplit("/", 2)[1:]) for name in objects.held} == cached


def test_dvc_killed_in_the_middle_of_its_push_is_told_and_made_good(lab, objects, span, undisturbed):
    """SIGKILL to DVC's process while the remote takes an object: the run says so, and the next one completes."""
    lab.flags["dvc_remote"] = f"http://127.0.0.1:{objects.server_port}/dvc"
    words = [sys.executable, "-m", "apod_pipeline.cli", *_words(span)]

    def kill() -> None:
        for child in psutil.Process(run.pid).children():
            if "apod_pipeline.dvc_process" in " ".join(child.cmdline()):
                os.kill(child.pid, signal.SIGKILL)
                child.wait()

    with subprocess.Popen(words, env=lab.environment(), stderr=subprocess.PIPE, text=True) as run:
        objects.before_taking = kill
        said = run.stderr.read()
    assert run.returncode == 1
    assert "as if killed" in said
    assert lab.git("for-each-ref") == ""
    objects.before_taking = lambda: None
    assert lab.command(*_words(span)).returncode == 0
    assert (lab.files(), lab.tables()) == undisturbed(span)
    assert lab.commits() == 1
