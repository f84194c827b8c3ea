"""Whether the files hold the fields that entries have today; where they do not, every entry is derived anew.

Takes an archive, gives yes or no. A run that finds nothing new reads a mark, and no file. Never derives anything.
"""

from __future__ import annotations

from shlex import quote

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.packs import packs_in
from apod_pipeline.archive.processed import Table
from apod_pipeline.errors import SettingsError

# Stands in the mark of an archive whose older replies are packed. It is no field: a program that knows no packs stops
# at a field that it does not know, before it asks or writes anything.
PACKED = "replies_packed boolean"


def fields_mark(archive: Archive, told: str) -> str:
    """The mark that tells which fields the files hold."""
    return f"{told},{PACKED}" if packs_in(archive.raw) else told


def fields_alike(archive: Archive) -> bool:
    """True when the Parquet file has today's fields; the file itself is asked where no mark tells.

    Raises:
        SettingsError: the files hold a field that this program does not know, so a newer one made them; or a field is
            of another kind than it was, and no file can hold both. Nothing was changed.
    """
    now, there = archive.dataset.columns.told, fields_there(archive)
    if there is None or now == there:
        return True
    was, kinds = (dict(field.split() for field in fields.split(",")) for fields in (there, now))
    if unknown := [name for name in was if name not in kinds]:
        raise SettingsError(
            f"{archive.parquet} holds the field {unknown[0]}, which this program does not know: a newer one made it. "
            "Nothing was changed; install that one; its version (Code-Version) is shown by: git -C "
            f"{quote(str(archive.root))} log -1"
        )
    for name, kind in kinds.items():
        if was.get(name, kind) != kind:
            raise SettingsError(
                f"the field {name} is now {kind}, but {was[name]} in {archive.parquet}: stored values are not "
                "converted to another type. Nothing was changed; give the field another name in the code, or start a "
                "separate archive: export APOD_ARCHIVE=ANOTHER-FOLDER, then type the same command again."
            )
    return False


def fields_there(archive: Archive) -> str | None:
    """The fields that the files hold, and their types; None without files."""
    if marked := archive.marks().fields:
        return marked.removesuffix(f",{PACKED}")
    if not archive.parquet.exists():
        return None
    there = Table.of(archive).told
    archive.advance(fields=fields_mark(archive, there))
    return there
