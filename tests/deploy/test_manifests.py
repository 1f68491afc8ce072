"""The Kubernetes base: rules as Prometheus has them, monitors that find their ports, pods that are closed and wait."""

from copy import deepcopy

import pytest

pytest.importorskip("jsonschema")

import yaml

from deploy import manifests
from deploy.names import load
from tests.system import ROOT

RESOURCES = [resource for _, resource in manifests.resources()]


def of(kind: str) -> dict[str, dict]:
    return {one["metadata"]["name"]: one for one in RESOURCES if one["kind"] == kind}


PODS = {name: one["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for name, one in of(kind).items()}


def test_nothing_is_wrong_with_what_is_committed():
    assert manifests.wrong() == []


def test_the_rules_are_those_of_prometheus():
    (resource,) = of("PrometheusRule").values()
    found = [rule for group in resource["spec"]["groups"] for rule in group["rules"]]
    assert found == [*load("recording.yml"), *load("alerts.yml")]
    names = [group["name"] for group in resource["spec"]["groups"]]
    assert len(names) == len(set(names))


def test_old_rules_are_told(tmp_path, monkeypatch):
    old = tmp_path / "rules.yaml"
    old.write_text(manifests.RULES.read_text().replace("> 0.05", "> 0.06", 1))
    monkeypatch.setattr(manifests, "RULES", old)
    assert manifests.wrong() == ["rules.yaml is not fresh; run `make manifests`."]


@pytest.mark.parametrize(
    ("kind", "change", "line"),
    [
        ("ServiceMonitor", lambda spec: spec["endpoints"][0].pop("port"), "'port' is a required property"),
        ("ServiceMonitor", lambda spec: spec["endpoints"][0].update(interval="15"), "'15' does not match"),
        ("ServiceMonitor", lambda spec: spec["endpoints"][0].update(intervall="15s"), "'intervall' was unexpected"),
        ("ServiceMonitor", lambda spec: spec.pop("selector"), "'selector' is a required property"),
        ("PrometheusRule", lambda spec: spec["groups"][0].pop("name"), "'name' is a required property"),
        ("PrometheusRule", lambda spec: spec["groups"][0]["rules"][0].update({"for": "5m"}), "is not valid under any"),
        ("PrometheusRule", lambda spec: spec["groups"][0]["rules"][0].pop("expr"), "'expr' is a required property"),
    ],
)
def test_what_the_operator_would_refuse_is_told(kind, change, line):
    resource = deepcopy(next(iter(of(kind).values())))
    assert manifests.invalid(resource) == ""
    change(resource["spec"])
    assert line in manifests.invalid(resource)


def test_a_kind_without_a_schema_is_told():
    assert manifests.invalid({"apiVersion": "monitoring.coreos.com/v1", "kind": "Probe"}).startswith("no schema for")


def test_each_monitor_finds_one_service_with_its_port_and_gives_it_the_job_of_the_configuration():
    jobs = {}
    for name, monitor in of("ServiceMonitor").items():
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        (service,) = [one for one in of("Service").values() if wanted <= one["metadata"]["labels"].items()]
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
        (relabeling,) = endpoint["relabelings"]
        assert relabeling["targetLabel"] == "job"
        jobs[name] = (relabeling["replacement"], monitor["spec"]["sampleLimit"])
    configured = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    limits = {one["job_name"]: one["sample_limit"] for one in configured}
    assert {job: limits.get(job) for job, _ in jobs.values()} == dict(jobs.values())
    assert jobs.keys() == {"lms-web", "lms-worker", "lms-beat", "lms-flower"}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_closed_limited_and_told_when_it_has_started(name):
    pod = PODS[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in [*pod.get("initContainers", ()), *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"] == container["resources"]["requests"]["memory"]
    if name != "lms-migrate":
        assert {"startupProbe", "livenessProbe"} <= pod["containers"][0].keys()


def test_pods_that_use_the_database_wait_for_the_migrations():
    waiting = {name for name, pod in PODS.items() if "initContainers" in pod}
    assert waiting == {"lms-web", "lms-worker", "lms-beat"}
    for name in waiting:
        (container,) = PODS[name]["initContainers"]
        assert container["command"] == ["python", "manage.py", "migrate", "--check"]
    assert PODS["lms-migrate"]["containers"][0]["command"] == ["python", "manage.py", "migrate", "--noinput"]


def test_readiness_is_of_the_process_alone_and_liveness_touches_nothing():
    probes = PODS["lms-web"]["containers"][0]
    assert probes["readinessProbe"]["httpGet"]["path"] == "/api/v1/ready?scope=process"
    assert {probes[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe")} == {"/health"}


def test_what_grows_keeps_one_pod_during_maintenance():
    grown = {one["spec"]["scaleTargetRef"]["name"] for one in of("HorizontalPodAutoscaler").values()}
    kept = {
        f"lms-{one['spec']['selector']['matchLabels']['app.kubernetes.io/component']}"
        for one in of("PodDisruptionBudget").values()
    }
    assert grown == kept == {"lms-web", "lms-worker"}
