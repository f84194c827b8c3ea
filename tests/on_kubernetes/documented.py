"""What docs/kubernetes.md promises: the Secrets that it makes, and their keys.

Takes the page, gives names. Never holds a list of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "kubernetes.md"


def secrets() -> dict[str, set[str]]:
    """By the name of each Secret, its keys, as the table has them."""
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| ((?:`[^`]+`(?:, )?)+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: set(re.findall(r"`([^`]+)`", keys)) for name, keys in rows}


def made() -> set[str]:
    """The Secrets that the page's commands make."""
    kinds = r"(?:generic|tls|docker-registry)"
    return set(re.findall(rf"create secret {kinds} ([a-z0-9-]+)", PAGE.read_text(encoding="utf-8")))


def undocumented(wanted: set[tuple[str, str | None]]) -> list[str]:
    """Which of the Secrets and keys that something speaks of the page does not make."""
    known = secrets()
    return [f"{name} {key or ''}" for name, key in sorted(wanted, key=str) if not _is_known(known, name, key)]


def _is_known(known: dict[str, set[str]], name: str, key: str | None) -> bool:
    return name in known and (key is None or key in known[name])
