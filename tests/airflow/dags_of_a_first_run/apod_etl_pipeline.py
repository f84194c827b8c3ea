"""In place of the main DAG: one task that asks the simulated NASA."""

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False)
def apod_etl_pipeline():
    """One task."""

    @task
    def ask():
        import os

        import httpx

        return httpx.get(f"{os.environ['APOD_SCIENCE_URL']}/wp-json/wp/v2/apod-basic").raise_for_status().status_code

    ask()


apod_etl_pipeline()
