from apod_airflow.daily import make_daily

dag = make_daily("sightings")
