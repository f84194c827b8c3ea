"""Which process of pytest-xdist runs which test.

Takes the names of all tests, gives the groups that stay together and what begins first. Everything else is dealt one
by one, where there is room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

ONE_AIRFLOW = frozenset(
    f"tests/airflow/{name}.py"
    for name in (
        "test_dags",
        "test_dags_alerts",
        "test_dags_backfill",
        "test_dags_faults",
        "test_dags_other_sets",
        "test_dags_stateless",
        "test_dags_store",
        "test_instance",
        "test_ui",
    )
)
"""The files whose tests share one running Airflow, which the last of them ends."""
ANOTHER = "tests/airflow/test_run_locally.py"
"""The file that starts Airflows of its own: after that one, since two at once would take all there is."""
TOGETHER = (
    "tests/mirror/",
    "tests/versions/",
    "tests/real/",
    "tests/run/test_takeover.py",
    "tests/toy/",
    "tests/datasets/test_add_a_",
    "tests/run/test_stuck_archives.py",
    "tests/run/test_yesterdays_archives.py",
    "tests/exporting/",
    "tests/system/test_pgbouncer.py",
    "tests/system/test_tls.py",
    "tests/on_kubernetes/",
    "tests/simulator/",
    "tests/airflow/test_dag_files.py",
    "tests/datasets/test_science_feed.py",
    "tests/datasets/test_real_records.py",
)
"""What shares something else that takes long to make, a server, a browser or an archive: the longest first."""
FIRST = ("tests/worlds/test_worlds.py::test_every_world", "tests/run/test_whole_history.py", "tests/run/test_crowd.py")
"""Tests so long that one process would be left alone with them at the end."""


def shares_airflow(test: str) -> bool:
    """Whether a test, by its name, is one of those that share an Airflow."""
    return test.partition("::")[0] in ONE_AIRFLOW


class Dealing(LoadScopeScheduling):
    """The longest groups begin first.

    The mark `xdist_group` would keep them together too, and is not heeded under pytest 9.2 (pytest-xdist issue 1386).
    """

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False  # the order is that of `place`
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        if shares_airflow(nodeid) or nodeid.startswith(ANOTHER):
            return "airflow"
        return next(filter(nodeid.startswith, TOGETHER), nodeid)


def place(test: str) -> int:
    """Where a test stands among all: what takes longest at the beginning, those that have an Airflow in a row."""
    if shares_airflow(test) or test.startswith(ANOTHER):
        return int(test.startswith(ANOTHER))
    if test.startswith(FIRST):
        return 2
    return 3 + next((number for number, name in enumerate(TOGETHER) if test.startswith(name)), len(TOGETHER))
