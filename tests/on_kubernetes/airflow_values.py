"""The values for the official Airflow chart, in the layers that docs/kubernetes.md names.

Takes the names of files, gives values as Helm would merge them. Never has the chart itself: what is known of it here
is which values are a component's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from manifests import KUBERNETES

BASE, CELERY, GIT_SYNC, STATELESS = FILES = (
    "airflow-values.yaml",
    "airflow-celery-values.yaml",
    "airflow-git-sync-values.yaml",
    "airflow-stateless-values.yaml",
)
LAYERS = {
    "kubernetes": (BASE,),
    "celery": (BASE, CELERY),
    "git-sync": (BASE, GIT_SYNC),
    "stateless": (BASE, STATELESS),
    "everything": FILES,
}
# Where a Secret is named, and which keys the chart reads in it.
NAMED = {
    ("data", "metadataSecretName"): "connection",
    ("data", "brokerUrlSecretName"): "connection",
    ("fernetKeySecretName",): "fernet-key",
    ("apiSecretKeySecretName",): "api-secret-key",
    ("jwtSecretName",): "jwt-secret",
    ("dags", "gitSync", "sshKeySecret"): "gitSshKey",
}


def loaded(name: str) -> dict[str, Any]:
    """One file, as it stands."""
    values = yaml.safe_load((KUBERNETES / name).read_text(encoding="utf-8"))
    assert isinstance(values, dict)
    return values


def layered(names: Sequence[str]) -> dict[str, Any]:
    """Several files, each over those before it: mappings are merged, all else is replaced."""
    values: dict[str, Any] = {}
    for name in names:
        values = merged(values, loaded(name))
    return values


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two trees as Helm merges them."""
    both = dict(under)
    for key, value in over.items():
        old = both.get(key)
        both[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def at(values: Mapping[str, Any], *path: str) -> Any:
    """The value at a path; None where there is none."""
    found: Any = values
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def components(values: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What becomes a pod with these values, by its name: the executor decides about the workers."""
    names = ["apiServer", "scheduler", "dagProcessor", "triggerer", "migrateDatabaseJob"]
    kind = "celery" if "Celery" in values["executor"] else "kubernetes"
    return {name: values[name] for name in names} | {"workers": values["workers"][kind]}


def secret_keys(values: Mapping[str, Any]) -> set[tuple[str, str | None]]:
    """Every Secret that is named, and the key in it; None where all of it is meant."""
    found: set[tuple[str, str | None]] = {
        (name, key) for path, key in NAMED.items() if (name := at(values, *path)) is not None
    }
    found |= {(item["secretName"], item["secretKey"]) for item in values.get("secret", ())}
    for node in _mappings(values):
        if reference := at(node, "valueFrom", "secretKeyRef"):
            found.add((reference["name"], reference["key"]))
        if isinstance(secret := node.get("secret"), Mapping):
            found.add((secret["secretName"], None))
    return found


def _mappings(tree: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, Mapping):
        yield tree
        for value in tree.values():
            yield from _mappings(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _mappings(value)
