"""How many requests may go to NASA's services at one time: a pool of Airflow's, in which a slot is one request.

Takes the environment, gives the arguments of the tasks that ask, and the most requests that one of them may make. Never
looks whether the pool is there: who reads DAG files may not ask Airflow's database. So there is one only where
`APOD_AIRFLOW_POOL` names it; it must be made, with as many slots as a task takes or more. Otherwise the tasks are in
the pool that every Airflow has, with one slot as any other task, however few of them there are.

Parts of a backfill go one after another: each makes as many requests as the budget allows, and writes to an archive
that has one writer. Side by side they would hold slots and workers only to wait for each other.
"""

from __future__ import annotations

import os
from typing import Any

_USUAL = 4
_asked = os.environ.get("APOD_HTTP_CONCURRENCY", "")
_pool = os.environ.get("APOD_AIRFLOW_POOL")

REQUESTS = int(_asked) if _asked.isdecimal() and int(_asked) else _USUAL
"""Of one task at one time. What is no number is told by the task itself, in the library's words."""
ASKING: dict[str, Any] = {"pool": _pool, "pool_slots": REQUESTS} if _pool else {}
"""Arguments of a task that asks."""
PARTS: dict[str, Any] = {**ASKING, "max_active_tis_per_dag": 1}
"""Arguments of a mapped task that asks for one part of many."""
