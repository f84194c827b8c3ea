"""The program as it was at a commit of this checkout's own history."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


def unpacked(commit: str, folder: Path) -> str:
    """What PYTHONPATH must be for the code of a commit; skips where the checkout does not hold it."""
    words = ["git", "-C", str(CHECKOUT), "archive", commit, "src"]
    packed = subprocess.run(words, capture_output=True, check=False, timeout=60)
    if packed.returncode:
        pytest.skip(f"this checkout does not hold commit {commit}")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True, timeout=60)
    return str(folder / "src")
