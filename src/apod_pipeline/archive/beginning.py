"""How an archive's folder begins: what it is of, whose reading is the entry, what Git leaves out.

Takes an archive and what is written down once, makes the folder where it is missing. Never touches a folder that holds
something else, nor a line that stands there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from apod_pipeline.archive.folder import Archive
from apod_pipeline.archive.writing import replacing
from apod_pipeline.errors import SettingsError

IGNORED = ("/.apod/", "/data/raw/.incoming/", "/data/processed/{name}_transformed.json", ".*.partial", ".env")


def begin(archive: Archive, remotes: Sequence[str], preference: Sequence[str], dataset: str | None) -> None:
    """Make the folder of an archive where it is missing.

    Args:
        archive: whose.
        remotes: folders that DVC will work with besides.
        preference: whose reading is the entry, most wanted first.
        dataset: what it is of; None for the one that needs not be said.

    Raises:
        SettingsError: when the folder holds something else, or has a name that DVC cannot work with.
    """
    for folder in (str(archive.root), *remotes):
        if "{" in folder or "}" in folder:  # in a progress line of DVC's, that is a place where a word belongs
            raise SettingsError(
                f"{folder} contains a brace, which DVC cannot handle. Nothing was touched; name another folder (with "
                "--archive, or APOD_DVC_REMOTE)."
            )
    names = {path.name for path in archive.root.iterdir()} if archive.root.is_dir() else set()
    if archive.exists and names != {archive.private.name}:  # which may hold this machine's settings before all else
        return archive.create_folders()
    strangers = names - {".apod.toml.partial", archive.private.name}
    if strangers and not (archive.root / "apod.toml").exists():
        raise SettingsError(
            f"{archive.root} is not empty and is not an archive. Nothing was touched; name another folder with "
            "--archive."
        )
    try:
        _write_once(archive.root / "apod.toml", _toml(preference, dataset))
        ignored = "".join(f"{line}\n" for line in IGNORED).format(name=archive.dataset.name)
        _write_once(archive.root / ".gitignore", ignored)
        archive.create_folders()
    except OSError as error:
        raise SettingsError(
            f"{archive.root} cannot be created: {error.strerror}. Name another with --archive."
        ) from error


def _toml(preference: Sequence[str], dataset: str | None) -> str:
    names = ", ".join(f'"{name}"' for name in preference)
    other = f'dataset = "{dataset}"\n' if dataset else ""
    return f"# Settings of this archive; `apod config` shows all.\n{other}preference = [{names}]\n"


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        with replacing(path) as file:
            file.write(text.encode())
