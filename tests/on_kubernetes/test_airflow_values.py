"""The values for the official Airflow chart: as values here, as objects where the chart itself is to be had.

`APOD_AIRFLOW_CHART` names the chart (a folder or a .tgz); without it the tests that render it are skipped.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import airflow_values
import charts
import crosschecks
import documented
import manifests
import pytest
import schemas
import yaml

from apod_pipeline.settings.resolving import settings_of

ROOT = Path(__file__).parents[2]
CHART = os.environ.get("APOD_AIRFLOW_CHART")
with_the_chart = pytest.mark.skipif(
    not CHART, reason="the official Airflow chart cannot be had here: APOD_AIRFLOW_CHART names none"
)
ADDONS = {"ScaledObject"}  # KEDA's: no schema of Kubernetes holds it
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@pytest.fixture(params=airflow_values.LAYERS)
def values(request):
    """The values files in one of the combinations of docs/kubernetes.md, merged."""
    return airflow_values.layered(airflow_values.LAYERS[request.param])


def _as_pods(values):
    """Each component as a pod, as far as the values say."""
    for name, part in airflow_values.components(values).items():
        main = {"name": name, "volumeMounts": part.get("extraVolumeMounts", ()), "env": part.get("env", ())}
        first = part.get("extraInitContainers", [])
        spec = {"initContainers": first, "containers": [main], "volumes": part.get("extraVolumes", ())}
        yield {"kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_the_executor_is_what_the_file_says():
    """The first file runs each task as a pod; the second, over it, has Celery's workers counted by KEDA."""
    base, celery = (airflow_values.layered(airflow_values.LAYERS[name]) for name in ("kubernetes", "celery"))
    assert base["executor"] == "KubernetesExecutor"
    assert celery["executor"] == "CeleryExecutor"
    workers = celery["workers"]["celery"]
    assert workers["keda"]["enabled"]
    assert workers["keda"]["cooldownPeriod"] > workers["terminationGracePeriodSeconds"]
    assert isinstance(celery["config"]["celery"]["worker_concurrency"], int)
    assert celery["config"]["celery_broker_transport_options"]["visibility_timeout"] >= 6 * 3600


def test_the_version_is_the_one_that_is_pinned(values):
    """The chart is told the very version of Airflow that this project is tested with."""
    pinned = (ROOT / "requirements" / "airflow.in").read_text(encoding="utf-8")
    assert f"apache-airflow=={values['airflowVersion']}\n" in pinned


def test_there_is_one_image(values):
    """Every part, the migration and the copying of users included, runs our image under one tag."""
    image, default = values["images"]["airflow"], (values["defaultAirflowRepository"], values["defaultAirflowTag"])
    assert (image["repository"], image["tag"]) == default
    assert image["repository"].endswith("/apod-airflow")
    firsts = [c for part in airflow_values.components(values).values() for c in part.get("extraInitContainers", ())]
    assert {container["image"] for container in firsts} == {":".join(default)}


def test_no_database_or_broker_comes_along(values):
    """What keeps data, and what we do not watch, is not brought along by the chart."""
    for name in ("postgresql", "redis", "pgbouncer", "statsd", "flower", "createUserJob"):
        assert values[name]["enabled"] is False


def test_secrets_are_named_only(values):
    """No secret stands in the values; each that is named, with its key, is made by docs/kubernetes.md."""
    assert list(crosschecks.literal_secrets(values)) == []
    wanted = airflow_values.secret_keys(values)
    assert {("apod-airflow", "connection"), ("apod-database", "APOD_DATABASE_URL")} <= wanted
    assert documented.undocumented(wanted) == []
    plain = {"fernetKey", "webserverSecretKey", "apiSecretKey", "jwtSecret", "metadataConnection", "brokerUrl"}
    assert not plain & (values.keys() | values["data"].keys())


@pytest.mark.parametrize("name", airflow_values.FILES)
def test_no_file_holds_anything_like_a_key(name):
    """No word of any values file is as long and as mixed as a key or a token is."""
    words = (manifests.KUBERNETES / name).read_text(encoding="utf-8").split()
    mixed = [w for w in words if len(w) >= 24 and any(c.isdigit() for c in w) and any(c.isupper() for c in w)]
    assert mixed == []


def test_every_part_has_limits(values):
    """Every part, its sidecar that removes old logs, and what runs before it have requests and limits."""
    parts = airflow_values.components(values)
    for name, part in parts.items():
        has = [part, *part.get("extraInitContainers", ())]
        if name in {"scheduler", "dagProcessor", "triggerer"} or "keda" in part:
            has.append(part["logGroomerSidecar"])
        if airflow_values.at(values, "dags", "gitSync", "enabled"):
            has.append(values["dags"]["gitSync"])
        pod = manifests.Pod(
            name, {}, {"containers": [{"name": name, "resources": one.get("resources")} for one in has]}
        )
        assert list(crosschecks.unlimited(pod)) == []


def test_every_part_is_restricted(values):
    """The chart's pods and containers, and whatever has a context of its own, are within the profile "restricted"."""
    everywhere = values["securityContexts"]
    own = [everywhere, airflow_values.components(values)["workers"]["securityContexts"]]
    pod = {"name": "any", "securityContext": everywhere["containers"]}
    spec = {"securityContext": everywhere["pod"], "containers": [pod]}
    assert list(crosschecks.unrestricted(manifests.Pod("any", {}, spec), read_only=False)) == []
    assert [one["pod"] for one in own] == [everywhere["pod"]] * 2
    assert everywhere["containers"] == own[1]["container"] == RESTRICTED
    firsts = [c for part in airflow_values.components(values).values() for c in part.get("extraInitContainers", ())]
    assert [container["securityContext"] for container in firsts] == [RESTRICTED] * len(firsts)
    if git_sync := airflow_values.at(values, "dags", "gitSync"):
        assert RESTRICTED.items() <= git_sync["securityContexts"]["container"].items()


def test_mounts_have_volumes(values):
    """Every mount of a component has its volume, and the archive's claim is the one that the chart `apod` makes."""
    chart = yaml.safe_load((charts.CHART / "values.yaml").read_text(encoding="utf-8"))
    assert list(crosschecks.volumes(list(_as_pods(values)), frozenset({chart["archive"]["name"]}))) == []


def test_workers_and_triggerer_see_the_same(values):
    """Whoever asks NASA sees the same settings, archive and keys, under either executor."""
    parts = airflow_values.components(values)
    for name in ("env", "extraVolumes", "extraVolumeMounts"):
        assert parts["workers"][name] == parts["triggerer"][name]
    known = {one.variable for one in settings_of("apod")}
    assert {v["name"] for v in parts["workers"]["env"]} - known == {"HOME", "USER", "GIT_SSH_COMMAND"}
    assert "apod-git-ssh" in {volume.get("secret", {}).get("secretName") for volume in parts["workers"]["extraVolumes"]}


@pytest.mark.parametrize("name", airflow_values.LAYERS)
def test_only_without_a_shared_volume_there_is_none(name):
    """Workers and the triggerer have the archive's claim, and with the file for stateless runs none, only room."""
    parts = airflow_values.components(airflow_values.layered(airflow_values.LAYERS[name]))
    for part in (parts["workers"], parts["triggerer"]):
        claims = {v["persistentVolumeClaim"]["claimName"] for v in part["extraVolumes"] if "persistentVolumeClaim" in v}
        mounts = {mount["mountPath"] for mount in part["extraVolumeMounts"]}
        stateless = airflow_values.STATELESS in airflow_values.LAYERS[name]
        assert claims == (set() if stateless else {"apod-archive"})
        archive = next(variable["value"] for variable in part["env"] if variable["name"] == "APOD_ARCHIVE")
        assert archive not in mounts, "a volume is root's: Git refuses to work in a folder of another user's"
        assert (str(Path(archive).parent) in mounts, "/tmp" in mounts) == (not stateless, stateless)  # noqa: S108 - in a pod


def test_logs_outlive_their_pods(values):
    """Tasks' logs go elsewhere, by a connection that a Secret holds."""
    logging = values["config"]["logging"]
    assert logging["remote_logging"] == "True"
    variable = f"AIRFLOW_CONN_{logging['remote_log_conn_id'].upper()}"
    assert variable in {item["envName"] for item in values["secret"]}


def test_git_sync_reads_our_dags():
    """The folder that git-sync takes DAGs from is this repository's, and holds them."""
    git_sync = airflow_values.layered(airflow_values.LAYERS["git-sync"])["dags"]["gitSync"]
    assert git_sync["enabled"]
    assert (ROOT / git_sync["subPath"] / "apod_etl_pipeline.py").is_file()


def test_users_are_copied_to_where_airflow_looks(values):
    """The file of users that Airflow is told of is where the first container of the API server puts it."""
    wanted = values["config"]["core"]["simple_auth_manager_passwords_file"]
    server = values["apiServer"]
    assert server["extraInitContainers"][0]["command"][-1].endswith(wanted)
    writable = [m["mountPath"] for m in server["extraVolumeMounts"] if not m.get("readOnly")]
    assert Path(wanted).parent.as_posix() in writable


def test_layers_are_merged_as_helm_merges_them():
    """Helm itself, given one layer as a chart's own values and another over them, makes the same of both."""
    import helm_python as helm

    base, over = (airflow_values.loaded(name) for name in (airflow_values.BASE, airflow_values.CELERY))
    with tempfile.TemporaryDirectory() as folder:
        with helm.Chart.create("airflow", folder):
            pass
        (Path(folder) / "airflow" / "values.yaml").write_text(yaml.safe_dump(base), encoding="utf-8")
        with helm.Chart.load(Path(folder) / "airflow") as chart:
            by_helm = chart.merge_values(over)
    ours = airflow_values.merged(base, over)
    assert by_helm == {key: value for key, value in ours.items() if value is not None}  # null takes a default away


# ---- the chart itself, where there is one ------------------------------------------------------
@with_the_chart
@pytest.mark.parametrize("version", manifests.VERSIONS)
def test_the_official_chart_takes_them(values, version):
    """The official chart, rendered with each combination, makes valid objects within the profile, with limits."""
    items = charts.rendered(Path(CHART or ""), values, "airflow")
    for item in items:
        if item["kind"] not in ADDONS:
            schemas.validate(item, version)
    pods = [*manifests.pods(items), *_pod_template(items)]
    assert [finding for pod in pods for finding in crosschecks.unrestricted(pod, read_only=False)] == []
    assert [finding for pod in pods for finding in crosschecks.unlimited(pod)] == []
    assert list(crosschecks.literal_secrets(items)) == []
    assert bool(manifests.of_kind(items, "ScaledObject")) == ("Celery" in values["executor"])


def _pod_template(items):
    """The pod that a task becomes: a file within a ConfigMap."""
    for item in manifests.of_kind(items, "ConfigMap"):
        for name, text in item.get("data", {}).items():
            if name.startswith("pod_template"):
                yield from manifests.pods([yaml.safe_load(text)])
