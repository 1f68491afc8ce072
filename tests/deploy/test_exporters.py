"""What rules and panels take from exporters is in the real exporters' output."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.names import DEPLOY, FOREIGN
from lms import monitoring
from lms.demo import tls
from lms.embedded import free_port, free_ports
from tests.system import wait_for

pytestmark = pytest.mark.observability
# Prometheus itself, and the file of probed targets, add these.
NOT_EXPORTED = {
    "up": set(),
    "probe_success": {"probe", "module"},
    "probe_ssl_earliest_cert_expiry": {"probe", "module"},
}


@contextmanager
def exporter(binary: str, *arguments: str, path: str = "/metrics", **variables: str) -> Iterator[str]:
    """The exposition of an exporter that listens at the port that stands for PORT in the arguments."""
    port = str(free_ports(1)[0])
    command = [str(monitoring.find(binary)), *(one.replace("PORT", port) for one in arguments)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=os.environ | variables, stdout=quiet, stderr=quiet)
    url = f"http://127.0.0.1:{port}{path.replace('PORT', port)}"

    def read() -> str:
        with urlopen(url, timeout=30) as answer:
            return answer.read().decode()

    try:
        yield wait_for(read, seconds=60, what=binary)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def https(tmp_path):
    """An authority, and the port of the address that it vouches for."""
    if lacking := monitoring.missing():
        pytest.skip(f"no {', '.join(lacking)} here")
    authority, port = tls.Authority(tmp_path), free_port()
    authority.issue()
    with tls.serving(port, tmp_path):
        yield authority, port, tmp_path / "authority.pem"


@contextmanager
def asked_for_certificates(port: int, trusted: Path) -> Iterator[str]:
    with exporter(
        "prometheus-blackbox-exporter",
        f"--config.file={DEPLOY / 'blackbox' / 'blackbox.yml'}",
        "--web.listen-address=127.0.0.1:PORT",
        path=f"/probe?module=tls&target=127.0.0.1:{port}",
        SSL_CERT_FILE=str(trusted),
    ) as text:
        yield text


def values(text: str) -> dict[str, float]:
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


def test_a_certificate_is_told_with_its_end_and_an_ended_or_untrusted_one_fails_the_probe(https, tmp_path_factory):
    authority, port, trusted = https
    with asked_for_certificates(port, trusted) as text:
        days = (values(text)["probe_ssl_earliest_cert_expiry"] - time.time()) / 86400
        assert (values(text)["probe_success"], round(days)) == (1, tls.DAYS)
    authority.issue(days=-1)
    with asked_for_certificates(port, trusted) as text:
        assert values(text)["probe_success"] == 0
    authority.issue()
    another = tmp_path_factory.mktemp("another")
    tls.Authority(another)
    with asked_for_certificates(port, another / "authority.pem") as text:
        assert values(text)["probe_success"] == 0


def test_every_metric_and_label_taken_from_an_exporter_is_in_its_real_output(https):
    redis = urlsplit(os.environ["REDIS_URL"])
    listen = "--web.listen-address=127.0.0.1:PORT"
    database = os.environ["DATABASE_URL"]
    database += ("&" if "?" in database else "?") + "sslmode=disable"
    with ExitStack() as stack:
        start = stack.enter_context
        texts = [
            start(exporter("prometheus-node-exporter", listen)),
            start(exporter("prometheus-postgres-exporter", "--no-collector.bgwriter", listen,
                           DATA_SOURCE_NAME=database)),
            start(exporter("prometheus-redis-exporter", f"-redis.addr=redis://{redis.hostname}:{redis.port}",
                           "-web.listen-address=127.0.0.1:PORT", REDIS_PASSWORD=redis.password or "")),
            start(exporter("prometheus-blackbox-exporter", f"--config.file={DEPLOY / 'blackbox' / 'blackbox.yml'}",
                           listen, path="/probe?module=http_2xx&target=http://127.0.0.1:PORT/")),
            start(asked_for_certificates(https[1], https[2])),
        ]  # fmt: skip
    found: dict[str, set[str]] = {"up": set()}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    missing = {
        (name, label)
        for name, labels in FOREIGN.items()
        for label in set(labels) - NOT_EXPORTED.get(name, set())
        if label not in found.get(name, set())
    }
    assert FOREIGN.keys() - found.keys() == set()
    assert missing == set()
