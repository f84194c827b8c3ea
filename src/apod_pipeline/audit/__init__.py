"""Is everything what it was, everywhere, and is anything missing? A report, never an exception.

Takes an archive, its database, DVC's objects and its repository; gives one line a check: what was looked at, whether it
is well, what was found, and what to type. Reads every byte once (of a DVC remote that is no folder here as much as it
is told to), changes nothing, asks no service.

    replies ──hashed──► ledger      files ──derived again──► replies      tables ──row by row──► files
    cache, remote ──hashed──► .dvc  ledger, .dvc ──────────► Git ─────────────────► its remote
"""

from apod_pipeline.audit.auditing import Audit, audit
from apod_pipeline.audit.copies import RemoteShare
from apod_pipeline.model import Finding

__all__ = ["Audit", "Finding", "RemoteShare", "audit"]
