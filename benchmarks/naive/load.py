"""Third step, naively: the CSV into the design document's table with psycopg2, row by row; or the new row only."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import psycopg2

FIELDS = ("date", "title", "url", "explanation", "media_type")
DDL = """CREATE TABLE IF NOT EXISTS apod (date TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT, explanation TEXT,
    media_type TEXT DEFAULT 'image', created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    CREATE INDEX IF NOT EXISTS idx_apod_date ON apod (date)"""
UPSERT = """INSERT INTO apod (date, title, url, explanation, media_type) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (date) DO UPDATE SET title = EXCLUDED.title, url = EXCLUDED.url, explanation = EXCLUDED.explanation,
    media_type = EXCLUDED.media_type, updated_at = CURRENT_TIMESTAMP"""

if sys.argv[1] == "all":
    with Path("data/processed/apod_data.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
else:
    records = json.loads(Path("data/processed/apod_transformed.json").read_text())
connection = psycopg2.connect(os.environ["DATABASE_URL"])
with connection, connection.cursor() as cursor:
    cursor.execute(DDL)
    for record in records:
        cursor.execute(UPSERT, [record[name] for name in FIELDS])
connection.close()
