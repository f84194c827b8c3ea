"""What the DAGs share: settings from connections, a run's day, the way of an error, the wait for a new day.

Takes Airflow's contexts and connections, gives calls of the library `apod_pipeline`. Never holds a rule, a statement or
an address of its own. Lies in the plugins folder, because that is where every part of Airflow can import from, the
triggerer too. Imports nothing at its top but `names`, and that only Airflow's authoring interface: DAG files are
parsed every thirty seconds.
"""
