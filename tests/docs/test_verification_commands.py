"""The commands that look at a deployment by hand, as the document has them: a real Prometheus, the stub of Grafana."""

import json
import os
import re
import subprocess
import urllib.request

import pytest

from lms import monitoring
from lms.embedded import end_with_parent, free_port
from tests.faults import end
from tests.observability import grafana_stub
from tests.system import ROOT, wait_for

DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"


def block() -> str:
    text = (ROOT / "docs" / "deployment.md").read_text()
    return next(body for body in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) if "/api/search" in body)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """With the configuration that ships; its targets are somebody else's."""
    monitoring.fetch()
    base, directory = f"127.0.0.1:{free_port()}", tmp_path_factory.mktemp("prometheus")
    with (directory / "log").open("ab") as output:
        process = subprocess.Popen(
            [
                str(monitoring.find("prometheus")),
                f"--config.file={ROOT / 'deploy/prometheus/prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'tsdb'}",
                f"--web.listen-address={base}",
                *monitoring.options_of_prometheus(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,
        )

    def discovered() -> bool:
        return b"lms-api" in urllib.request.urlopen(f"http://{base}/api/v1/targets", timeout=5).read()

    wait_for(discovered, what="Prometheus' targets")
    yield f"http://{base}"
    end(process)


@pytest.fixture
def variables(prometheus):
    boards = [json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))]
    with grafana_stub.GrafanaStub(boards) as grafana:
        yield {
            "PATH": f"{monitoring.tools_directory() / 'usr/bin'}:{os.environ['PATH']}",
            "VERIFY_PROMETHEUS_URL": prometheus,
            "VERIFY_PROMETHEUS_TOKEN": "unused here",
            "VERIFY_GRAFANA_URL": grafana.url,
            "VERIFY_GRAFANA_USER": grafana_stub.USER,
            "VERIFY_GRAFANA_PASSWORD": grafana_stub.PASSWORD,
        }


def carry_out(variables):
    return subprocess.run(
        ["bash", "-e", "-c", block()], cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=60
    )


def test_they_show_targets_and_dashboards_and_check_the_rules(variables):
    done = carry_out(variables)
    assert done.returncode == 0, done.stderr
    targets, end_of_first = json.JSONDecoder().raw_decode(done.stdout)
    rest = done.stdout[end_of_first:].lstrip()
    dashboards, end_of_second = json.JSONDecoder().raw_decode(rest)
    assert "lms-api" in {target["labels"]["job"] for target in targets["data"]["activeTargets"]}
    assert {board["uid"] for board in dashboards} == {
        json.loads(path.read_text())["uid"] for path in DASHBOARDS.glob("*.json")
    }
    assert re.search(r"SUCCESS: \d+ rules found", rest[end_of_second:])


def test_a_wrong_password_is_an_error(variables):
    done = carry_out(variables | {"VERIFY_GRAFANA_PASSWORD": "wrong"})
    assert done.returncode != 0
    assert "401" in done.stderr


def test_pages_of_prometheus_are_there(prometheus):
    if not monitoring.options_of_prometheus():
        pytest.skip("this Prometheus isn't one that we unpacked")
    for path in ("graph", "targets", "alerts", "rules", "config", "service-discovery"):
        assert urllib.request.urlopen(f"{prometheus}/classic/{path}", timeout=10).status == 200
