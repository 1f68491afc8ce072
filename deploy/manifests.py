"""The Kubernetes base: `python -m deploy.manifests` writes what is made from other files, with --check it is examined.

- rules.yaml, a PrometheusRule of prometheus/recording.yml and alerts.yml
- ServiceMonitor and PrometheusRule against the schemas below kubernetes/schemas/; kubernetes-validate knows the rest
- every file is in kustomization.yaml

Exit codes: 0 all is well, 1 something isn't (a line each on stderr).
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

DEPLOY = Path(__file__).resolve().parent
DIRECTORY = DEPLOY / "kubernetes"
RULES = DIRECTORY / "rules.yaml"
RULE_FILES = ("recording.yml", "alerts.yml")
OPERATOR = "monitoring.coreos.com/v1"


def rules() -> str:
    groups = [
        {**group, "name": f"{Path(name).stem}-{group['name']}"}
        for name in RULE_FILES
        for group in yaml.safe_load((DEPLOY / "prometheus" / name).read_text())["groups"]
    ]
    resource = {
        "apiVersion": OPERATOR,
        "kind": "PrometheusRule",
        "metadata": {"name": "lms", "labels": {"app.kubernetes.io/name": "lms"}},
        "spec": {"groups": groups},
    }
    head = "# Written by `make manifests` from deploy/prometheus/recording.yml and alerts.yml; do not edit.\n"
    return head + yaml.safe_dump(resource, sort_keys=False, width=120, allow_unicode=True)


def resources() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file, resource) of every file but the kustomization."""
    for path in sorted(DIRECTORY.glob("*.yaml")):
        if path.stem != "kustomization":
            for resource in yaml.safe_load_all(path.read_text()):
                yield path.name, resource


def invalid(resource: dict[str, Any]) -> str:
    """What the schema of a resource of the Prometheus Operator says against it, or ""."""
    schema = DIRECTORY / "schemas" / f"{resource['kind'].lower()}.json"
    if resource["apiVersion"] != OPERATOR or not schema.exists():
        return f"no schema for {resource['apiVersion']} {resource['kind']}"
    try:
        jsonschema.Draft202012Validator(json.loads(schema.read_text())).validate(resource)
    except jsonschema.ValidationError as error:
        # A message begins with the value, which may be long, and ends with what is wrong.
        return f"{'.'.join(str(part) for part in error.path) or resource['kind']}: {error.message[-160:]}"
    return ""


def wrong() -> list[str]:
    lines = []
    if not RULES.exists() or RULES.read_text() != rules():
        lines.append("rules.yaml is not fresh; run `make manifests`.")
    listed = set(yaml.safe_load((DIRECTORY / "kustomization.yaml").read_text())["resources"])
    if different := listed ^ {name for name, _ in resources()}:
        lines.append(f"kustomization.yaml and the files differ in {', '.join(sorted(different))}.")
    for name, resource in resources():
        # Groups of Kubernetes itself have no dot, or end in k8s.io.
        group = resource["apiVersion"].rpartition("/")[0]
        if "." in group and not group.endswith(".k8s.io") and (line := invalid(resource)):
            lines.append(f"{name}: {resource['metadata']['name']}: {line}")
    return lines


def main() -> int:
    if "--check" not in sys.argv[1:]:
        RULES.write_text(rules())
        return 0
    lines = wrong()
    for line in lines:
        print(f"manifests: {line}", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
