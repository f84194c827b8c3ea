"""Your own complete, current, versioned archive of NASA's Astronomy Picture of the Day.

Takes nothing and imports nothing, so that an Airflow DAG file may import it every thirty seconds.
Gives the version. The rooms are entered by their names: `apod_pipeline.run.pipeline`, `apod_pipeline.wiring`, ...
"""

__version__ = "0.1.0"
