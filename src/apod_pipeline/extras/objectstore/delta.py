"""The newest version also as a version of a Delta table, below `delta/`: for who reads tables by their own history.

Takes a bucket and a manifest, gives a table that has at most one version more. It follows the pointer, and writes only
the years that changed. Each of its versions tells which of ours it is, because its clock is that of the publication.
The library holds Python's lock while it writes, so this comes when the tables are loaded. Off until
`APOD_OBJECTSTORE_DELTA` is set; the library is an extra of its own, imported where it is needed.
"""

from __future__ import annotations

import io
import json
import random
import re
import time
from typing import Any

from apod_pipeline.archive.lines import instant, timestamp
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.objectstore.bucket import Bucket
from apod_pipeline.extras.objectstore.complaints import ObjectStoreError, words_of
from apod_pipeline.extras.objectstore.manifest import PARTS, Manifest

FOLDER, YEAR = "delta", "year"
VERSION, PARTS_OF = "apod_version", "apod_years"  # what a version of the table tells of ours
KEPT = {  # nothing is ever deleted, so every version can be read for ever
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 5200 weeks",
    "delta.deletedFileRetentionDuration": "interval 5200 weeks",
}
MOST_RACES = 10
LONGEST_PAUSE = 0.3


def follow(bucket: Bucket, manifest: Manifest, day: str) -> bool:
    """Bring the table to a version; False where it stands there, or later.

    Args:
        bucket: where.
        manifest: of the version that the pointer names.
        day: name of the column by whose year the entries are parted.

    Raises:
        SettingsError: the library is not installed.
        ObjectStoreError: it could not be written; what was there is whole.
    """
    try:
        from deltalake.exceptions import CommitFailedError, DeltaError
    except ModuleNotFoundError as error:
        raise SettingsError(
            "APOD_OBJECTSTORE_DELTA is set, and its library is not installed. The version is in the store, and no "
            "table names it; type: pip install 'apod-pipeline[delta]'"
        ) from error
    for _ in range(MOST_RACES):
        try:
            return _written(bucket, manifest, day)
        except CommitFailedError:
            time.sleep(random.uniform(0.0, LONGEST_PAUSE))  # another publisher's version came first: look again
        except (DeltaError, OSError) as error:
            raise words_of(str(error), f"{bucket.where}/{FOLDER}") from error
    raise ObjectStoreError(
        f"{bucket.where}/{FOLDER}: others wrote to the table {MOST_RACES} times in a row. The version is in the "
        "store, and not in the table; type: apod run"
    )


def _written(bucket: Bucket, manifest: Manifest, day: str) -> bool:
    from deltalake import CommitProperties, DeltaTable, write_deltalake

    options = _options(bucket)
    where = f"{bucket.where}/{FOLDER}"
    table = DeltaTable(where, storage_options=options) if DeltaTable.is_deltatable(where, options) else None
    told = table.history(1)[0] if table else {}
    if VERSION in told and instant(told[VERSION]) >= manifest.at:
        return False
    ours, theirs = _years(manifest), json.loads(told.get(PARTS_OF, "{}"))
    frame = _frame(bucket, manifest, day)
    says = {VERSION: timestamp(manifest.at), PARTS_OF: json.dumps(ours)}
    properties = CommitProperties(custom_metadata=says)
    if table is None or not theirs or {field.name for field in table.schema().fields} != {*frame.columns}:
        write_deltalake(
            table or where,
            frame,
            mode="overwrite",
            schema_mode="overwrite",
            partition_by=[YEAR],
            storage_options=None if table else options,
            configuration=None if table else KEPT,
            commit_properties=properties,
        )
        return True
    changed = sorted(int(year) for year in ours.keys() | theirs.keys() if ours.get(year) != theirs.get(year))
    years = changed or [int(max(ours))]  # a version that changed no entry is one of the table, too
    some = frame.filter(frame[YEAR].is_in(years))
    within = f"{YEAR} IN ({', '.join(map(str, years))})"
    write_deltalake(table, some, mode="overwrite", predicate=within, commit_properties=properties)
    return True


def _years(manifest: Manifest) -> dict[str, str]:
    """Of each year the hash of its entries."""
    found = ((re.match(rf"{PARTS}year=(\w+)/", part.path), part.sha256) for part in manifest.parts)
    return {match[1]: digest for match, digest in found if match}


def _frame(bucket: Bucket, manifest: Manifest, day: str) -> Any:  # noqa: ANN401 - polars' frame
    """The version's entries, each with the year of its day."""
    import polars

    frame = polars.read_parquet(io.BytesIO(b"".join(bucket.pieces(manifest.parquet.object))))
    year = polars.col(day).cast(polars.String).str.slice(0, 4).cast(polars.Int32)
    return frame.with_columns(year.alias(YEAR)).filter(polars.col(YEAR).is_not_null())


def _options(bucket: Bucket) -> dict[str, str]:
    """How the library reaches the store; what is not said it reads from the usual variables by itself."""
    wishes = bucket.wishes
    told = {f"aws_{name}": value for name, value in wishes.keys._asdict().items()}
    told |= {
        "aws_endpoint_url": wishes.endpoint,
        "allow_http": "true" if (wishes.endpoint or "").startswith("http://") else None,
        "timeout": f"{wishes.timeout:.0f}s",
        "connect_timeout": f"{min(wishes.timeout, 10):.0f}s",
        "max_retries": "20",
        "retry_timeout": f"{max(1, wishes.patience):.0f}s",
    }
    return {name: value for name, value in told.items() if value}
