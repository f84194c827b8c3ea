"""The bundled simulator in a process of its own, without a limit on requests, its calendar running on to the year 5200.

Prints its address, ends with a signal.
"""

from __future__ import annotations

import datetime as dt

from apod_pipeline.simulator import serve

serve(port=0, today=dt.date(5200, 1, 1), rate_limit=10**9, announce=lambda address: print(address, flush=True))
