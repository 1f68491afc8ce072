"""The bare project's own suite; it runs where observability was installed from its wheel."""

import contextlib
import http.client
import importlib.resources
import importlib.util
import os
import socket
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import django
from django.core.management import call_command
from django.test import AsyncClient, Client, TestCase

import observability
from observability.testing import assert_metric_delta, scrape

PROJECT = Path(__file__).resolve().parent.parent


class Installed(TestCase):
    def test_it_is_the_installed_package_and_nothing_else(self) -> None:
        assert "site-packages" in observability.__file__
        for module in ("celery", "redis", "psycopg", "sentry_sdk", "lms", "core"):
            assert importlib.util.find_spec(module) is None, module

    def test_the_checks_pass(self) -> None:
        call_command("check", fail_level="WARNING")

    def test_absent_parts_are_reported_as_such(self) -> None:
        text = scrape()
        for part in ("celery", "redis", "psycopg", "sentry_sdk"):
            assert f'observability_part_installed{{part="{part}"}} 0.0' in text
        out = StringIO()
        call_command("metrics_catalog", stdout=out)
        assert "Not installed: celery, psycopg, redis, sentry_sdk" in out.getvalue()

    def test_the_wheel_carries_rules_and_a_dashboard(self) -> None:
        mixin = importlib.resources.files("observability") / "mixin"
        names = {entry.name for entry in mixin.iterdir()}
        assert {"alerts.yml", "recording.yml", "dashboard.json"} <= names
        for entry in mixin.iterdir():
            assert "lms_" not in entry.read_text()


class Metrics(TestCase):
    def test_a_request_is_counted_once(self) -> None:
        name = "django_http_responses_total_by_status_view_method_total"
        with assert_metric_delta(name, 1, view="sell", status="200"), assert_metric_delta(name, 1):
            self.client.get("/sell")

    def test_an_error_is_counted(self) -> None:
        client = Client(raise_request_exception=False)
        with assert_metric_delta("django_http_exceptions_total_by_type_total", 1, type="ValueError"):
            assert client.get("/crash").status_code == 500

    async def test_async_requests_are_counted(self) -> None:
        with assert_metric_delta("django_http_requests_latency_seconds_by_view_method_count", 1, view="sell"):
            assert (await AsyncClient().get("/sell")).status_code == 200

    def test_the_apps_own_metrics_are_found(self) -> None:
        with (
            assert_metric_delta("shop_sales_total", 1, kind="pen"),
            assert_metric_delta("shop_sales_total", 1, kind="other"),
        ):
            self.client.get("/sell?kind=pen")
            self.client.get("/sell?kind=car")

    def test_queries_and_cache_are_counted(self) -> None:
        from django.contrib.auth.models import User
        from django.core.cache import cache

        with (
            assert_metric_delta("django_db_execute_total", 1, alias="default"),
            assert_metric_delta("django_cache_get_misses_total", 1, backend="locmem"),
            assert_metric_delta("django_cache_get_hits_total", 1, backend="locmem"),
        ):
            User.objects.count()
            cache.get("absent")
            cache.set("there", 1)
            cache.get("there")

    def test_metrics_are_private(self) -> None:
        assert self.client.get("/metrics").status_code == 200
        assert self.client.get("/metrics", REMOTE_ADDR="8.8.8.8").status_code == 403
        assert self.client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403

    def test_liveness_and_readiness(self) -> None:
        assert self.client.get("/health").status_code == 200
        assert self.client.get("/api/v1/ready").status_code == 200


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Workers(TestCase):
    """gunicorn is installed for this alone."""

    def get(self, port: int, path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def start(self, *arguments: str, **variables: str) -> tuple["subprocess.Popen[str]", int]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "bare.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket",
             *arguments],
            cwd=PROJECT, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.addCleanup(lambda: (process.terminate(), process.wait(15)))
        return process, port

    def test_all_workers_are_counted_as_one(self) -> None:
        process, port = self.start("-c", "bare/gunicorn.py")
        for _ in range(200):
            with contextlib.suppress(OSError):
                if self.get(port, "/sell")[0] == 200:
                    break
            time.sleep(0.1)
        for _ in range(29):
            self.get(port, "/sell")
        seen = {self.get(port, "/metrics")[1].count('shop_sales_total{kind="book"} 30.0') for _ in range(10)}
        assert seen == {1}
        assert process.poll() is None

    def test_several_workers_without_a_directory_are_refused(self) -> None:
        process, _ = self.start("--workers", "2")
        output, _ = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "PROMETHEUS_MULTIPROC_DIR is not set" in output


print(f"Django {django.__version__}, Python {sys.version.split()[0]}")  # noqa: T201
