"""A simulator of both of NASA's APOD services over generated entries, shipped for tests and demos.

Takes a calendar and faults, gives an HTTP address that behaves as NASA's two services do (and as they have
been seen misbehaving), never holds a sentence of APOD's own. Entries are deterministic: the same day and
seed, the same words.
"""

from __future__ import annotations

from apod_pipeline.simulator.dirt import FIRST_DAY, GAPS, KINDS, days_with, dirt_of
from apod_pipeline.simulator.faults import Fault
from apod_pipeline.simulator.scraped import record_of
from apod_pipeline.simulator.simulator import DEFAULT_PORT, Simulator, serve

__all__ = [
    "DEFAULT_PORT",
    "FIRST_DAY",
    "GAPS",
    "KINDS",
    "Fault",
    "Simulator",
    "days_with",
    "dirt_of",
    "record_of",
    "serve",
]
