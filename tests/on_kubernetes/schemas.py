"""Whether an object is what Kubernetes takes: by the API's own schemas, and by one of ours for what is an add-on.

Takes an object and a version, raises for what is unknown or of the wrong type. Never asks a network.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from manifests import Object

STRICT = {"additionalProperties": False}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
# The Prometheus operator's, as far as we use it: the schemas of Kubernetes do not hold it.
SERVICE_MONITOR = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "ServiceMonitor"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "required": ["selector", "endpoints"],
            "properties": {
                "selector": {"type": "object", "properties": {"matchLabels": LABELS}, **STRICT},
                "endpoints": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
                        },
                        **STRICT,
                    },
                },
            },
            **STRICT,
        },
    },
    **STRICT,
}
TEXT = {"type": "string", "minLength": 1}
PROMETHEUS_RULE = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "monitoring.coreos.com/v1"},
        "kind": {"const": "PrometheusRule"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": {
            "type": "object",
            "required": ["groups"],
            "properties": {
                "groups": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["name", "rules"],
                        "properties": {
                            "name": TEXT,
                            "rules": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "object",
                                    "required": ["alert", "expr"],
                                    "properties": {
                                        "alert": TEXT,
                                        "expr": TEXT,
                                        "for": {"type": "string", "pattern": "^[0-9]+(m|h|d)$"},
                                        "labels": LABELS,
                                        "annotations": LABELS,
                                    },
                                    **STRICT,
                                },
                            },
                        },
                        **STRICT,
                    },
                }
            },
            **STRICT,
        },
    },
    **STRICT,
}
ADD_ONS = {"ServiceMonitor": SERVICE_MONITOR, "PrometheusRule": PROMETHEUS_RULE}


def validate(item: Object, version: str) -> None:
    """Raise where an object is not valid in a version of Kubernetes: unknown fields are refused as well."""
    _validator(item["kind"], item["apiVersion"], version).validate(item)


@cache
def _validator(kind: str, api_version: str, version: str) -> Any:
    from jsonschema import Draft202012Validator

    if kind in ADD_ONS:
        return Draft202012Validator(ADD_ONS[kind])
    from referencing import Registry, Resource

    definitions, schema = _definitions(version), _schema(kind, api_version, version)
    registry = Resource.from_contents(definitions) @ (Resource.from_contents(schema) @ Registry())
    return Draft202012Validator(schema, registry=registry)


def _folder(version: str) -> str:
    return f"kubernetes-json-schema/v{version}.0-local-strict"


@cache
def _definitions(version: str) -> Any:
    from kubernetes_validate import utils

    return utils.schema_contents(f"{_folder(version)}/_definitions.json", version)


def _schema(kind: str, api_version: str, version: str) -> Any:
    from kubernetes_validate import utils

    group, _, number = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.split(".")[0], number) if part)
    return utils.schema_contents(f"{_folder(version)}/{name}.json", version)
