"""Each look across objects finds what it is there for: the chart's own objects, broken in one place."""

from __future__ import annotations

import copy

import charts
import crosschecks
import documented
import manifests
import pytest
import schemas


@pytest.fixture(scope="module")
def sound():
    """Everything that the chart can make."""
    return charts.rendered(charts.CHART, charts.values_of(charts.EXAMPLES / "everything.yaml"))


def _broken(sound, kind, name, change):
    items = copy.deepcopy(sound)
    change(next(item for item in items if manifests.name_of(item) == f"{kind} {name}"))
    return items


def _without(sound, kind):
    return [item for item in sound if item["kind"] != kind]


def _template(item):
    return (item["spec"]["jobTemplate"]["spec"] if item["kind"] == "CronJob" else item["spec"])["template"]["spec"]


def _first(item):
    return _template(item)["containers"][0]


LABEL = "app.kubernetes.io/component"
BROKEN_SELECTORS = {
    "Service": lambda item: item["spec"]["selector"].update({LABEL: "mirrors"}),
    "Deployment": lambda item: item["spec"]["template"]["metadata"]["labels"].pop(LABEL),
    "PodDisruptionBudget": lambda item: item["spec"]["selector"]["matchLabels"].update({LABEL: "x"}),
    "NetworkPolicy": lambda item: item["spec"]["podSelector"]["matchLabels"].clear(),
    "ServiceMonitor": lambda item: item["spec"]["selector"]["matchLabels"].update({LABEL: "x"}),
    "HorizontalPodAutoscaler": lambda item: item["spec"]["scaleTargetRef"].update(name="x"),
}


@pytest.mark.parametrize("kind", BROKEN_SELECTORS)
def test_a_selector_that_selects_nothing_is_found(sound, kind):
    """Whoever selects by labels that nothing has, or by none, or names what is not there, is named."""
    findings = list(crosschecks.selectors(_broken(sound, kind, "apod-mirror", BROKEN_SELECTORS[kind])))
    assert [finding for finding in findings if finding.startswith(f"{kind} apod-mirror")]


BROKEN_PORTS = {
    "Deployment": lambda item: _first(item)["readinessProbe"]["httpGet"].update(port="https"),
    "Service": lambda item: item["spec"]["ports"][0].update(targetPort=8080),
    "NetworkPolicy": lambda item: item["spec"]["ingress"][0]["ports"][0].update(port=80),
    "Ingress": lambda item: item["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"].update(name="x"),
    "ServiceMonitor": lambda item: item["spec"]["endpoints"][0].update(port="metrics"),
}


@pytest.mark.parametrize("kind", BROKEN_PORTS)
def test_a_port_that_nobody_has_is_found(sound, kind):
    """A probe, Service, policy, Ingress or monitor that asks for a port that is not there is named, and only that."""
    findings = list(crosschecks.ports(_broken(sound, kind, "apod-mirror", BROKEN_PORTS[kind])))
    assert len(findings) == 1
    assert findings[0].startswith(f"{kind} apod-mirror")


def test_an_ingress_without_its_service_is_found(sound):
    """An Ingress in front of a Service that is not there is named."""
    assert "Ingress apod-mirror: there is no Service apod-mirror" in crosschecks.ports(_without(sound, "Service"))


def test_mounts_and_volumes_that_do_not_meet_are_found(sound):
    """A mount without a volume, a volume that nobody mounts and a claim that is nowhere are told apart."""
    renamed = _broken(sound, "CronJob", "apod-pipeline", lambda item: _template(item)["volumes"][0].update(name="x"))
    assert set(crosschecks.volumes(renamed)) == {
        "CronJob apod-pipeline: there is no volume tmp",
        "CronJob apod-pipeline: nobody mounts volume x",
    }
    claimed = charts.rendered(charts.CHART, charts.values_of(charts.EXAMPLES / "cronjob-with-volume.yaml"))
    without = _without(claimed, "PersistentVolumeClaim")
    assert list(crosschecks.volumes(without)) == ["CronJob apod-pipeline: there is no claim apod-archive"]
    assert list(crosschecks.volumes(without, frozenset({"apod-archive"}))) == []


LOOSENED = {
    "may run as root": lambda item: _template(item)["securityContext"].pop("runAsNonRoot"),
    "runs as root": lambda item: _first(item)["securityContext"].update(runAsUser=0),
    "no seccomp profile": lambda item: _template(item)["securityContext"].update(seccompProfile={"type": "Unconfined"}),
    "may gain privileges": lambda item: _first(item)["securityContext"].pop("allowPrivilegeEscalation"),
    "keeps capabilities": lambda item: _first(item)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
    "may write to its root": lambda item: _first(item)["securityContext"].update(readOnlyRootFilesystem=False),
    "token of its service account": lambda item: _template(item).pop("automountServiceAccountToken"),
    "namespace of its host": lambda item: _template(item).update(hostNetwork=True),
    "mounts its host's": lambda item: _template(item)["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
}


@pytest.mark.parametrize("says", LOOSENED)
@pytest.mark.parametrize("which", ["Deployment apod-mirror", "Job apod-migration", "CronJob apod-pipeline"])
def test_a_pod_that_is_not_restricted_is_found(sound, which, says):
    """One thing that the profile forbids, in any pod, is found in that pod and in no other."""
    items = _broken(sound, *which.split(), LOOSENED[says])
    findings = [finding for pod in manifests.pods(items) for finding in crosschecks.unrestricted(pod)]
    assert findings
    assert all(says in finding and finding.startswith(which) for finding in findings)


def test_a_container_without_a_limit_is_found(sound):
    """A limit that is missing, and resources that are missing altogether, are told one by one."""
    items = _broken(sound, "Job", "apod-migration", lambda item: _first(item)["resources"]["limits"].pop("memory"))
    items = _broken(items, "Deployment", "apod-mirror", lambda item: _first(item).pop("resources"))
    findings = [finding for pod in manifests.pods(items) for finding in crosschecks.unlimited(pod)]
    assert "Job apod-migration, migrate: no limits of memory" in findings
    assert len(findings) == 5


@pytest.mark.parametrize(
    "tree",
    [
        {"env": [{"name": "APOD_DATABASE_URL", "value": "host=db"}]},
        {"env": [{"name": "AIRFLOW_CONN_LOGS", "value": "aws"}]},
        {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]},
        {"remote": "https://user:token@host/archive"},
        {"args": ["--url", "redis://:word@host:6379/0"]},
    ],
    ids=["database", "connection", "key", "address", "no user"],
)
def test_a_secret_in_plain_text_is_found(tree):
    """A variable that is a secret by its name and holds a value, and an address with a password, are found."""
    assert len(list(crosschecks.literal_secrets({"deep": [tree]}))) == 1


def test_what_is_no_secret_is_not_found():
    """A reference to a Secret, an ssh address and one without a password are no findings."""
    reference = {"name": "APOD_DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "apod-database", "key": "k"}}}
    fine = [reference, "git@host:archive.git", "ssh://git@host/srv/apod", "https://host:443/a@b"]
    assert list(crosschecks.literal_secrets(fine)) == []


def test_a_secret_that_the_docs_do_not_make_is_found():
    """A Secret that docs/kubernetes.md does not know, or a key that it does not put there, is named."""
    wanted = {("apod-database", "APOD_DATABASE_URL"), ("apod-database", "password"), ("apod-else", None)}
    assert documented.undocumented(wanted) == ["apod-database password", "apod-else "]


def test_a_policy_that_lets_out_everything_is_found(sound):
    """A NetworkPolicy without a rule for egress, or with a rule for every port, does not pass for a narrow one."""
    policy = next(item for item in sound if manifests.name_of(item) == "NetworkPolicy apod-mirror")
    open_one, forgotten = copy.deepcopy(policy), copy.deepcopy(policy)
    open_one["spec"]["egress"].append({"to": []})
    forgotten["spec"]["policyTypes"] = ["Ingress"]
    assert crosschecks.egress(policy)
    assert crosschecks.egress(open_one) == crosschecks.egress(forgotten) == set()


INVALID = {
    "Deployment": lambda item: item["spec"].update(replica=2),
    "Service": lambda item: item["spec"]["ports"][0].update(port="http"),
    "CronJob": lambda item: item["spec"].pop("schedule"),
    "NetworkPolicy": lambda item: item["spec"].update(egres=[]),
    "ServiceMonitor": lambda item: item["spec"]["endpoints"][0].update(paths="/metrics"),
    "PrometheusRule": lambda item: item["spec"]["groups"][0]["rules"][0].pop("expr"),
    "HorizontalPodAutoscaler": lambda item: item["spec"].update(maxReplicas="ten"),
}


@pytest.mark.parametrize("kind", INVALID)
@pytest.mark.parametrize("version", manifests.VERSIONS)
def test_an_object_that_is_not_valid_is_found(sound, kind, version):
    """An unknown field, a wrong type and a missing field are refused, in both versions and for the add-on as well."""
    from jsonschema import ValidationError

    item = copy.deepcopy(manifests.of_kind(sound, kind)[0])
    schemas.validate(item, version)
    INVALID[kind](item)
    with pytest.raises(ValidationError):
        schemas.validate(item, version)


def test_a_kind_without_a_schema_is_no_valid_one():
    """An object of a kind that nobody here knows is not waved through."""
    with pytest.raises(FileNotFoundError):
        schemas.validate({"kind": "Mirror", "apiVersion": "example.org/v1"}, manifests.VERSIONS[0])
