"""Kept pictures for others: those whose rights allow it, each beside the words from which that was concluded.

Takes the pictures of an archive and a folder that does not exist yet, gives copies of the files and `pictures.csv`.
Never invents a holder: where the credit says nothing, the rights are what the entry says, `unknown`.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from apod_pipeline.archive.processed import Table
from apod_pipeline.errors import SettingsError
from apod_pipeline.extras.pictures.collection import Pictures
from apod_pipeline.extras.pictures.told import Line

TOLD = ("sha256", "type", "bytes", "width", "height", "kind", "from", "at")


def export(pictures: Pictures, folder: Path, *, redistributable: bool) -> dict[str, int]:
    """Copy current pictures into a folder, with a table of them; gives how many, and how many were left out.

    Args:
        pictures: of an archive.
        folder: is made.
        redistributable: only those that may be passed on as they are, as far as their credit says so.

    Raises:
        SettingsError: the folder holds something, or a data set says nothing of rights; nothing was written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{folder} is not empty. Nothing was written; name another folder.")
    rows = list(_rows(pictures))
    chosen = [row for row in rows if not redistributable or row["rights"] in _free(pictures)]
    folder.mkdir(parents=True, exist_ok=True)
    for row in chosen:
        target = folder / row["file"]
        if not target.exists():
            shutil.copyfile(pictures.shelf.path(row["sha256"], row["type"]), target)
    with (folder / "pictures.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["key"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(chosen)
    return {"pictures": len(chosen), "left_out": len(rows) - len(chosen)}


def _free(pictures: Pictures) -> tuple[str, ...]:
    rights = pictures.archive.dataset.about.rights
    if rights is None:
        raise SettingsError(
            f"{pictures.archive.dataset.name} says nothing of rights. Nothing was written; --rights all takes all."
        )
    return rights.redistributable


def _rows(pictures: Pictures) -> Iterator[dict[str, Any]]:
    """Every picture that is kept and here, in the order of the entries."""
    dataset, rights = pictures.archive.dataset, pictures.archive.dataset.about.rights
    names = (rights.field, rights.evidence) if rights else ()
    said = {
        str(row[dataset.columns.key]): row
        for row in Table.of(pictures.archive).with_fields([dataset.columns.key, *names])
    }
    for (key, role), line in sorted(pictures.notes.told().current()):
        entry = said.get(key)
        if entry is None or not pictures.shelf.path(line["sha256"], line["type"]).exists():
            continue
        about: Line = {"key": key, "role": role, "file": pictures.shelf.path(line["sha256"], line["type"]).name}
        told = {"rights": entry[names[0]], "rights_evidence": entry[names[1]] or ""} if names else {}
        yield about | told | {name: line[name] for name in TOLD}
