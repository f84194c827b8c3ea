"""Whatever the description allows, and much that it does not: asked by Schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from apod_pipeline.extras.mirror.description import PATHS


def test_nothing_that_is_asked_is_a_fault_of_ours(address, tmp_path):
    """No 5xx for generated requests to every path of `/openapi.json`."""
    program = Path(sys.executable).with_name("schemathesis")
    words = ["run", f"{address}/openapi.json", "--checks", "not_a_server_error", "--max-examples", "25", "--seed", "1"]
    quick = ["--phases", "examples,coverage,fuzzing", "--request-timeout", "20", "--no-color"]
    done = subprocess.run(
        [program, *words, *quick], capture_output=True, text=True, timeout=240, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{len(PATHS)} selected" in done.stdout, done.stdout[-4000:]
