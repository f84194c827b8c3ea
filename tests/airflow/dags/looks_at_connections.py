"""A DAG that says where its connections lead, secrets included: Airflow must mask them."""

from airflow.sdk import dag, task


@dag(schedule=None, catchup=False)
def looks_at_connections():
    """One task."""

    @task
    def look():
        from airflow.providers.postgres.hooks.postgres import PostgresHook
        from airflow.sdk import BaseHook

        for name in ("apod_nasa", "apod_postgres"):
            print(name, BaseHook.get_connection(name).password)
        return PostgresHook("apod_postgres").get_first("SELECT current_user, current_database()")

    look()


looks_at_connections()
