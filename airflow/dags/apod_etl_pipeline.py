"""The daily run of the design document, on Airflow: eight tasks in a row, each a step of `apod_pipeline`.

Takes a run's date or its params, gives a version of the archive. Its tasks stand in `apod_airflow.daily`, for every
data set's daily run alike; here stands its clock.
"""

from __future__ import annotations

from apod_airflow.daily import make_daily

dag = make_daily("apod", zone="America/New_York")
