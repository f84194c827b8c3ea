"""What no schema sees: whether objects that speak of one another agree.

Takes rendered objects, gives findings, each a sentence; none is well. Never raises for what it finds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from manifests import Object, Pod, is_selected, name_of, of_kind, pods

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
SECRET_NAMES = re.compile(r"PASSWORD|TOKEN|SECRET|API_KEY|ACCESS_KEY|DATABASE_URL|_CONN|CREDENTIAL", re.IGNORECASE)
CREDENTIALS = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


# Where an object that speaks of pods has its selector.
SELECTS_PODS = {
    "Service": ("selector",),
    "PodDisruptionBudget": ("selector", "matchLabels"),
    "NetworkPolicy": ("podSelector", "matchLabels"),
}


def selectors(items: Sequence[Object]) -> Iterator[str]:
    """Selectors that select nothing, and targets that are not there."""
    made = list(pods(items))
    for item in items:
        if path := SELECTS_PODS.get(item["kind"]):
            selector = reduce(lambda tree, key: tree[key], path, item["spec"])
            kinds = {tuple(sorted(pod.labels.items())) for pod in made if is_selected(selector, pod.labels)}
            if len(kinds) != 1:  # a run a data set is one kind of pod
                yield f"{name_of(item)}: does not select exactly one kind of pod"
    for item in [*of_kind(items, "Deployment"), *of_kind(items, "StatefulSet")]:
        if not is_selected(item["spec"]["selector"]["matchLabels"], item["spec"]["template"]["metadata"]["labels"]):
            yield f"{name_of(item)}: its selector does not select its own pods"
    services = [service["metadata"]["labels"] for service in of_kind(items, "Service")]
    for item in of_kind(items, "ServiceMonitor"):
        if not any(is_selected(item["spec"]["selector"]["matchLabels"], labels) for labels in services):
            yield f"{name_of(item)}: selects no Service"
    names = {name_of(item) for item in items}
    for item in of_kind(items, "HorizontalPodAutoscaler"):
        target = item["spec"]["scaleTargetRef"]
        if f"{target['kind']} {target['name']}" not in names:
            yield f"{name_of(item)}: there is no {target['kind']} {target['name']}"


def ports(items: Sequence[Object]) -> Iterator[str]:
    """Ports that are asked for and that no container has."""
    for pod in pods(items):
        for container in pod.containers:
            has = _ports(container)
            for probe in PROBES:
                action = container.get(probe, {}).get("httpGet") or container.get(probe, {}).get("tcpSocket")
                if action and action["port"] not in has:
                    yield f"{pod.where}: {probe} asks port {action['port']}, which {container['name']} does not have"
    for item in items:
        if item["kind"] == "Service":
            has = _ports_of_selected(items, item["spec"]["selector"])
            wanted = {port.get("targetPort", port["port"]) for port in item["spec"]["ports"]}
            yield from (f"{name_of(item)}: no pod has port {port}" for port in wanted - has)
        if item["kind"] == "NetworkPolicy":
            has = _ports_of_selected(items, item["spec"]["podSelector"]["matchLabels"])
            lets_in = {port["port"] for rule in item["spec"].get("ingress", ()) for port in rule.get("ports", ())}
            yield from (f"{name_of(item)}: lets in to port {port}, which no pod has" for port in lets_in - has)
    yield from _service_ports(items)


def _service_ports(items: Sequence[Object]) -> Iterator[str]:
    services = {s["metadata"]["name"]: s for s in of_kind(items, "Service")}
    for item in of_kind(items, "Ingress"):
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                wanted = path["backend"]["service"]
                service = services.get(wanted["name"])
                if not service:
                    yield f"{name_of(item)}: there is no Service {wanted['name']}"
                elif not {wanted["port"].get("name"), wanted["port"].get("number")} & _service_names(service):
                    yield f"{name_of(item)}: Service {wanted['name']} has no port {wanted['port']}"
    for item in of_kind(items, "ServiceMonitor"):
        selector = item["spec"]["selector"]["matchLabels"]
        named = [_service_names(s) for s in services.values() if is_selected(selector, s["metadata"]["labels"])]
        for endpoint in item["spec"]["endpoints"]:
            if not any(endpoint["port"] in names for names in named):
                yield f"{name_of(item)}: no Service has a port {endpoint['port']}"


def _service_names(service: Object) -> set[Any]:
    return {value for port in service["spec"]["ports"] for value in (port.get("name"), port["port"]) if value}


def _ports(container: Mapping[str, Any]) -> set[Any]:
    return {value for port in container.get("ports", ()) for value in (port.get("name"), port["containerPort"])}


def _ports_of_selected(items: Sequence[Object], selector: Mapping[str, str]) -> set[Any]:
    found = [pod for pod in pods(items) if is_selected(selector, pod.labels)]
    return {port for pod in found for container in pod.containers for port in _ports(container)}


def volumes(items: Sequence[Object], claims: frozenset[str] = frozenset()) -> Iterator[str]:
    """Mounts without a volume, volumes that nobody mounts, claims that are nowhere.

    Args:
        items: what was rendered.
        claims: those that are there already.
    """
    known = claims | {item["metadata"]["name"] for item in of_kind(items, "PersistentVolumeClaim")}
    for pod in pods(items):
        there = {volume["name"]: volume for volume in pod.spec.get("volumes", ())}
        mounted = {mount["name"] for container in pod.containers for mount in container.get("volumeMounts", ())}
        yield from (f"{pod.where}: there is no volume {name}" for name in mounted - there.keys())
        yield from (f"{pod.where}: nobody mounts volume {name}" for name in there.keys() - mounted)
        wanted = {v["persistentVolumeClaim"]["claimName"] for v in there.values() if "persistentVolumeClaim" in v}
        yield from (f"{pod.where}: there is no claim {name}" for name in wanted - known)


def secret_keys(items: Sequence[Object]) -> set[tuple[str, str | None]]:
    """Every Secret that is spoken of, and the key in it; None where all of it is meant."""
    found: set[tuple[str, str | None]] = set()
    for pod in pods(items):
        for container in pod.containers:
            for variable in container.get("env", ()):
                if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                    found.add((reference["name"], reference["key"]))
            found |= {(s["secretRef"]["name"], None) for s in container.get("envFrom", ()) if "secretRef" in s}
        found |= {(v["secret"]["secretName"], None) for v in pod.spec.get("volumes", ()) if "secret" in v}
        found |= {(secret["name"], None) for secret in pod.spec.get("imagePullSecrets", ())}
    for item in of_kind(items, "Ingress"):
        found |= {(tls["secretName"], "tls.crt") for tls in item["spec"].get("tls", ())}
    return found


def literal_secrets(tree: object, path: str = "") -> Iterator[str]:
    """Secrets that stand in plain text, anywhere: as a variable's value, or within an address."""
    if isinstance(tree, Mapping):
        named = str(tree.get("name", ""))
        if SECRET_NAMES.search(named) and tree.get("value"):
            yield f"{path}: variable {named} holds its value"
        for key, value in tree.items():
            yield from literal_secrets(value, f"{path}.{key}")
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from literal_secrets(value, f"{path}[{number}]")
    elif isinstance(tree, str) and CREDENTIALS.search(tree):
        yield f"{path}: an address with a password in it"


def unrestricted(pod: Pod, *, read_only: bool = True) -> Iterator[str]:
    """Where a pod is not within the profile "restricted" of Pod Security.

    Args:
        pod: what was rendered.
        read_only: ask for a read-only root file system, and no token of a service account, as well.
    """
    whole = pod.spec.get("securityContext", {})
    if any(pod.spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
        yield f"{pod.where}: is in a namespace of its host"
    yield from (
        f"{pod.where}: mounts its host's {v['hostPath']}" for v in pod.spec.get("volumes", ()) if "hostPath" in v
    )
    if read_only and pod.spec.get("automountServiceAccountToken") is not False:
        yield f"{pod.where}: a token of its service account is mounted"
    for container in pod.containers:
        where = f"{pod.where}, {container['name']}"
        own = container.get("securityContext", {})
        if not own.get("runAsNonRoot", whole.get("runAsNonRoot")):
            yield f"{where}: may run as root"
        if own.get("runAsUser", whole.get("runAsUser")) == 0:
            yield f"{where}: runs as root"
        if (own.get("seccompProfile") or whole.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
            yield f"{where}: has no seccomp profile"
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield f"{where}: may gain privileges"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
            yield f"{where}: keeps capabilities"
        if read_only and not own.get("readOnlyRootFilesystem"):
            yield f"{where}: may write to its root file system"


def unlimited(pod: Pod) -> Iterator[str]:
    """Containers without requests and limits of both kinds."""
    for container in pod.containers:
        for side in ("requests", "limits"):
            missing = {"cpu", "memory"} - container.get("resources", {}).get(side, {}).keys()
            yield from (f"{pod.where}, {container['name']}: no {side} of {what}" for what in sorted(missing))


def egress(policy: Object) -> set[tuple[int, str]]:
    """The ports that a NetworkPolicy lets out to; none where it lets out everything."""
    rules = policy["spec"].get("egress", []) if "Egress" in policy["spec"]["policyTypes"] else [{}]
    if any(not rule.get("ports") for rule in rules):
        return set()
    return {(port["port"], port.get("protocol", "TCP")) for rule in rules for port in rule["ports"]}
