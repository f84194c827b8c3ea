"""What the DAGs share: settings from connections, a run's day, the way of an error, the wait for a new day.

Takes Airflow's contexts and connections, gives calls of the library `apod_pipeline`. Never holds a rule or a statement.
Lies in the plugins folder, because that is where every part of Airflow can import from, the triggerer too. Imports
nothing at its top but Airflow's own interfaces: DAG files are parsed every thirty seconds.

    daily.py                      a data set's daily DAG
    runs.py ──► connections.py    a task's settings
       └──────► lineage.py        what it reads and writes, for OpenLineage
    stores.py                     the object store's tasks, and its keys
    sets.py                       which data sets are served, and each one's surroundings
    budget.py                     how many requests at one time
    publication.py                the wait for a day
    versions.py                   what is told of a version: asset, link
    notices.py ──► alerting.py    what is said of failures and of late runs
    preloading.py                 the library in the scheduler's memory
    names.py                      Airflow's names, on 3 and on 2.9
"""
