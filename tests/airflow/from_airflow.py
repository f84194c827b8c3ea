"""Scripts in processes that have imported Airflow already: forked from one that did, for its start takes seconds.

Takes a script, its words and variables, gives what `subprocess.run` gives. As a program it is the process that is
forked from: it does what it is asked on its standard input, a line of JSON each, until nobody is left who could ask.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

from airflow_bench import PROJECTS_DAGS
from plain_environment import plain_environment
from set_lab import SITE

PLUGINS = str(PROJECTS_DAGS.parent / "plugins")


class FromAirflow:
    """The process that is forked from, for as long as the block."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        place = os.pathsep.join([PLUGINS, str(SITE), *map(str, {Path(__file__).parent, Path(__file__).parents[1]})])
        self._own = plain_environment(
            PYTHONPATH=place, AIRFLOW__CORE__UNIT_TEST_MODE="True", AIRFLOW_HOME=self._folder.name
        )
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([sys.executable, __file__], **streams, env=self._own, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def python(self, script: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """What a script does that is given these words and variables."""
        said = [Path(self._folder.name, name) for name in ("out", "err")]
        asked = {"script": script, "words": words, "variables": self._own | more, "said": [str(path) for path in said]}
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(["python", *words], code, *(path.read_text() for path in said))


def _become(asked: dict[str, Any]) -> None:
    for number, path in enumerate(asked["said"], 1):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(asked["variables"])
    sys.argv = ["-c", *asked["words"]]


def _listen() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow says things when it is imported
    import airflow.sdk  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        if (child := os.fork()) == 0:
            _become(asked)
            exec(compile(asked["script"], "<script>", "exec"), {"__name__": "__main__"})  # noqa: S102 - a test's own
            return  # to an interpreter's own end
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


if __name__ == "__main__":
    _listen()
