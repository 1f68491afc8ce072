"""The system of a drill: the LMS's own processes, PostgreSQL and Valkey behind proxies, and the real monitoring stack
with the rules, routes and templates that ship, all durations divided by FACTOR."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from lms import monitoring
from lms.demo import tls
from lms.embedded import end_with_parent, free_port, free_ports
from tests.drill import scaling
from tests.drill.sinks import Sinks
from tests.faults import HOST, MailServer, Proxy, proxied
from tests.system import ROOT, System, wait_for

DEPLOY = ROOT / "deploy"
FACTOR = 20.0
TOKEN = "drill-" + "t" * 32
MOST_READERS = 6
HOST_FILESYSTEMS = "^(ext4|xfs|btrfs|overlay|tmpfs|devtmpfs|zfs|vfat|9p|virtiofs|.*fuse.*)$"
PASSWORD = "correct-horse-battery"
SETTINGS = {  # the product's own durations, divided as the rules' are; whole seconds, and none below one
    "LMS_OUTBOX_INTERVAL": "1",
    "LMS_SWEEP_INTERVAL": "1",
    "LMS_CERTIFICATE_SWEEP": "6",
    "LMS_MAINTENANCE_INTERVAL": "1",
    "LMS_CONSISTENCY_INTERVAL": "180",
    "LMS_OUTBOX_FIRST_DELAY": "0.25",
    "LMS_OUTBOX_LONGEST_DELAY": "15",
    "OBSERVABILITY_ALERTS_TOKEN": TOKEN,
    # Traffic of a term in minutes: the limits of people who read one page at a time would stop it.
    "LMS_LIMITS": "api_student=1000000/60",
}
PEOPLE = f"""
from allauth.account.models import EmailAddress
from accounts.models import User
from courses.models import Course
for number in range(1, 7):
    user = User.objects.create_user(email=f"student{{number}}@example.org", password="{PASSWORD}", name="student")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


class World:
    """Start with `with World(directory) as world`; everything that it started ends with it."""

    def __init__(self, directory: Path, *, host_disks: bool = False, factor: float = FACTOR) -> None:
        self.directory = directory
        self.factor = factor
        self.host_disks = host_disks
        self.stack = contextlib.ExitStack()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, Callable[[], subprocess.Popen[bytes]]] = {}
        self.proxies: dict[str, Proxy] = {}
        self._done = threading.Event()

    def __enter__(self) -> "World":
        with contextlib.ExitStack() as stack:
            self.stack = stack
            self._start()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self.stack.close()

    def _start(self) -> None:
        self.sinks = self.stack.enter_context(Sinks())
        self.mail = self.stack.enter_context(MailServer(free_port()))
        names = ("prometheus", "alertmanager", "node", "postgres", "redis", "blackbox", "tls")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.backups = self.directory / "backups"
        variables = SETTINGS | {
            "LMS_ALERTMANAGER_URL": f"http://{HOST}:{self.ports['alertmanager']}",
            "LMS_BACKUP_DIR": str(self.backups),
        }
        self.system = self.stack.enter_context(
            System(self.directory / "lms", variables=variables, through=self._through)
        )
        self.system.manage("import_course", "lms/demo/sample_course", "--publish")
        self.system.manage("shell", "-c", PEOPLE)
        self.system.manage("backup")
        self._write_configuration()
        self.authority = tls.Authority(self.directory / "tls")
        self.authority.issue()
        self.stack.enter_context(tls.serving(self.ports["tls"], self.directory / "tls"))
        self.stack.callback(self._end)
        for name, command in self._monitoring().items():
            self._commands[name] = command
            self.start(name)
        self.tokens = [self.log_in(number) for number in range(1, 4)]
        for token in self.tokens:
            self.system.post("/api/v1/courses/reliable-services/enrollment", {}, X_Session_Token=token)
        outline = self.system.get("/api/v1/courses/reliable-services/outline", X_Session_Token=self.tokens[0]).json
        self.lesson = f"/api/v1/lessons/{outline['sections'][0]['lessons'][0]['id']}"
        self.pace, self.readers = 0.2, 1
        for number in range(MOST_READERS):
            threading.Thread(target=self._traffic, args=(number,), daemon=True).start()
        # Which alerts have to be silent, each drill says: a busy machine isn't the fault of its LMS.
        wait_for(lambda: not self.down(), seconds=120, what="every target")

    def _through(self, urls: dict[str, str]) -> dict[str, str]:
        named = urls | {"LMS_BROKER_URL": urls["REDIS_URL"].removesuffix("/0") + "/1"}
        proxies, routed = proxied(self.stack, named)
        self.proxies.update(proxies)
        return routed

    # --- people ---

    def log_in(self, number: int, password: str = PASSWORD, **headers: str) -> str:
        body = {"email": f"student{number}@example.org", "password": password}
        answer = self.system.post("/api/v1/auth/app/v1/auth/login", body, **headers)
        return str(answer.json["meta"]["session_token"]) if answer.status == 200 else ""

    def browser(self, number: int, password: str = PASSWORD) -> Callable[[str], int]:
        """Opens a page as somebody who has logged in on one, and returns its status. Raises OSError at the login."""
        cookies = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        site = f"http://{HOST}:{self.system.ports['web']}"

        def opened(path: str, form: dict[str, str] | None = None) -> int:
            data = urllib.parse.urlencode(form).encode() if form else None
            try:
                with opener.open(site + path, data, timeout=20) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        opened("/account/login")
        token = next(str(cookie.value) for cookie in cookies if cookie.name == "csrftoken")
        person = {"username": f"student{number}@example.org", "password": password}
        opened("/account/login", {"csrfmiddlewaretoken": token, **person})
        if "sessionid" not in {cookie.name for cookie in cookies}:
            raise OSError("the page let nobody in")
        return opened

    def wrong_password(self, number: int = 6) -> int:
        body = {"email": f"student{number}@example.org", "password": "not-the-password"}
        return self.system.post("/api/v1/auth/app/v1/auth/login", body).status

    def read(self) -> int:
        return self.system.get(self.lesson, X_Session_Token=self.tokens[0]).status

    @contextlib.contextmanager
    def hurry(self, readers: int = MOST_READERS) -> Iterator[None]:
        """As many good answers as the machine gives so many readers, until the end of the block."""
        self.pace, self.readers = 0.0, readers
        try:
            yield
        finally:
            self.pace, self.readers = 0.2, 1

    def nobody_else(self) -> contextlib.AbstractContextManager[None]:
        """The healthy traffic pauses until the end of the block."""
        return self.hurry(readers=0)

    def _traffic(self, reader: int) -> None:
        """Lessons read a few times a second, a login now and then: what a healthy hour looks like in three minutes."""
        number = 0
        while not self._done.wait(self.pace if reader < self.readers else 0.5):
            if reader >= self.readers:
                continue
            number += 1
            with contextlib.suppress(Exception):
                self.read()
                if reader == 0 and number % 25 == 0:
                    self.log_in(4)

    # --- Prometheus and what it says ---

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The vector that an instant query returns. Raises AssertionError with Prometheus' error."""
        answer = self._ask("prometheus", "/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert answer["status"] == "success", answer
        return list(answer["data"]["result"])

    def alerts(self) -> list[dict[str, Any]]:
        """Labels and state of every alert that is pending or firing."""
        return list(self._ask("prometheus", "/api/v1/alerts")["data"]["alerts"])

    def down(self) -> list[str]:
        targets = self._ask("prometheus", "/api/v1/targets?state=active")["data"]["activeTargets"]
        return [target["scrapeUrl"] for target in targets if target["health"] != "up"] or ([] if targets else ["all"])

    def disturbing(self) -> set[str]:
        return {
            alert["labels"]["alertname"]
            for alert in self.alerts()
            if alert["state"] == "firing" and alert["labels"]["severity"] in {"critical", "warning"}
        }

    def groups(self, alert: str) -> list[dict[str, Any]]:
        """Alertmanager's groups that hold alerts of that name, suppressed ones too."""
        asked = urllib.parse.urlencode({"filter": f'alertname="{alert}"'})
        return list(self._ask("alertmanager", f"/api/v2/alerts/groups?{asked}"))

    def _ask(self, server: str, path: str) -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{self.ports[server]}{path}", timeout=10) as answer:
            return json.load(answer)

    # --- processes ---

    def start(self, name: str) -> None:
        self.processes[name] = self.system.starter.submit(self._commands[name]).result()

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(10)

    @contextlib.contextmanager
    def without(self, name: str) -> Iterator[None]:
        """An exporter killed, and started again."""
        self.kill(name)
        try:
            yield
        finally:
            self.start(name)

    @contextlib.contextmanager
    def without_lms(self, name: str) -> Iterator[None]:
        """A process of the LMS killed with its children, and started again."""
        process = self.system.running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        try:
            yield
        finally:
            self.system.start(name)

    def _end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait(10)

    # --- configuration ---

    def set_targets(self, job: str, groups: list[dict[str, Any]]) -> None:
        path = self.directory / "prometheus" / "targets" / f"{job}.yml"
        path.with_suffix(".new").write_text(json.dumps(groups))
        path.with_suffix(".new").replace(path)

    def targets(self) -> dict[str, list[dict[str, Any]]]:
        ports, own = self.system.ports, self.ports

        def at(port: int) -> list[dict[str, Any]]:
            return [{"targets": [f"{HOST}:{port}"]}]

        web = f"http://{HOST}:{ports['web']}"
        exporter = f"{HOST}:{own['blackbox']}"
        asked_by = {"module": "http_2xx", "exporter": exporter}
        return {
            "lms-api": at(ports["web_metrics"]),
            "lms-worker": at(ports["worker_metrics"]),
            "lms-beat": at(ports["beat_metrics"]),
            "flower": at(ports["flower"]),
            "postgres": at(own["postgres"]),
            "redis": at(own["redis"]),
            "node": at(own["node"]),
            "prometheus": at(own["prometheus"]),
            "alertmanager": at(own["alertmanager"]),
            "blackbox-exporter": at(own["blackbox"]),
            "blackbox": [
                {"targets": [f"{web}/health"], "labels": {"probe": "liveness", **asked_by}},
                {"targets": [f"{web}/api/v1/ready"], "labels": {"probe": "readiness", **asked_by}},
                {"targets": [f"{web}/api/docs/"], "labels": {"probe": "page", **asked_by}},
                {
                    "targets": [f"{HOST}:{own['tls']}"],
                    "labels": {"probe": "tls", "module": "tls", "exporter": exporter},
                },
            ],
        }

    def _write_configuration(self) -> None:
        prometheus, alertmanager = self.directory / "prometheus", self.directory / "alertmanager"
        (prometheus / "targets").mkdir(parents=True)
        shutil.copytree(DEPLOY / "alertmanager" / "templates", alertmanager / "templates")
        for job, groups in self.targets().items():
            self.set_targets(job, groups)
        for name in ("recording.yml", "alerts.yml"):
            document = yaml.safe_load((DEPLOY / "prometheus" / name).read_text())
            (prometheus / name).write_text(yaml.safe_dump(scaling.rules(document, self.factor), sort_keys=False))
        config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
        config = scaling.prometheus(config, self.factor)
        for job in config["scrape_configs"]:
            for discovery in job["file_sd_configs"]:
                discovery["refresh_interval"] = "1s"
            if job["job_name"] == "postgres":
                # It tries three times, for three seconds, before it says that the database is away.
                job |= {"scrape_interval": "5s", "scrape_timeout": "5s"}
        (prometheus / "prometheus.yml").write_text(yaml.safe_dump(config, sort_keys=False))
        shipped = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
        config = self._to_sinks(scaling.alertmanager(shipped, self.factor), alertmanager)
        (alertmanager / "alertmanager.yml").write_text(yaml.safe_dump(config, sort_keys=False))

    def _to_sinks(self, config: dict[str, Any], directory: Path) -> dict[str, Any]:
        """The same receivers of the same kinds, with our addresses and made-up secrets."""

        def secret(name: str, text: str) -> str:
            (directory / name).write_text(text)
            return str(directory / name)

        config["global"] = {
            "smtp_smarthost": f"{HOST}:{self.mail.port}",
            "smtp_from": config["global"]["smtp_from"],
            "smtp_require_tls": False,
            "slack_api_url_file": secret("slack", self.sinks.url("team")),
        }
        own = {"log": (f"http://{HOST}:{self.system.ports['web']}/alerts", TOKEN)}
        for receiver in config["receivers"]:
            for page in receiver.get("pagerduty_configs", []):
                page["routing_key_file"] = secret("pagerduty", "drill")
                page["url"] = self.sinks.url(receiver["name"])
            for hook in receiver.get("webhook_configs", []):
                name = receiver["name"]
                url, token = own.get(name, (self.sinks.url(name), "drill"))
                hook |= {"url": url, "http_config": {"authorization": {"credentials_file": secret(name, token)}}}
        return dict(config)

    def _monitoring(self) -> dict[str, Callable[[], subprocess.Popen[bytes]]]:
        database = self.proxies["DATABASE_URL"].url(self.system.servers.database_url)
        database += ("&" if "?" in database else "?") + "sslmode=disable"
        redis = urlsplit(self.system.servers.redis_url)

        def command(binary: str, *arguments: str, port: str = "", **variables: str) -> Callable[..., Any]:
            def start() -> subprocess.Popen[bytes]:
                listen = [f"--web.listen-address={HOST}:{self.ports[port]}"]
                with (self.directory / f"{binary}.log").open("ab") as output:
                    return subprocess.Popen(
                        [str(monitoring.find(binary)), *arguments, *listen],
                        cwd=monitoring.tools_directory(),
                        env={"PATH": "/usr/bin:/bin", "HOME": str(self.directory)} | variables,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        preexec_fn=end_with_parent,
                    )

            return start

        here = self.directory
        return {
            "blackbox": command(
                "prometheus-blackbox-exporter",
                f"--config.file={DEPLOY / 'blackbox' / 'blackbox.yml'}",
                port="blackbox",
                SSL_CERT_FILE=str(here / "tls" / "authority.pem"),
            ),
            # The drill's own disk is ext2; this machine's disks are none of the drill's business.
            "node": command(
                "prometheus-node-exporter",
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|sys)($|/)",
                *([] if self.host_disks else [f"--collector.filesystem.fs-types-exclude={HOST_FILESYSTEMS}"]),
                port="node",
            ),
            "postgres": command(
                "prometheus-postgres-exporter", "--no-collector.bgwriter", port="postgres", DATA_SOURCE_NAME=database
            ),
            "redis": command(
                "prometheus-redis-exporter",
                f"--redis.addr=redis://{HOST}:{self.proxies['REDIS_URL'].port}",
                port="redis",
                REDIS_PASSWORD=redis.password or "",
            ),
            "alertmanager": command(
                "prometheus-alertmanager",
                f"--config.file={here / 'alertmanager' / 'alertmanager.yml'}",
                f"--storage.path={here / 'alertmanager-data'}",
                "--cluster.listen-address=",
                port="alertmanager",
            ),
            "prometheus": command(
                "prometheus",
                f"--config.file={here / 'prometheus' / 'prometheus.yml'}",
                f"--storage.tsdb.path={here / 'tsdb'}",
                # Alertmanager isn't discovered yet when the first rules fire; they are said again after a minute.
                f"--rules.alert.resend-delay={scaling.written(60 / self.factor)}",
                port="prometheus",
            ),
        }
