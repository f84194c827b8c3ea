"""Which process of pytest-xdist runs which test.

Takes the names of all tests, gives the groups that stay together and what begins first. Everything else is dealt one
by one, where there is room.
"""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

ONE_AIRFLOW = frozenset(
    f"tests/airflow/{name}.py"
    for name in (
        "test_dags",
        "test_dags_alerts",
        "test_dags_backfill",
        "test_dags_faults",
        "test_dags_other_sets",
        "test_dags_stateless",
        "test_instance",
        "test_ui",
    )
)
"""The files whose tests share one running Airflow, which the last of them ends."""
ANOTHER = "tests/airflow/test_run_locally.py"
"""The file that starts Airflows of its own: after that one, since two at once would take all there is."""
TOGETHER = frozenset({"tests/airflow/test_dag_files.py", "tests/mirror/test_gallery.py"})
"""The files whose tests share something else that takes long to make."""
FIRST = ("tests/worlds/test_worlds.py::test_every_world", "tests/versions/test_remote_bytes.py::test_twenty_weekly")
"""Tests so long that one process would be left alone with them at the end."""


def shares_airflow(test: str) -> bool:
    """Whether a test, by its name, is one of those that share an Airflow."""
    return test.partition("::")[0] in ONE_AIRFLOW


class Dealing(LoadScopeScheduling):
    """The longest groups begin first.

    The mark `xdist_group` would keep them together too, and is not heeded under pytest 9.2 (pytest-xdist issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file in ONE_AIRFLOW or file == ANOTHER:
            return "airflow"
        return file if file in TOGETHER else nodeid


def place(test: str) -> int:
    """Where a test stands among all: the long ones at the beginning, those that have an Airflow in a row at the end."""
    if test.startswith(FIRST):
        return 0
    return 2 if shares_airflow(test) else 3 if test.startswith(ANOTHER) else 1
