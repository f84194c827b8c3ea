"""The stand-in servers that others wrote (`../shared/upstream`), each in a process of its own; steered over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

SHARED = Path(os.environ.get("APOD_SHARED", Path(__file__).parents[1].parent / "shared"))


class StandIn:
    """A running stand-in at an address."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def control(self, **message: object) -> None:
        """Turn its knobs."""
        with urlopen(Request(f"{self.url}/_control", json.dumps(message).encode(), method="POST"), timeout=10):
            return


@contextmanager
def running(script: Path, *words: str, patience: float = 60) -> Iterator[int]:
    """A stand-in on a free port, from when it answers to the end of the block; gives the port.

    Args:
        script: the program.
        words: what it is given beside the port.
        patience: seconds until it has read its data.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(script), *words, "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        _wait(StandIn(port), process, time.monotonic() + patience)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait(one: StandIn, process: subprocess.Popen[bytes], deadline: float) -> None:
    while True:
        try:
            return one.control(reset=True)
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
