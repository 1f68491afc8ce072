"""`make check`, the part about deploy/: every configuration is read by the tool that will read it in production.

Tools are fetched when they can be; one that can't be had is named as skipped. Exits 1 if any check failed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lms import monitoring  # noqa: E402
from lms.side_by_side import failures  # noqa: E402

DEPLOY = ROOT / "deploy"
EXTRA = {"caddy": ("caddy",), "nginx": ("nginx",)}
COMPOSE_LOADER = "github.com/compose-spec/compose-go/v2/cmd@v2.4.9"


def tool(name: str) -> str | None:
    beside_python = Path(sys.executable).with_name(name)
    return str(beside_python) if beside_python.is_file() else monitoring.find(name)


def fetch_compose_loader() -> None:
    """Build the loader that Docker Compose itself uses, where there is a Go toolchain."""
    target = monitoring.tools_directory() / "usr" / "bin"
    go = shutil.which("go")
    if go is None or (target / "compose-loader").exists():
        return
    with tempfile.TemporaryDirectory() as directory:
        environment = os.environ | {"GOBIN": directory, "GOFLAGS": "-p=2"}
        subprocess.run([go, "install", COMPOSE_LOADER], env=environment, cwd=directory, check=True, timeout=400)
        target.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(directory) / "cmd", target / "compose-loader")


def nginx_site(directory: Path) -> list[str]:
    """The shipped site with its paths laid into a directory, and a certificate made now."""
    key, certificate = directory / "privkey.pem", directory / "fullchain.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=lms.example.org"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    site = (DEPLOY / "nginx" / "lms.conf").read_text()
    site = site.replace("/etc/nginx/lms/", f"{DEPLOY / 'nginx'}/").replace("/etc/ssl/lms/", f"{directory}/")
    (directory / "logs.conf").write_text(
        (DEPLOY / "nginx" / "logs.conf").read_text().replace("/var/log/nginx/", f"{directory}/")
    )
    site = site.replace(f"{DEPLOY / 'nginx'}/logs.conf", f"{directory}/logs.conf")
    # nginx -t listens for real; a plain user may not on the ports below 1024.
    site = re.sub(r"listen (\d+)", rf"listen unix:{directory}/\1.socket", site)
    (directory / "lms.conf").write_text(site)
    temporary = "".join(f"{kind}_temp_path {directory}/{kind};\n" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (directory / "nginx.conf").write_text(
        f"pid {directory}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{temporary}"
        f"client_body_temp_path {directory}/body;\ninclude {directory}/lms.conf;\n}}\n"
    )
    return ["nginx", "-t", "-e", "stderr", "-p", str(directory), "-c", str(directory / "nginx.conf")]


def checks(directory: Path) -> dict[str, list[str]]:
    """Each one's command; its program is looked up later."""
    prometheus = DEPLOY / "prometheus"
    tests = [str(path) for path in sorted((prometheus / "tests").glob("*.yml"))]
    # kubernetes-validate only warns of kinds that it doesn't know; deploy.manifests has the operator's.
    not_its = {"kustomization", "servicemonitors", "rules"}
    manifests = [str(path) for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) if path.stem not in not_its]
    python = Path(sys.executable).name
    return {
        "Prometheus configuration and rules": ["promtool", "check", "config", str(prometheus / "prometheus.yml")],
        "names in alerts and panels": [python, "-m", "deploy.names"],
        "alerts and panels on the metrics of the release before": [python, "-m", "deploy.release"],
        "alert tests": ["promtool", "test", "rules", *tests],
        "exporters of what alerts and panels ask": [python, "-m", "deploy.targets"],
        "Alertmanager": ["amtool", "check-config", str(DEPLOY / "alertmanager" / "alertmanager.yml")],
        "Alertmanager's routes": [python, "-m", "deploy.routes"],
        "Caddy": ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "caddy" / "Caddyfile")],
        "nginx": nginx_site(directory),
        "Compose": ["compose-loader", str(DEPLOY / "compose.yaml")],
        "dashboards": [python, "-m", "deploy.grafana.build", "--check"],
        "queries of dashboards": [python, "-m", "deploy.grafana.parse"],
        "Dockerfile": ["hadolint", str(DEPLOY / "Dockerfile")],
        "Kubernetes, generated and the operator's kinds": [python, "-m", "deploy.manifests", "--check"],
        "Kubernetes": ["kubernetes-validate", "--strict", "-k", "1.31", *manifests],
    }


def possible(wanted: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """With the paths of their programs. What needs one that can't be had is left out, and says so."""
    commands = {}
    for what, (program, *arguments) in wanted.items():
        if path := tool(program):
            commands[f"deploy: {what}"] = [path, *arguments]
        else:
            print(f"== deploy: {what}: SKIPPED, {program} can't be had here", flush=True)
    return commands


def main() -> int:
    for packages in (monitoring.PACKAGES, EXTRA):
        try:
            monitoring.fetch(packages)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            print(f"deploy: {error}", file=sys.stderr)
    try:
        fetch_compose_loader()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"deploy: no loader for the Compose file: {error}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="lms-deploy-check-") as name:
        environment = os.environ | {
            "LMS_PROXY_LOG": f"{name}/access.json",
            "LMS_PROXY_ERROR_LOG": f"{name}/errors.json",
            "HOME": name,
        }
        failed = failures(possible(checks(Path(name))), environment)
    if failed:
        print(f"check: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
