"""`docs/add-a-data-set.md` tells the truth: its files are the example's, and the example works as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "fireballs"
PAGE = (ROOT / "docs" / "add-a-data-set.md").read_text(encoding="utf-8")
FILES = re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(("name", "text"), FILES, ids=[name for name, _ in FILES])
def test_a_file_on_the_page_is_the_examples(name, text):
    """To the letter; who changes one changes the other."""
    assert (EXAMPLE / name).read_text(encoding="utf-8") == text


def test_the_page_has_the_whole_package():
    """Nothing of it is left for the reader to guess."""
    there = [path for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".toml"} and "build" not in path.parts]
    assert sorted(name for name, _ in FILES) == sorted(path.relative_to(EXAMPLE).as_posix() for path in there)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The files on the page as a package that is installed beside this one; gives how `apod` is typed there."""
    made, site = tmp_path_factory.mktemp("page"), tmp_path_factory.mktemp("site")
    for name, text in FILES:
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    words = [
        BIN / "uv",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--offline",
        "--target",
        site,
        made,
    ]
    subprocess.run(list(map(str, words)), check=True, capture_output=True)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("APOD_", "POSTGRES_"))}

    def apod(*words):
        environment = {**plain, "PYTHONPATH": str(site)}
        return subprocess.run(
            [BIN / "apod", *words], cwd=made, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return apod


@pytest.mark.process
def test_it_is_listed_and_can_be_set(installed):
    """`apod datasets` knows it, `apod init` makes an archive of it, `apod config` shows its settings."""
    told = {one["name"]: one for one in json.loads(installed("datasets", "--json").stdout)["datasets"]}
    assert told["fireballs"]["title"] == "Fireballs that satellites saw"
    done = installed("init", "--dataset", "fireballs", "--archive", "fireballs-archive")
    assert done.returncode == 0, done.stderr
    assert "APOD_FIREBALLS_URL" in installed("config", "--archive", "fireballs-archive").stdout


@pytest.mark.process
def test_its_demonstration_goes_well(installed):
    """Everything, nothing new, an edit, a lie, the truth, and an audit that finds nothing."""
    done = installed("demo", "--dataset", "fireballs")
    assert done.returncode == 0, done.stdout + done.stderr
