"""Second step, naively: the newest reply into the CSV that holds the whole archive, with pandas."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

FIELDS = ["date", "title", "url", "explanation", "media_type"]

newest = max(Path("data/raw").glob("apod_raw_*.json"))
told = pd.DataFrame([json.loads(newest.read_text())]).reindex(columns=FIELDS)
archive = Path("data/processed/apod_data.csv")
whole = pd.concat([pd.read_csv(archive), told]) if archive.exists() else told
whole.drop_duplicates("date", keep="last").sort_values("date").to_csv(archive, index=False)
told.to_json("data/processed/apod_transformed.json", orient="records")
