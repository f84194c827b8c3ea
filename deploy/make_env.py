"""Makes `deploy/.env` of `.env.example` with new secrets, once.

Takes a folder (its own, by default) and `APOD_DATASETS`, writes one file that only its owner may read. Never changes
one that is there, never prints a secret.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from pathlib import Path

HERE = Path(__file__).parent
EMPTY = ("APOD_GIT_REMOTE", "COMPOSE_PROFILES")  # what may be empty is no secret


def filled(example: str, datasets: str = "") -> str:
    """The text of `.env.example` with every secret made, and the data sets that are to be served.

    Args:
        example: the text.
        datasets: names, with commas between; nothing leaves what stands there.
    """

    def made(found: re.Match[str]) -> str:
        name = found[1]
        if name in EMPTY:
            return found[0]
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        return f"{name}={fernet if name == 'AIRFLOW_FERNET_KEY' else secrets.token_hex(32)}"

    if names := ",".join(re.findall(r"[a-z_]+", datasets.replace("-", "_"))):
        example = re.sub(r"^APOD_DATASETS=.*$", f"APOD_DATASETS={names}", example, flags=re.MULTILINE)
    return re.sub(r"^([A-Z_]+)=$", made, example, flags=re.MULTILINE)


def main(folder: Path = HERE) -> None:
    """Write it where it is missing."""
    try:
        opened = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        example = (folder / ".env.example").read_text(encoding="utf-8")
        file.write(filled(example, os.environ.get("APOD_DATASETS", "")))
    print(f"made {folder.name}/.env with new secrets; keep a copy of it in a safe place")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
