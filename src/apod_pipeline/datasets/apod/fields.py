"""What every field of an entry means: its kind, whether it may be absent, what it may hold, an example.

Takes the class of an entry, gives `ENTRY`: one `Field` for each of `entry.ENTRY_FIELDS`, in their order. Pure: never
reads a file.
"""

from __future__ import annotations

from apod_pipeline.dataset.fields import declared
from apod_pipeline.datasets.apod.entry import Entry

ENTRY = declared(Entry)
