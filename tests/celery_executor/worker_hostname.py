"""The name that a worker of these tests goes by.

Takes the variable `WORKER`, gives what Airflow asks of `core.hostname_callable`. Never asks the machine: both workers
run on one, and tasks are to tell which of them took them.
"""

import os


def worker_hostname() -> str:
    """The worker's name."""
    return os.environ["WORKER"]
