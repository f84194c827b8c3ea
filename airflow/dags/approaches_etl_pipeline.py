"""Close approaches of asteroids and comets, daily; the tasks are those of `apod_etl_pipeline`."""

from apod_airflow.daily import make_daily

dag = make_daily("approaches", zone="UTC")
