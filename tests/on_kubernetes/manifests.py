"""What Helm renders, as objects; and the pods in them.

Takes manifests, gives mappings and pods. Never asks a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Object = Mapping[str, Any]

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.32", "1.37")


@dataclass(frozen=True)
class Pod:
    """A pod, or what pods are made from: where it stands, its labels, its spec."""

    where: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """All of them, those that come first included."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


def objects(manifests: Mapping[str, str]) -> list[Object]:
    """Every object of what a chart rendered, its notes aside."""
    texts = [text for path, text in manifests.items() if not path.endswith("NOTES.txt")]
    return [found for text in texts for found in yaml.safe_load_all(text) if found]


def name_of(item: Object) -> str:
    """How a finding names an object."""
    return f"{item['kind']} {item['metadata']['name']}"


def pods(items: Iterable[Object]) -> Iterator[Pod]:
    """Whatever makes pods, as a pod."""
    for item in items:
        spec = item.get("spec", {})
        if item["kind"] == "Pod":
            template = item
        elif item["kind"] == "CronJob":
            template = spec["jobTemplate"]["spec"]["template"]
        elif "template" in spec and "spec" in spec["template"]:
            template = spec["template"]
        else:
            continue
        yield Pod(name_of(item), template.get("metadata", {}).get("labels", {}), template["spec"])


def of_kind(items: Iterable[Object], kind: str) -> list[Object]:
    """All objects of one kind."""
    return [item for item in items if item["kind"] == kind]


def is_selected(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether labels are what a selector looks for."""
    return bool(selector) and selector.items() <= labels.items()
