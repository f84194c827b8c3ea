"""The chart `apod`, rendered by Helm with every values file: valid, and at one with the docs and the command."""

from __future__ import annotations

from pathlib import Path

import charts
import click
import crosschecks
import documented
import manifests
import pytest
import schemas
import yaml
from charts import CHART, EXAMPLES, VALUES_FILES, values_of

from apod_pipeline.cli import apod
from apod_pipeline.settings.resolving import settings_of

DNS = {(53, "UDP"), (53, "TCP")}
WORKLOADS = {"mirror": ("Deployment", "mirror"), "migration": ("Job", "migrate"), "pipeline": ("CronJob", "run")}


def _made(path, **more):
    return charts.rendered(CHART, values_of(path, **more))


def _one(items, kind, name):
    return next(item for item in manifests.of_kind(items, kind) if item["metadata"]["name"] == name)


def _container(items, part):
    kind, name = WORKLOADS[part]
    pod = next(manifests.pods([_one(items, kind, f"apod-{part}")]))
    return next(container for container in pod.containers if container["name"] == name)


def _variables(container):
    return {variable["name"]: variable.get("value") for variable in container["env"]}


def test_the_rules_are_those_of_the_house():
    """The chart brings the rules that `make test-metrics` evaluates, and gives them to the Prometheus operator."""
    rules = (CHART.parents[1] / "monitoring" / "apod.rules.yml").read_text(encoding="utf-8")
    assert (CHART / "apod.rules.yml").read_text(encoding="utf-8") == rules
    made = _made(EXAMPLES / "everything.yaml")
    assert _one(made, "PrometheusRule", "apod")["spec"] == yaml.safe_load(rules)


# ---- every values file -------------------------------------------------------------------------
def test_helm_lints_it(values_file):
    """Helm's own lint, as strict as it can be, has nothing to say against the chart with any values file."""
    import helm_python as helm

    report = helm.lint(CHART, values_of(values_file), strict=True)
    assert report["errors"] == []
    assert [m for m in report["messages"] if m["severity"] > 1] == []


@pytest.mark.parametrize("version", manifests.VERSIONS)
def test_every_object_is_valid(rendered, version):
    """Every object is what Kubernetes takes, without an unknown field, in an older and in the newest version."""
    assert rendered
    for item in rendered:
        schemas.validate(item, version)


def test_objects_agree(rendered):
    """Selectors select, targets are there, probes and Services ask ports that containers have, mounts have volumes."""
    assert list(crosschecks.selectors(rendered)) == []
    assert list(crosschecks.ports(rendered)) == []
    assert list(crosschecks.volumes(rendered)) == []
    names = [manifests.name_of(item) for item in rendered]
    assert len(names) == len(set(names))


def test_every_pod_is_restricted_and_limited(rendered):
    """No pod is beyond the profile "restricted", and every container has requests and limits."""
    pods = list(manifests.pods(rendered))
    assert pods
    assert [finding for pod in pods for finding in crosschecks.unrestricted(pod)] == []
    assert [finding for pod in pods for finding in crosschecks.unlimited(pod)] == []


def test_no_secret_stands_there_and_each_is_made_by_the_docs(values_file, rendered):
    """Secrets are named only, in the values and in the objects, and docs/kubernetes.md makes every one of them."""
    assert list(crosschecks.literal_secrets(values_of(values_file))) == []
    assert list(crosschecks.literal_secrets(rendered)) == []
    assert manifests.of_kind(rendered, "Secret") == []
    assert documented.undocumented(crosschecks.secret_keys(rendered)) == []


def test_every_variable_is_a_setting(rendered):
    """What is set for our command is a setting that it knows."""
    known = {one.variable for one in settings_of("apod")}
    names = {name for pod in manifests.pods(rendered) for container in pod.containers for name in _variables(container)}
    assert {name for name in names if name.startswith(("APOD_", "NASA_", "POSTGRES_"))} <= known
    assert "APOD_DATABASE_URL" in names


def test_the_command_understands_what_is_typed(rendered):
    """Every container runs a command of `apod`, with options that it has."""
    for pod in manifests.pods(rendered):
        for container in pod.containers:
            assert container["command"] == ["apod"]
            name, *words = container["args"]
            command = apod.get_command(click.Context(apod), name)
            command.make_context(name, words)


def test_what_is_let_out(rendered):
    """The mirror and the migration reach DNS and the database, the pipeline HTTPS and ssh as well, and nobody more."""
    policies = {p["metadata"]["name"]: p for p in manifests.of_kind(rendered, "NetworkPolicy")}
    parts = {pod.labels["app.kubernetes.io/component"] for pod in manifests.pods(rendered)}
    assert policies.keys() == {f"apod-{part}" for part in parts}
    for name, policy in policies.items():
        more = {(443, "TCP"), (22, "TCP")} if name == "apod-pipeline" else set()
        assert crosschecks.egress(policy) == DNS | {(5432, "TCP")} | more
        lets_in = [port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]]
        assert lets_in == ([8000] if name == "apod-mirror" else [])


def test_further_ports_are_let_out_where_they_are_named():
    """An object store or a Git server of one's own, on its own port: for the pipeline, and for nobody else."""
    let_out = {"enabled": True, "mirrorFrom": [], "databaseTo": [], "furtherPorts": [9000, 2222]}
    items = _made(EXAMPLES / "everything.yaml", networkPolicy=let_out)
    pipeline, mirror = (crosschecks.egress(_one(items, "NetworkPolicy", f"apod-{p}")) for p in ("pipeline", "mirror"))
    assert pipeline - mirror == {(443, "TCP"), (22, "TCP"), (9000, "TCP"), (2222, "TCP")}


# ---- what single values do ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"mirrors": {}}, "mirrors"),
        ({"image": {"repository": "r", "tag": "latest"}}, "tag"),
        ({"migration": {"resources": {"limits": None}}}, "limits"),
        ({"mirror": {"resources": {"limits": {"cpu": 1, "memory": "lots"}}}}, "memory"),
        ({"runAsUser": 0}, "runAsUser"),
        ({"pipeline": {"settings": {"APOD_DATABASE_URL": "postgresql://db/apod"}}}, "APOD_DATABASE_URL"),
    ],
    ids=["misspelt", "moving tag", "no limits", "no amount", "root", "a secret as a setting"],
)
def test_values_that_cannot_be_meant_are_refused(more, says):
    """The schema refuses what would be ignored, unlimited, root's, or a secret in plain text."""
    from helm_python import HelmError

    with pytest.raises(HelmError, match=says):
        _made(CHART / "values.yaml", **more)


def test_the_mirror_needs_only_to_read():
    """The mirror knows the reading role's Secret and no other, keeps nothing, and is probed as documented."""
    items = _made(EXAMPLES / "mirror-only.yaml")
    mirror = _container(items, "mirror")
    assert crosschecks.secret_keys([_one(items, "Deployment", "apod-mirror")]) == {
        ("apod-database", "APOD_READ_DATABASE_URL")
    }
    assert mirror["args"] == ["serve", "--host", "0.0.0.0", "--port", "8000", "--workers", "1"]  # noqa: S104 - in a pod
    assert mirror["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert mirror["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    volumes = next(manifests.pods([_one(items, "Deployment", "apod-mirror")])).spec["volumes"]
    assert all("emptyDir" in volume for volume in volumes)


def test_the_mirror_serves_every_set():
    """What is archived is served, by its name: the mirror has tables alone."""
    words = _container(_made(EXAMPLES / "everything.yaml"), "mirror")["args"]
    assert words[words.index("--datasets") + 1] == "apod,approaches"


def test_autoscaling_leaves_the_replicas_alone():
    """With an HPA the Deployment says no number, or every upgrade would undo the scaling; without one it does."""
    scaled, fixed = _made(EXAMPLES / "everything.yaml"), _made(EXAMPLES / "mirror-only.yaml")
    assert "replicas" not in _one(scaled, "Deployment", "apod-mirror")["spec"]
    assert manifests.of_kind(scaled, "HorizontalPodAutoscaler")
    assert _one(fixed, "Deployment", "apod-mirror")["spec"]["replicas"] == 2
    assert not manifests.of_kind(fixed, "HorizontalPodAutoscaler")


def test_the_migration_comes_first():
    """The migration and its NetworkPolicy are hooks before install and upgrade, the policy before the Job."""
    items = _made(EXAMPLES / "everything.yaml")
    hooks = [_one(items, kind, "apod-migration")["metadata"]["annotations"] for kind in ("NetworkPolicy", "Job")]
    assert {hook["helm.sh/hook"] for hook in hooks} == {"pre-install,pre-upgrade"}
    assert int(hooks[0]["helm.sh/hook-weight"]) < int(hooks[1]["helm.sh/hook-weight"])
    others = [item for item in items if item["metadata"]["name"] != "apod-migration"]
    assert not any("helm.sh/hook" in item["metadata"].get("annotations", {}) for item in others)


def test_a_stateless_run_has_no_volume_and_both_remotes():
    """Without a claim the CronJob types --stateless, never twice at one time, and has nothing that lasts."""
    items = _made(EXAMPLES / "cronjob.yaml")
    job, run = _one(items, "CronJob", "apod-pipeline"), _container(items, "pipeline")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert "--stateless" in run["args"]
    assert {"APOD_GIT_REMOTE", "APOD_DVC_REMOTE", "APOD_DATABASE_URL", "NASA_API_KEY"} <= _variables(run).keys()
    volumes = next(manifests.pods([job])).spec["volumes"]
    assert not any("persistentVolumeClaim" in volume for volume in volumes)
    key = next(mount for mount in run["volumeMounts"] if mount["name"] == "ssh")
    assert key["readOnly"]
    assert f"-i {key['mountPath']}/id_ed25519" in _variables(run)["GIT_SSH_COMMAND"]


@pytest.mark.parametrize("missing", ["git", "dvc"])
def test_a_stateless_run_without_a_remote_is_refused(missing):
    """A stateless run that could not push is refused before anything is installed, by name of what is missing."""
    from helm_python import HelmError

    remotes = {"git": {"remote": "git@host:archive"}, "dvc": {"remote": "ssh://host/apod"}, missing: {"remote": ""}}
    with pytest.raises(HelmError, match=rf"pipeline\.{missing}\.remote"):
        _made(CHART / "values.yaml", pipeline={"enabled": True, **remotes})


def test_a_password_in_a_remote_is_refused():
    """An address with a password in it is refused by the schema, as the command itself would."""
    from helm_python import HelmError

    remote = {"remote": "https://user:token@host/archive"}
    with pytest.raises(HelmError, match="remote"):
        _made(EXAMPLES / "cronjob.yaml", pipeline={"enabled": True, "git": remote, "dvc": remote})


def test_a_volume_keeps_the_archive():
    """With a claim the run is an ordinary one over a folder in the volume, never over the volume itself."""
    items = _made(EXAMPLES / "cronjob-with-volume.yaml")
    run = _container(items, "pipeline")
    assert "--stateless" not in run["args"]
    folder = Path(_variables(run)["APOD_ARCHIVE"])
    mounts = {Path(mount["mountPath"]): mount["name"] for mount in run["volumeMounts"]}
    assert folder not in mounts, "a volume is root's: Git refuses to work in a folder of another user's"
    assert mounts[folder.parent] == "archive"
    assert _one(items, "PersistentVolumeClaim", "apod-archive")["spec"]["accessModes"] == ["ReadWriteMany"]
    assert not manifests.of_kind(items, "Deployment")


TWO = {"datasets": ["apod", "far_lights"]}


def test_another_set_has_a_run_and_tables_of_its_own():
    """A CronJob, a folder and remotes a set, their clocks apart; APOD's objects are what they are without it."""
    path = EXAMPLES / "cronjob-with-volume.yaml"
    own = {"schedule": "30 6 * * *", "timeZone": "Etc/UTC", "git": {"remote": "git@host:far-lights"}}
    remotes = {"git": {"remote": "git@host:apod"}, "dvc": {"remote": "s3://versions/all/"}}
    pipeline = values_of(path)["pipeline"] | remotes
    alone = _made(path, pipeline=pipeline)
    both = _made(path, **TWO, pipeline=pipeline | {"sets": {"far_lights": own}})
    assert _one(both, "CronJob", "apod-pipeline") == _one(alone, "CronJob", "apod-pipeline")
    job = _one(both, "CronJob", "apod-pipeline-far-lights")
    assert (job["spec"]["schedule"], job["spec"]["timeZone"]) == ("30 6 * * *", "Etc/UTC")
    run = next(manifests.pods([job])).containers[0]
    assert {name: value for name, value in _variables(run).items() if name.startswith("APOD_") and value} == {
        "APOD_DATASET": "far_lights",
        "APOD_ARCHIVE": "/var/lib/apod/archives/far_lights",
        "APOD_GIT_REMOTE": "git@host:far-lights",
        "APOD_DVC_REMOTE": "s3://versions/all/far_lights",
    }
    spec = next(manifests.pods([_one(both, "Job", "apod-migration")])).spec
    assert [_variables(one).get("APOD_DATASET") for one in spec["initContainers"]] == ["far_lights"]
    assert spec["containers"] == next(manifests.pods([_one(alone, "Job", "apod-migration")])).spec["containers"]


def test_another_set_never_pushes_to_apods_repository():
    """A stateless run of it needs a Git remote of its own, and says by which name; `-` is in no set's name."""
    from helm_python import HelmError

    with pytest.raises(HelmError, match=r"pipeline\.sets\.far_lights\.git\.remote"):
        _made(EXAMPLES / "cronjob.yaml", **TWO)
    with pytest.raises(HelmError, match="datasets"):
        _made(CHART / "values.yaml", datasets=["far-lights"])


def test_a_digest_counts_more_than_a_tag():
    """With a digest the image is named by it; without one by a tag that is the chart's version of the application."""
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    by_digest = _container(_made(EXAMPLES / "everything.yaml"), "mirror")["image"]
    by_tag = _container(_made(EXAMPLES / "mirror-only.yaml"), "mirror")["image"]
    assert "@sha256:" in by_digest
    assert by_tag == f"registry.example.org/apod-pipeline:{version}"


def test_the_chart_is_of_this_package():
    """The chart installs the version of the package that it lies beside."""
    from apod_pipeline import __version__

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == __version__


def test_everything_is_everything():
    """The example of everything switches on whatever the chart can switch on, so that all of it is judged above."""
    import helm_python as helm

    def switches(tree, path=()):
        for key, value in tree.items():
            if isinstance(value, dict):
                yield from switches(value, (*path, key))
            elif key in {"enabled", "create"}:
                yield (*path, key), value

    with helm.Chart.load(CHART) as chart:
        merged = chart.merge_values(values_of(EXAMPLES / "everything.yaml"))
    assert [path for path, value in switches(merged) if not value] == []
    assert len(VALUES_FILES) >= 5
