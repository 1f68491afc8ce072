"""`verify_observability` against the running system: all is well, and then each fault is named."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from tests.drill.world import DEPLOY, World
from tests.faults import HOST
from tests.observability.grafana_stub import TOKEN, GrafanaStub
from tests.observability.sentry_endpoint import SentryEndpoint
from tests.system import ROOT, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


def boards() -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))]


def where(world: World, grafana: GrafanaStub, sentry: SentryEndpoint) -> dict[str, str]:
    """The world's versioned configuration is the shipped one with its durations divided."""
    return {
        "VERIFY_BASE_URL": f"http://{HOST}:{world.system.ports['web']}",
        "VERIFY_PROMETHEUS_URL": f"http://{HOST}:{world.ports['prometheus']}",
        "VERIFY_ALERTMANAGER_URL": f"http://{HOST}:{world.ports['alertmanager']}",
        "VERIFY_ALERTMANAGER_CONFIG": str(world.directory / "alertmanager" / "alertmanager.yml"),
        "VERIFY_RULES": str(world.directory / "prometheus" / "alerts.yml"),
        "VERIFY_GRAFANA_URL": grafana.url,
        "VERIFY_GRAFANA_TOKEN": TOKEN,
        "VERIFY_SENTRY_URL": sentry.url,
        "VERIFY_SENTRY_PROJECT": "lms/lms",
        "VERIFY_LOG_FILES": str(world.system.log_path("web")),
        "SENTRY_DSN": sentry.dsn,
    }


def command(world: World, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=world.system.environment | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def steps(done: subprocess.CompletedProcess[str]) -> dict[str, dict]:
    assert done.stdout, done.stderr
    return {step["step"]: step for step in json.loads(done.stdout)["steps"]}


def test_a_sound_deployment_passes_every_step_and_the_watch_reports(world):
    wait_for(lambda: not world.down(), seconds=60, what="every target")
    with GrafanaStub(boards()) as grafana, SentryEndpoint() as sentry:
        done = command(
            world, "verify_observability", "--json", "--watch", "4s", "--every", "1s", **where(world, grafana, sentry)
        )
    found = steps(done)
    watched = found.pop("watch")
    assert {name: (step["state"], step["problems"]) for name, step in found.items()} == {
        name: ("passed", [])
        for name in ("targets", "rules", "dashboards", "routes", "alerts", "closed", "health", "errors", "logs")
    }
    # Rules that are due every second are late on a busy machine, which says nothing about them.
    # This world's node exporter leaves out the machine's own disks, and the watch says so.
    assert {problem for problem in watched["problems"] if not problem.startswith("slow rules: ")} <= {
        "missing series: instance:disk:utilisation has none",
        "missing series: node_filesystem_avail_bytes has none",
    }
    assert done.returncode == (20 if watched["problems"] else 0)
    assert watched["facts"]["looks"] >= 4
    assert "Watchdog (watchdog)" in watched["facts"]["fired"]
    evidence = found["alerts"]["evidence"]
    assert [part in evidence for part in ("critical → pager", "warning → team", "info → log")] == [True] * 3
    for severity, receiver in (("critical", "pager"), ("warning", "team")):
        for resolved in (False, True):
            assert world.sinks.first(receiver, f"TestAlert ({severity})", since=0, resolved=resolved)


def test_each_fault_of_a_broken_deployment_is_named(world, tmp_path):
    config = yaml.safe_load((world.directory / "alertmanager" / "alertmanager.yml").read_text())
    config["receivers"].append({"name": "second-pager", "pagerduty_configs": [{"routing_key": "k"}]})
    config["route"]["routes"][1]["receiver"] = "second-pager"
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    rules = yaml.safe_load((world.directory / "prometheus" / "alerts.yml").read_text())
    saturated = next(rule for group in rules["groups"] for rule in group["rules"] if rule["alert"] == "QueueBacklog")
    saturated["expr"] = saturated["expr"].replace("> 100", "> 200")
    rules["groups"][0]["rules"].append({"alert": "NeverLoaded", "expr": "up", "labels": {"severity": "info"}})
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules))
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    jobs["scrape_configs"].append({"job_name": "loki"})
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(jobs))
    imported = boards()
    lost, thin = imported.pop(), imported[0]
    dropped = thin["panels"].pop()["title"]
    with (
        GrafanaStub(imported) as grafana,
        SentryEndpoint() as sentry,
        _open_house() as house,
        world.without("blackbox"),
    ):
        wait_for(world.down, seconds=60, what="Prometheus' notice")
        done = command(
            world,
            "verify_observability",
            "--json",
            "--skip",
            "alerts",
            **where(world, grafana, sentry)
            | {
                "VERIFY_ALERTMANAGER_CONFIG": str(tmp_path / "alertmanager.yml"),
                "VERIFY_RULES": str(tmp_path / "alerts.yml"),
                "VERIFY_PROMETHEUS_CONFIG": str(tmp_path / "prometheus.yml"),
                "VERIFY_BASE_URL": house,
                "SENTRY_DSN": "",
            },
        )
    found = steps(done)
    assert done.returncode == 10
    assert {name: step["state"] for name, step in found.items()} == dict.fromkeys(found, "failed") | {
        "alerts": "skipped"
    }
    problems = {name: step["problems"] for name, step in found.items()}
    assert problems["targets"][-1] == "job loki has no target"
    assert {line.split()[0] for line in problems["targets"][:-1]} <= {"blackbox", "blackbox-exporter"}
    assert any("connection refused" in line for line in problems["targets"])
    assert problems["rules"] == [
        "alert NeverLoaded (info) is not loaded",
        "alert QueueBacklog (warning) runs with [100.0] for 15 s, versioned [200.0] for 15 s",
    ]
    assert problems["dashboards"] == sorted(
        [f"dashboard {lost['uid']} is missing", f"dashboard {thin['uid']} lacks panel {dropped}"],
        key=lambda line: "missing" in line,
    )
    assert problems["routes"] == [
        "route severity=critical: receiver is 'pager', versioned 'second-pager'",
        "receiver second-pager is missing",
    ]
    assert problems["closed"] == [
        "/metrics answers 200 to a forwarded stranger",
        "/metrics answers 200 to a stranger with a wrong token",
        "/metrics answers 200 to a stranger who claims to be local",
        "/api/v1/ready/details answers 200 without a token",
        "POST /alerts answers 200 without a token",
    ]
    assert problems["health"][:3] == [
        "readiness: redis failed",
        "readiness answered 200 although its checks say {'database': True, 'redis': False}",
        "readiness says False of the redis, its exporter True",
    ]
    assert problems["errors"] == ["SENTRY_DSN is not set: nothing reports errors"]
    assert problems["logs"] == ["the answer carries no X-Request-ID: a line can't be told from others"]


def test_one_severity_is_sent_alone(world):
    done = command(
        world,
        "send_test_alert",
        "--severity",
        "info",
        "--no-resolve",
        VERIFY_ALERTMANAGER_URL=f"http://{HOST}:{world.ports['alertmanager']}",
        VERIFY_LOG_FILES=str(world.system.log_path("web")),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("info      log: delivered after ")
    fired = [line for line in world.system.log_lines("web") if line.get("alertname") == "TestAlert"]
    assert ("info", "firing") in {(line["severity"], line["status"]) for line in fired}


def test_an_alert_that_reaches_nobody_is_no_success(world, tmp_path):
    done = command(world, "send_test_alert", VERIFY_ALERTMANAGER_URL=f"http://{HOST}:1")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("127.0.0.1:1 does not answer: [Errno 111] Connection refused")
    done = command(world, "send_test_alert")
    assert (done.returncode, done.stderr.strip()) == (1, "CommandError: VERIFY_ALERTMANAGER_URL is not set")


class _open_house:
    """A server that lets everybody in, whose readiness contradicts itself and whose answers have no request id."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                checks = {"database": {"status": "ok", "reason": "ok"}, "redis": {"status": "failed", "reason": "x"}}
                body = json.dumps({"status": "ok", "checks": checks}).encode()
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
