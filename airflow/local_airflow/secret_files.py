"""Passwords and keys, each in a file of its own that only its owner may read.

Takes a folder, gives the secrets in it or where they lie, makes each once, never prints one.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from local_airflow.databases import Database

USER = "admin"
_KEY_BYTES = 64  # PyJWT warns of less for SHA-512


@dataclass(frozen=True)
class SecretFiles:
    """The secrets of one Airflow home.

    Attributes:
        home: AIRFLOW_HOME.
    """

    home: Path

    @property
    def folder(self) -> Path:
        """Where they lie, but for the file that Airflow itself reads."""
        return self.home / "secrets"

    @property
    def users(self) -> Path:
        """The passwords of the user interface, under the name where Airflow looks for them."""
        return self.home / "simple_auth_manager_passwords.json.generated"

    def database(self, role: str, name: str) -> Database:
        """A database with its role and that role's password."""
        return Database(role, name, self._once(f"postgres_{role}", secrets.token_urlsafe(24)))

    def key(self, name: str) -> Path:
        """The file of a key that all parts must agree on: 64 random bytes, in hexadecimal."""
        self._once(name, secrets.token_hex(_KEY_BYTES))
        return self.folder / name

    def fernet_key(self) -> Path:
        """The file of what Airflow encrypts its connections with: 32 random bytes in URL-safe base 64."""
        self._once("fernet_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        return self.folder / "fernet_key"

    def metadata_url(self, url: str) -> Path:
        """The file of the metadata database's URL, which may be another at each start."""
        _write(self.folder / "metadata_url", url)
        return self.folder / "metadata_url"

    def password(self) -> str:
        """The user's password. It is there before Airflow looks, which would print the one that it makes."""
        fresh = json.dumps({USER: secrets.token_urlsafe(12)})
        return str(json.loads(_read_or_make(self.users, fresh))[USER])

    def _once(self, name: str, fresh: str) -> str:
        return _read_or_make(self.folder / name, fresh)


def _read_or_make(path: Path, fresh: str) -> str:
    if not path.exists():
        _write(path, fresh)
    path.chmod(0o600)
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all; without a newline, which would be taken for part of the secret."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
