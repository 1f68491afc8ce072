"""What the Compose file promises: secrets by file, limits, nothing public but the proxy; Flower asks for a password."""

import base64
import contextlib
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import yaml

from deploy.names import DEPLOY
from lms.embedded import end_with_parent, free_port
from tests.faults import end
from tests.system import ROOT, wait_for

COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
# Images without a shell or anything that could ask.
WITHOUT_HEALTH = {"redis-exporter", "loki", "collector", "migrate", "backup", "caddy"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_pinned_and_read_only(name):
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert limits.keys() == {"memory", "cpus"}
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert service["restart"] == ("no" if name in {"migrate", "backup"} else "unless-stopped")
    tag = service["image"].rpartition(":")[2]
    assert tag not in {"", "latest"}
    if name not in WITHOUT_HEALTH | {"web"}:
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_only_the_proxy_is_public_and_grafana_is_for_this_machine():
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "caddy": ["80:80", "443:443"],
        "grafana": ["127.0.0.1:3000:3000"],
    }
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_every_secret_is_a_file_that_the_repository_does_not_have():
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == COMPOSE["secrets"].keys()
    assert COMPOSE["secrets"] == {name: {"file": f"./secrets/{name}"} for name in used}
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("PASS", "TOKEN", "KEY", "SECRET")):
                assert str(value).startswith("/run/secrets/"), name
    for ignored in (".gitignore", ".dockerignore"):
        assert "deploy/secrets" in (ROOT / ignored).read_text()
    told = (ROOT / "docs" / "deployment.md").read_text()
    assert {name for name in used if f"`{name}`" not in told} == set()


@pytest.mark.processes
@pytest.mark.timeout(120)
def test_flower_answers_only_to_those_in_its_file(tmp_path):
    users = tmp_path / "users"
    users.write_text("ops:a-password-of-20-characters\n")
    port = free_port()
    with contextlib.ExitStack() as stack, (tmp_path / "flower.log").open("wb") as log:
        process = flower(port, users, log)
        stack.callback(end, process, signal.SIGTERM)

        def status(path: str, credentials: str = "") -> int:
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
            if credentials:
                request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                return error.code
            except OSError:
                return 0

        wait_for(lambda: status("/healthcheck") == 200, seconds=60, what="Flower")
        for path in ("/", "/workers", "/tasks", "/api/workers"):
            assert [status(path), status(path, "ops:guessed"), status(path, "admin:admin")] == [401] * 3, path
        assert status("/tasks", "ops:a-password-of-20-characters") == 200


@pytest.mark.processes
@pytest.mark.timeout(120)
@pytest.mark.parametrize("content", ["", "\n", "ops:", "ops:short", ":a-password-of-20-characters"])
def test_flower_does_not_start_without_a_password_worth_the_name(tmp_path, content):
    (tmp_path / "users").write_text(content)
    code = "import runpy; runpy.run_path('deploy/flower/config.py')"
    environment = {"LMS_FLOWER_USERS_FILE": str(tmp_path / "users"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("flower: ")
    assert done.stderr.count("\n") == 1


def flower(port: int, users: os.PathLike[str], log) -> subprocess.Popen:
    command = [*(sys.executable, "-m", "celery", "-A", "lms", "flower"), "--conf=deploy/flower/config.py"]
    return subprocess.Popen(
        [*command, f"--port={port}", "--address=127.0.0.1"],
        cwd=ROOT,
        env=os.environ | {"LMS_ROLE": "flower", "LMS_FLOWER_USERS_FILE": str(users)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        preexec_fn=end_with_parent,
    )
