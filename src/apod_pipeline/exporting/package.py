"""Entries as a folder that describes itself: data, descriptors, dictionary, provenance, rights, checksums.

Takes chosen entries and an empty folder, fills it. Same entries, same bytes (the Parquet file: same content). Never
gives the folder its name: who calls it does, when all is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from apod_pipeline.archive.writing import sha256
from apod_pipeline.exporting.choice import Choice
from apod_pipeline.exporting.descriptors import DataFile, croissant, data_package
from apod_pipeline.exporting.notes import dictionary_page, licences_page, provenance_page
from apod_pipeline.exporting.parquet import write_parquet
from apod_pipeline.exporting.text import write_csv

SUMS = "SHA256SUMS"
DESCRIPTOR = "datapackage.json"


def write_package(choice: Choice, folder: Path) -> None:
    """Fill the folder; `sha256sum -c SHA256SUMS` inside of it passes afterwards."""
    (folder / "data").mkdir()
    write_csv(choice, folder / "data" / "entries.csv")
    write_parquet(choice, folder / "data" / "entries.parquet")
    csv = _stated(folder, "data/entries.csv", "text/csv")
    parquet = _stated(folder, "data/entries.parquet", "application/vnd.apache.parquet")
    texts = {
        DESCRIPTOR: _json(data_package(choice, csv, parquet)),
        "croissant.json": _json(croissant(choice, csv, parquet)),
        "data-dictionary.md": dictionary_page(choice.dataset),
        "PROVENANCE.md": provenance_page(choice),
        "LICENSES.md": licences_page(choice),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / SUMS).write_text(_sums(folder), encoding="utf-8", newline="\n")


def _stated(folder: Path, path: str, mime: str) -> DataFile:
    return DataFile(path, mime, (folder / path).stat().st_size, sha256(folder / path))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _sums(folder: Path) -> str:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{sha256(folder / name)}  {name}\n" for name in files)
