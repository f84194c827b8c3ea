"""Everything that can be set: its name, its default, where its value came from.

Takes flags, the environment and files, gives one frozen `Settings`.
"""

from apod_pipeline.settings.general import Settings
from apod_pipeline.settings.resolving import defaults, described, resolve

__all__ = ["Settings", "defaults", "described", "resolve"]
