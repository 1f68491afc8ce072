"""From log files to OTLP: what real proxies write, a failed TLS handshake included, and what the LMS writes.

The files are written by the real nginx and Caddy with the configuration that ships, and by the LMS's own formatter. The
collector is a stand-in (tests/deploy/collector.py) that carries out the real configuration; what it sends arrives at a
real HTTP server. Loki's configuration is only read.
"""

import contextlib
import gzip
import http.client
import json
import logging
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from deploy.names import DEPLOY
from tests.deploy import collector, proxies
from tests.system import ROOT, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
SECRETS = {"Cookie": "sessionid=c00kie", "Authorization": "Bearer t0ken", "X-Session-Token": "s3ssion"}


class Sink:
    """A server that keeps what is sent to it: bodies of POSTs, and the request ids of GETs."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.request_ids: list[str] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if "scope=process" not in self.path:
                    sink.request_ids.append(self.headers.get("X-Request-ID", "from-the-application"))
                self.send_response(200)
                self.send_header("X-Request-ID", self.headers.get("X-Request-ID", "from-the-application"))
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_POST(self) -> None:
                sink.posted.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.do_GET()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port

    def __enter__(self) -> "Sink":
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def lines(self) -> list[dict]:
        """The records that arrived by OTLP, flat."""
        found = []
        for path, body in self.posted:
            assert path == "/otlp/v1/logs"
            for resource in json.loads(gzip.decompress(body))["resourceLogs"]:
                about = {one["key"]: one["value"]["stringValue"] for one in resource["resource"]["attributes"]}
                for record in resource["scopeLogs"][0]["logRecords"]:
                    attributes = {one["key"]: one["value"]["stringValue"] for one in record["attributes"]}
                    found.append(
                        {
                            "labels": about,
                            "beside": attributes,
                            "line": record["body"]["stringValue"],
                            "severity": record["severityNumber"],
                        }
                    )
        return found


def asked(port: int) -> int:
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    connection.request("GET", "/courses/?email=student%40example.org", headers={"Host": "localhost", **SECRETS})
    status = connection.getresponse().status
    connection.close()
    return status


PROXIES = {
    "nginx": (proxies.nginx, "lms-access.json", "lms-error.log", "SSL_do_handshake() failed"),
    "caddy": (proxies.caddy, "access.json", "errors.json", "TLS handshake error"),
}


@pytest.mark.parametrize("name", PROXIES)
def test_a_failed_handshake_and_a_request_reach_the_store_without_secrets(name, tmp_path, proxy_binary):
    proxy_binary(name)
    start, access, errors, words = PROXIES[name]
    with Sink() as upstream, Sink() as loki, contextlib.ExitStack() as stack:
        port = start(stack, tmp_path, upstream.port)
        wait_for(lambda: proxies.answers(port), what=name)
        wait_for(lambda: asked(port) == 200, what="the application behind it")
        with pytest.raises(ssl.SSLCertVerificationError):
            proxies.shaken_hands(port, trusting=False)
        wait_for(lambda: words in (tmp_path / errors).read_text(), what="the failed handshake in the log")
        wait_for(lambda: "/courses/" in (tmp_path / access).read_text(), what="the request in the log")
        config = collector.configuration(
            {
                "LMS_LOG_FILES": str(tmp_path / "none"),
                "LMS_PROXY_LOG_FILES": str(tmp_path / "*.json"),
                "LMS_PROXY_ERROR_LOG_FILES": str(tmp_path / "*.log"),
                "LMS_OTLP_ENDPOINT": f"http://127.0.0.1:{loki.port}/otlp",
            }
        )
        assert collector.send(config) == len(loki.lines())
    told = [one for one in loki.lines() if words in one["line"]]
    assert told
    assert {(one["labels"]["service.name"], one["beside"]["level"]) for one in told} == {("proxy", "warn")}
    (request,) = [one for one in loki.lines() if '"/courses/"' in one["line"] and '"status":200' in one["line"]]
    assert request["labels"] == {"service.name": "proxy", "service.component": "access"}
    assert (request["beside"], request["severity"]) == ({"level": "info"}, 9)
    assert "127.0.0.0" in request["line"]
    if name == "nginx":
        assert '"request_id":"from-the-application"' in request["line"]
    else:  # Debian's Caddy is too old to write the id that it hands on
        assert re.fullmatch(r"[0-9a-f-]{36}", upstream.request_ids[-1])
    everything = json.dumps(loki.lines())
    for secret in ("student", "c00kie", "t0ken", "s3ssion"):
        assert secret not in everything


def test_lines_of_containers_keep_few_labels_and_strangers_stay_out(tmp_path):
    from observability.context import continued
    from observability.logs.formatter import JsonFormatter

    record = logging.LogRecord("lms", logging.WARNING, "x.py", 1, "A delivery failed", (), None)
    record.event = "outbox.delivery_failed"
    with continued({"request_id": "0123456789abcdef"}):
        line = JsonFormatter().format(record)

    def docker(service: str, log: str) -> str:
        attrs = {"com.docker.compose.service": service}
        return json.dumps({"log": log + "\n", "stream": "stdout", "attrs": attrs, "time": "2026-01-31T12:00:00Z"})

    lines = [docker("worker", line), docker("postgres", "secret rows"), docker("web", "Traceback"), "not JSON"]
    lines.append(json.dumps({"log": "a container without labels\n", "stream": "stdout"}))
    (tmp_path / "1-json.log").write_text("\n".join(lines) + "\n")
    with Sink() as loki:
        config = collector.configuration(
            {
                "LMS_LOG_FILES": str(tmp_path / "*-json.log"),
                "LMS_PROXY_LOG_FILES": str(tmp_path / "none"),
                "LMS_PROXY_ERROR_LOG_FILES": str(tmp_path / "none"),
                "LMS_OTLP_ENDPOINT": f"http://127.0.0.1:{loki.port}/otlp",
            }
        )
        assert collector.send(config) == 2
    structured, text = loki.lines()
    assert structured["labels"] == {"service.component": "worker", "service.name": "lms"}
    assert re.fullmatch("[0-9a-f]{32}", structured["beside"].pop("trace_id"))
    assert structured["beside"] == {
        "level": "WARNING",
        "event": "outbox.delivery_failed",
        "request_id": "0123456789abcdef",
    }
    assert (structured["severity"], structured["line"]) == (13, line + "\n")
    assert (text["labels"]["service.component"], text["line"], text["beside"]) == ("web", "Traceback\n", {})


def test_every_pipeline_names_only_parts_that_are_configured():
    config = collector.configuration({})
    pipeline = config["service"]["pipelines"]["logs"]
    assert set(pipeline["receivers"]) == config["receivers"].keys()
    assert set(pipeline["processors"]) == config["processors"].keys()
    assert set(pipeline["exporters"]) == config["exporters"].keys()
    assert set(config["service"]["extensions"]) == config["extensions"].keys()
    for name, receiver in config["receivers"].items():
        ids = [operator["id"] for operator in receiver["operators"]]
        assert len(ids) == len(set(ids)), name
        assert {operator["type"] for operator in receiver["operators"]} <= collector.OPERATORS.keys()
        assert receiver["storage"] in config["extensions"]


def test_loki_keeps_few_labels_and_deletes():
    loki = yaml.safe_load((DEPLOY / "logging" / "loki.yaml").read_text())
    (rule,) = loki["limits_config"]["otlp_config"]["resource_attributes"]["attributes_config"]
    assert rule == {"action": "index_label", "attributes": ["service.name", "service.component"]}
    assert loki["limits_config"]["retention_period"] == "744h"
    assert loki["compactor"]["retention_enabled"] is True


def test_panels_ask_for_labels_and_fields_that_lines_have():
    from observability.security.stream import logger as security

    config = collector.configuration({})
    added: dict[str, set[str]] = {}
    for receiver in config["receivers"].values():
        for operator in receiver["operators"]:
            if operator["type"] == "add" and operator["field"].startswith("resource"):
                added.setdefault(operator["field"], set()).add(operator["value"])
    fields = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "logging.md").read_text()))
    asked = 0
    for path in (DEPLOY / "grafana" / "dashboards").glob("*.json"):
        board = json.loads(path.read_text())
        targets = [target for panel in board["panels"] for target in panel["targets"]]
        for query in [*targets, *board["annotations"]["list"]]:
            if query["datasource"]["type"] != "loki":
                continue
            asked += 1
            (stream,) = re.findall(r'^\{service_name="(\w+)"\}', query["expr"])
            assert stream in added['resource["service.name"]'], path.name
            filters = dict(re.findall(r'\| (\w+)=~?"([^"]*)"', query["expr"]))
            assert filters.keys() <= fields, path.name
            assert filters.get("logger", security.name) == security.name
            assert filters.get("event", "alert") == "alert"
    assert asked == 7
