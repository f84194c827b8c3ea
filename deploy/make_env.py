"""Makes `deploy/.env` of `.env.example` with new secrets, once; and of `.env` what else containers are to be told.

Takes a folder (its own, by default) and `APOD_DATASETS`, writes two files that only their owner may read. Never changes
a `.env` that is there, never prints a secret, and hands none on: whoever inspects a container sees its variables.
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
SETTING = re.compile(r"^(?:export )?(APOD_\w+)=(.*)$", re.MULTILINE)
SECRET = re.compile(r"PASSW|SECRET|TOKEN|KEY|CREDENTIAL|DATABASE_URL|WEBHOOK|APPRISE|PING_URL")
USER = re.compile(r"//[^/\s]*@")  # an address that says who asks, perhaps with a password
OWN = ("APOD_ARCHIVE", "APOD_ARCHIVES", "APOD_BACKUPS", "APOD_DATASET", "APOD_EMBEDDED_SERVER")  # each container's own


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


def others(env: str, example: str) -> tuple[list[str], list[str]]:
    """The settings of a `.env` that compose.yaml does not know, as lines; and the names of those that it must not show.

    Args:
        env: the text of `.env`.
        example: the text of `.env.example`: what stands there, compose.yaml hands on by itself.
    """
    known = {name for name, _ in SETTING.findall(example)}
    lines, kept_back = [], []
    for name, value in SETTING.findall(env):
        if name in known or name in OWN:
            continue
        if SECRET.search(name) or USER.search(value):
            kept_back.append(name)
        else:
            lines.append(f"{name}={value}")
    return lines, kept_back


def main(folder: Path = HERE) -> None:
    """Write the first where it is missing, the second anew."""
    example = (folder / ".env.example").read_text(encoding="utf-8")
    if not (folder / ".env").exists():
        _write(folder / ".env", filled(example, os.environ.get("APOD_DATASETS", "")))
        print(f"made {folder.name}/.env with new secrets; keep a copy of it in a safe place")
    lines, kept_back = others((folder / ".env").read_text(encoding="utf-8"), example)
    _write(folder / ".env.settings", "".join(f"{line}\n" for line in lines))
    for name in kept_back:
        print(f"{name} may hold a secret, so no container is told of it: a container's variables are shown to others")


def _write(file: Path, text: str) -> None:
    """A file that only its owner reads, in the place of one that may be there."""
    neighbour = file.with_name(f"{file.name}.partial")
    neighbour.unlink(missing_ok=True)
    neighbour.touch(mode=0o600)
    neighbour.write_text(text, encoding="utf-8")
    neighbour.replace(file)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
