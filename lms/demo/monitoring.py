"""Prometheus, Alertmanager and the exporters of the demo: the configuration that ships, with the demo's addresses."""

import json
import secrets
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from lms import monitoring
from lms.demo import ports, tls

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HOST = "127.0.0.1"
RUNBOOKS = "https://lms.example.org/runbooks"  # of the rules that ship


def alerts_token(run_dir: Path) -> str:
    """The secret that Alertmanager shows to the LMS, made up on first use."""
    path = run_dir / "alerts-token"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path.read_text()


def targets() -> dict[str, list[dict[str, Any]]]:
    """Job → groups of targets, as the files in deploy/prometheus/targets have them."""

    def at(*those: ports.Port) -> list[dict[str, Any]]:
        return [{"targets": [f"{HOST}:{port.number}" for port in those]}]

    web = f"http://{HOST}:{ports.WEB.number}"
    exporter = f"{HOST}:{ports.BLACKBOX.number}"
    asked_by = {"module": "http_2xx", "exporter": exporter}
    return {
        "lms-api": at(ports.API_METRICS),
        "lms-worker": at(ports.WORKER_METRICS),
        "lms-beat": at(ports.BEAT_METRICS),
        "flower": at(ports.FLOWER),
        "postgres": at(ports.POSTGRES_EXPORTER),
        "redis": at(ports.REDIS_EXPORTER),
        "node": at(ports.NODE_EXPORTER),
        "prometheus": at(ports.PROMETHEUS),
        "alertmanager": at(ports.ALERTMANAGER),
        "blackbox-exporter": at(ports.BLACKBOX),
        "blackbox": [
            {"targets": [f"{web}/health"], "labels": {"probe": "liveness", **asked_by}},
            {"targets": [f"{web}/api/v1/ready"], "labels": {"probe": "readiness", **asked_by}},
            {"targets": [f"{web}/api/docs/", f"{web}/admin/login/"], "labels": {"probe": "page", **asked_by}},
            {
                "targets": [f"{HOST}:{ports.TLS.number}"],
                "labels": {"probe": "tls", "module": "tls", "exporter": exporter},
            },
        ],
    }


def alertmanager_config(shipped: dict[str, Any], *, url: str, token_file: Path) -> dict[str, Any]:
    """The shipped routes, inhibitions and times; every receiver is the LMS's own log."""
    config = {name: value for name, value in shipped.items() if name != "global"}
    webhook = {
        "url": url,
        "send_resolved": True,
        "http_config": {"authorization": {"credentials_file": str(token_file)}},
    }
    names = [receiver["name"] for receiver in shipped["receivers"]]
    config["receivers"] = [{"name": name, "webhook_configs": [webhook]} for name in names]
    return config


def write_configuration(run_dir: Path) -> Path:
    """Lay everything that Prometheus, Alertmanager and blackbox_exporter read into a directory and return it."""
    directory = run_dir / "monitoring"
    for folder in ("prometheus/targets", "alertmanager/templates"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    for path in (DEPLOY / "prometheus").glob("*.yml"):
        here = path.read_text().replace(RUNBOOKS, f"http://{HOST}:{ports.WEB.number}/runbooks")
        (directory / "prometheus" / path.name).write_text(here)
    for job, groups in targets().items():
        (directory / "prometheus" / "targets" / f"{job}.yml").write_text(json.dumps(groups, indent=1))
    shutil.copytree(DEPLOY / "alertmanager" / "templates", directory / "alertmanager" / "templates", dirs_exist_ok=True)
    alerts_token(run_dir)
    tls.Authority(directory / "tls").issue()
    shipped = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    url = f"http://{HOST}:{ports.WEB.number}/alerts"
    config = alertmanager_config(shipped, url=url, token_file=run_dir / "alerts-token")
    (directory / "alertmanager" / "alertmanager.yml").write_text(yaml.safe_dump(config, sort_keys=False))
    return directory


def commands(run_dir: Path, environment: dict[str, str]) -> dict[str, tuple[str, dict[str, str]]]:
    """Process name → (command line, variables of its own); empty when a binary is missing."""
    if monitoring.missing():
        return {}
    directory = write_configuration(run_dir)
    redis = urlsplit(environment["REDIS_URL"])
    database = environment["DATABASE_URL"]
    if "sslmode=" not in database:
        database += ("&" if "?" in database else "?") + "sslmode=disable"

    tools = monitoring.tools_directory()
    tools.mkdir(parents=True, exist_ok=True)

    def line(binary: str, *arguments: object) -> str:
        words = shlex.join([str(monitoring.find(binary)), *map(str, arguments)])
        # Telemetry that fails stops nobody: the others go on.
        farewell = 'echo "ended with code $?; the demo goes on without it"; exec sleep infinity'
        script = f'cd {shlex.quote(str(tools))}; {words} >>"$0" 2>&1; {farewell}'
        return shlex.join(["sh", "-c", script, str(directory / f"{binary}.log")])

    def listen(port: ports.Port) -> str:
        return f"--web.listen-address={HOST}:{port.number}"

    return {
        "prometheus": (
            line(
                "prometheus",
                f"--config.file={directory / 'prometheus' / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'tsdb'}",
                "--storage.tsdb.retention.time=2d",
                "--web.enable-lifecycle",
                *monitoring.options_of_prometheus(),
                listen(ports.PROMETHEUS),
            ),
            {},
        ),
        "alertmanager": (
            line(
                "prometheus-alertmanager",
                f"--config.file={directory / 'alertmanager' / 'alertmanager.yml'}",
                f"--storage.path={directory / 'alertmanager-data'}",
                "--cluster.listen-address=",
                listen(ports.ALERTMANAGER),
            ),
            {},
        ),
        "node": (
            # Debian's default leaves out /mnt, /media and /run, where data disks are mounted.
            line(
                "prometheus-node-exporter",
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
                listen(ports.NODE_EXPORTER),
            ),
            {},
        ),
        "postgres": (
            # Its reader of pg_stat_bgwriter (0.11) doesn't know PostgreSQL 17 and later.
            line("prometheus-postgres-exporter", "--no-collector.bgwriter", listen(ports.POSTGRES_EXPORTER)),
            {"DATA_SOURCE_NAME": database},
        ),
        "redis": (
            line(
                "prometheus-redis-exporter",
                f"-redis.addr=redis://{redis.hostname}:{redis.port or 6379}",
                f"-web.listen-address={HOST}:{ports.REDIS_EXPORTER.number}",
            ),
            {"REDIS_PASSWORD": redis.password or ""},
        ),
        "blackbox": (
            line(
                "prometheus-blackbox-exporter",
                f"--config.file={DEPLOY / 'blackbox' / 'blackbox.yml'}",
                listen(ports.BLACKBOX),
            ),
            {"SSL_CERT_FILE": str(directory / "tls" / "authority.pem")},
        ),
        "tls": (shlex.join([sys.executable, "-m", "lms.demo.tls", str(ports.TLS.number), str(directory / "tls")]), {}),
    }
