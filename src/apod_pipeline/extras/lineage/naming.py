"""What services, files and tables are called, as OpenLineage's naming rules have it; under Airflow too.

Takes settings, gives namespaces and names. Never holds a user, a password or a key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from apod_pipeline.settings import Settings

PATHS = {"science": "wp-json/wp/v2/apod-basic", "planetary": "planetary/apod"}  # APOD's


def services(settings: Settings, asked: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """The services of a data set: all that may be asked, or those that were."""
    from apod_pipeline.versioning.git import without_credentials
    from apod_pipeline.wiring import data_set_of

    for name in settings.sources if asked is None else asked:
        origin = data_set_of(settings).about.origins.get(name)
        where = settings.own.get(f"{name}_url") or (origin.page if origin else name)
        yield without_credentials(where), PATHS.get(name, name)


def tables(settings: Settings) -> Iterator[tuple[str, str]]:
    """The tables of a data set that are loaded: entries, their states, readings."""
    from psycopg.conninfo import conninfo_to_dict

    parts, name = conninfo_to_dict(settings.database or ""), settings.dataset
    host = str(parts.get("host") or "localhost")
    server = f"postgres://{'localhost' if host.startswith('/') else host}:{parts.get('port') or 5432}"
    for table in (name, f"{name}_revision", f"{name}_reading"):
        yield server, f"{parts.get('dbname') or 'apod'}.public.{table}"
