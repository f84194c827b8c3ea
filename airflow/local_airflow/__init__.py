"""A real Airflow on this machine: its four parts as processes, its metadata in a PostgreSQL beside them.

Takes a home folder and a DAG folder, gives a healthy Airflow for the length of a block, never leaves a process
behind and never imports Airflow: its parts are programs.

    with LocalAirflow(home, dags).running() as airflow:
        airflow.api.get("/dags")

    instance.py ──► databases.py      two roles, two databases, one server
        │      ├──► secret_files.py   passwords and keys, made once, 0600
        │      ├──► surroundings.py   the variables that every part gets
        │      ├──► parts.py          start, watch, stop
        │      ├──► rest.py           Airflow's API
        │      └──► connections.py    what the UI shows, made where absent
"""

from local_airflow.instance import LocalAirflow
from local_airflow.parts import Part, PartEnded, StopWanted, first_ended
from local_airflow.rest import RestApi, RestError

__all__ = ["LocalAirflow", "Part", "PartEnded", "RestApi", "RestError", "StopWanted", "first_ended"]
