"""Ctrl-C and a container's stop in the middle of a backfill: it ends soon, and goes on where it was."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from patience import until

LAST_PAGE = "date_from=181222"


def _backfill(lab, span, **environment):
    words = ["backfill", "--from", str(span.first), "--to", str(span.last), "--source", "science"]
    return subprocess.Popen(
        [sys.executable, "-m", "apod_pipeline.cli", *words],
        env=lab.environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_an_interrupted_backfill_goes_on(lab, nasa, span, undisturbed, sent, code):
    """Stopped while the last page is awaited, it keeps what came; the same command then ends as if nothing had been."""
    nasa.fault("timeout", match=LAST_PAGE, seconds=60)
    with _backfill(lab, span, APOD_HTTP_TIMEOUT="1", APOD_HTTP_RETRIES="1") as process:
        until(lambda: lab.archive.ledger.exists() and sum(1 for _ in lab.archive.raw.glob("*.json")) == 2)
        process.send_signal(sent)
        output, words = process.communicate(timeout=20)
    assert process.returncode == code
    assert output == ""
    if sent == signal.SIGINT:
        assert words.strip().splitlines()[-1].endswith("type the same command again to continue.")
        assert "Traceback" not in words
    nasa.clear_faults()
    asked = len(nasa.requests)
    outcome = lab.run(span, missing=True, sources=("science",))
    assert outcome.exit_code == 0
    assert lab.files() == undisturbed(span, sources=("science",))[0]
    assert [path for _, path, _ in nasa.requests[asked:] if "date_from=181102" in path] == []
    assert list(lab.archive.incoming.iterdir()) == []


def test_ctrl_c_does_not_wait_for_a_service_that_hangs(lab, nasa, span):
    """Nobody answers, each try takes a second and five would be made: Ctrl-C ends within one try, not after all."""
    nasa.fault("timeout", match="wp-json", seconds=60)
    with _backfill(lab, span, APOD_HTTP_TIMEOUT="3", APOD_HTTP_RETRIES="5") as process:
        until(lambda: len(nasa.requests) >= 3, 60)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    assert time.monotonic() - begin < 2.5
