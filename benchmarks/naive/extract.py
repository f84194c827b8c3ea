"""First step, naively: one day from the API into `data/raw`. Prints the file's name."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from pathlib import Path

import requests

answer = requests.get(
    f"{os.environ['NASA_URL']}/planetary/apod",
    params={"date": sys.argv[1], "api_key": os.environ["NASA_API_KEY"]},
    timeout=30,
)
answer.raise_for_status()
Path("data/raw").mkdir(parents=True, exist_ok=True)
path = Path(f"data/raw/apod_raw_{dt.datetime.now(dt.UTC):%Y%m%d_%H%M%S}.json")
path.write_text(json.dumps(answer.json()))
print(path)
