"""A DAG that is to end within a second, and goes on until the test lets it."""

import datetime as dt

from airflow.sdk import Param, dag, task
from apod_airflow.notices import deadline


@dag(schedule=None, catchup=False, params={"may_end": Param("", type="string")}, **deadline(dt.timedelta(seconds=1)))
def misses_its_deadline():
    """One task."""

    @task(execution_timeout=dt.timedelta(minutes=2))
    def go_on(**context):
        import time
        from pathlib import Path

        while not Path(context["params"]["may_end"]).exists():
            time.sleep(0.1)

    go_on()


misses_its_deadline()
