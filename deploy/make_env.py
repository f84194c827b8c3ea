"""Makes `deploy/.env` of `.env.example` with new secrets, once.

Takes a folder (its own, by default), writes one file that only its owner may read. Never changes one that is there,
never prints a secret.
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


def filled(example: str) -> str:
    """The text of `.env.example` with every secret made."""

    def made(found: re.Match[str]) -> str:
        name = found[1]
        if name in EMPTY:
            return found[0]
        fernet = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        return f"{name}={fernet if name == 'AIRFLOW_FERNET_KEY' else secrets.token_hex(32)}"

    return re.sub(r"^([A-Z_]+)=$", made, example, flags=re.MULTILINE)


def main(folder: Path = HERE) -> None:
    """Write it where it is missing."""
    try:
        opened = os.open(folder / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        file.write(filled((folder / ".env.example").read_text(encoding="utf-8")))
    print(f"made {folder.name}/.env with new secrets; keep a copy of it in a safe place")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
