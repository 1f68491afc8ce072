"""nginx with the configuration that ships, in front of two real web servers: outages behind it, and stopping one."""

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from lms.embedded import end_with_parent, free_port
from tests.faults import end, proxied, restart_valkey
from tests.system import ROOT, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
PASSWORD = "correct-horse-battery"
MAIN = """
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/upstream.conf;
    server {{
        listen 127.0.0.1:{port};
        include {shipped}/locations.conf;
    }}
}}
"""
PERSON = f"""
from django.core.management import call_command
call_command("import_course", "lms/demo/sample_course", "--publish")
from allauth.account.models import EmailAddress
from accounts.models import User
user = User.objects.create_user(email="student@example.org", password="{PASSWORD}", name="student")
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


class Site:
    """Two web servers on one database and Redis, behind nginx; a student is logged in through it."""

    def __init__(self, directory, stack, nginx_binary):
        self.stack = stack
        self.system = stack.enter_context(
            System(
                directory,
                processes=("web",),
                # On a quick machine four readers reach a student's limit within the test.
                variables={
                    "LMS_DRAIN_SECONDS": "1",
                    "LMS_DB_POOL_TIMEOUT": "0.5",
                    "LMS_LIMITS": "api_student=1000000/60",
                },
                through=self._through,
            )
        )
        self.other_port = free_port()
        self.port = free_port()
        self.servers = {self.system.ports["web"]: self.system.running["web"]}
        self.start(self.other_port)
        self._start_nginx(directory / "nginx", nginx_binary)
        wait_for(lambda: self.get("/health", port=self.other_port).status == 200, seconds=60, what="the other server")
        self.system.manage("shell", "-c", PERSON)
        body = {"email": "student@example.org", "password": PASSWORD}
        answer = self.system.post("/api/v1/auth/app/v1/auth/login", body, port=self.port)
        assert answer.status == 200, answer.text
        self.token = {"X_Session_Token": answer.json["meta"]["session_token"]}
        course = "/api/v1/courses/reliable-services"
        assert self.system.post(f"{course}/enrollment", {}, port=self.port, **self.token).status == 201
        sections = self.get(f"{course}/outline").json["sections"]
        self.lesson = sections[0]["lessons"][0]["id"]

    def _through(self, urls):
        self.proxies, routed = proxied(self.stack, urls)
        return routed

    def start(self, port):
        """A web server like the first, on `port`."""
        with self.system.log_path(f"web-{port}").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:lms.gunicorn"],
                cwd=ROOT,
                env=self.system.environment
                | {"LMS_ROLE": "api", "LMS_PORT": str(port), "LMS_METRICS_PORT": str(free_port())},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.servers[port] = self.system.running[f"web-{port}"] = process

    def _start_nginx(self, directory, binary):
        directory.mkdir()
        shipped = ROOT / "deploy" / "nginx"
        upstream = (shipped / "upstream.conf").read_text()
        assert (upstream.count("127.0.0.1:8000"), upstream.count("127.0.0.1:8001")) == (2, 2)
        upstream = upstream.replace("127.0.0.1:8000", f"127.0.0.1:{self.system.ports['web']}")
        upstream = upstream.replace("127.0.0.1:8001", f"127.0.0.1:{self.other_port}")
        (directory / "upstream.conf").write_text(upstream)
        shutil.copy(shipped / "locations.conf", directory)
        (directory / "nginx.conf").write_text(MAIN.format(directory=directory, port=self.port, shipped=directory))
        if os.geteuid() == 0:
            # nginx gives its workers to nobody, who must reach these folders.
            (directory / "nginx.conf").write_text("user root;\n" + (directory / "nginx.conf").read_text())
        process = subprocess.Popen(
            [binary, "-p", str(directory), "-c", str(directory / "nginx.conf"), "-e", str(directory / "error.log")],
            stdin=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )
        self.stack.callback(end, process, signal.SIGTERM)

    def get(self, path, port=None):
        return self.system.get(path, port=port or self.port, **getattr(self, "token", {}))

    def read(self):
        return self.get(f"/api/v1/lessons/{self.lesson}")

    def all_up(self):
        return all(self.get("/api/v1/ready", port=port).status == 200 for port in self.servers)


@pytest.fixture(scope="module")
def site(tmp_path_factory, proxy_binary):
    with contextlib.ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("proxy"), stack, proxy_binary("nginx"))


def test_with_redis_stopped_the_logged_in_go_on_reading(site):
    servers = site.system.servers
    end(servers.valkey)
    wait_for(lambda: site.get("/api/v1/ready").status == 503, what="readiness to notice")
    assert [site.read().status for _ in range(20)] == [200] * 20
    assert site.get("/api/v1/ready?scope=process").status == 200
    restart_valkey(servers)
    wait_for(site.all_up, what="readiness")


def test_a_shared_outage_leaves_no_server_out(site):
    with site.proxies["DATABASE_URL"].fault("refuse"):
        answers = [site.read() for _ in range(6)]
        assert [answer.status for answer in answers] == [503] * 6
        assert {answer.json["code"] for answer in answers} == {"database_unavailable"}, "not nginx's own page"
        assert site.get("/health").status == 200
    wait_for(site.all_up, what="readiness")
    # Each worker's pool finds its own way back, at the end of its own wait between two tries.
    wait_for(lambda: [site.read().status for _ in range(20)] == [200] * 20, what="every worker's return")


def test_one_server_stops_under_load_and_nobody_notices(site):
    statuses: list[object] = []
    done = threading.Event()

    def reader() -> None:
        while not done.is_set():
            try:
                statuses.append(site.read().status)
            except (OSError, http.client.HTTPException) as error:
                statuses.append(error)

    readers = [threading.Thread(target=reader) for _ in range(4)]
    for thread in readers:
        thread.start()
    stopping = site.servers[site.other_port]
    stopping.send_signal(signal.SIGTERM)
    stopping.wait(30)
    time.sleep(1)
    done.set()
    for thread in readers:
        thread.join()
    site.start(site.other_port)
    wait_for(site.all_up, seconds=60, what="readiness")
    assert len(statuses) > 20
    assert statuses == [200] * len(statuses)


def test_after_all_servers_were_away_the_first_to_return_is_used_at_once(site):
    for process in site.servers.values():
        end(process, signal.SIGTERM)
    assert [site.read().status for _ in range(6)] == [502] * 6, "long enough to leave both out"
    site.start(site.other_port)
    wait_for(lambda: site.get("/health", port=site.other_port).status == 200, seconds=60, what="one server")
    assert [site.read().status for _ in range(10)] == [200] * 10


def test_what_is_for_operators_stays_inside(site):
    assert [site.get(path).status for path in ("/metrics", "/api/v1/ready/details")] == [404, 404]
