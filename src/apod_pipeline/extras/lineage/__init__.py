"""What a run reads and writes, as events of OpenLineage's: a START, then a COMPLETE or a FAIL.

Off until `APOD_EXTRAS` names `lineage` and OpenLineage's own variables, or its `openlineage.yml`, name a transport.
Under Airflow its provider tells of each task, with the names that are given here; there this is not plugged in.

naming     what services, files and tables are called
events     runs as events, with their facets
telling    to the transport, and not for long
plug       what is plugged into the core
listener   is told of runs
"""
