"""What is looked at for security: no secret in any file, and a valid list of what an image holds."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASELINE = ".secrets.baseline"


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


@pytest.fixture
def files():
    """What Git holds, but for pins and pictures."""
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.skip("no Git checkout: nothing says which files are the project's")
    pins = ("requirements/", ".png")
    return [name for name in told.stdout.splitlines() if not (name.startswith(pins) or name.endswith(pins))]


def test_no_file_holds_a_secret(files, tmp_path):
    """Whatever looks like one and is not among the known made-up ones (`make made-up-secrets`) is a finding."""
    known = shutil.copy(ROOT / BASELINE, tmp_path)  # the hook writes new line numbers into it, and says so with a 3
    words = [_program("detect-secrets-hook"), "--baseline", str(known), *(name for name in files if name != BASELINE)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 3}, done.stdout


def test_a_secret_would_be_found(tmp_path):
    """A key in a new file is named with its line."""
    file = tmp_path / "settings.py"
    file.write_text('aws = "AKIA' + 'IOSFODNN7EXAMPLF"\n', encoding="utf-8")  # in two pieces: this file is scanned too
    words = [_program("detect-secrets-hook"), "--baseline", str(ROOT / BASELINE), str(file)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, f"{file}:1" in done.stdout) == (1, True)


def test_the_list_of_components_is_valid_and_complete():
    """CycloneDX's own schema accepts it, and each package is there once with its version."""
    sys.path.insert(0, str(ROOT / "deploy"))
    try:
        import sbom
    finally:
        sys.path.pop(0)
    rows = [[one.name, one.version] for one in importlib.metadata.distributions()]
    told = json.loads(sbom.document("here", [*sbom.python(rows), *sbom.debian([["git", "1:2.39", "amd64"]])]))
    found = {one["name"]: one["version"] for one in told["components"]}
    assert found == {**dict(rows), "git": "1:2.39"}
    assert "pkg:deb/debian/git@1:2.39?arch=amd64" in {one["purl"] for one in told["components"]}
