"""The runbook is performed on the archive with a past."""

from versions.conftest import _made, past

__all__ = ["_made", "past"]
