"""The product's real processes on free ports, with servers of their own: for tests that cross process borders.

Use the `system` fixture (one for the whole run), or `System` as a context manager for another configuration.
"""

import atexit
import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lms.embedded import EmbeddedServers, end_with_parent, free_ports, postgres_programs

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
T = TypeVar("T")


def wait_for(probe: Callable[[], T], *, seconds: float = 30, every: float = 0.1, what: str = "it") -> T:
    """The first truthy result of `probe`. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if result := probe():
                return result
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(every)


@functools.cache
def static_root() -> Path:
    """One folder for all systems of a run: to collect and compress the files costs more than all else at a start."""
    return _folder_of_this_run("lms-static-")


@functools.cache
def migrated() -> Path:
    """Where databases are kept as `manage.py migrate` leaves them: the second thing that costs much at a start."""
    return _folder_of_this_run("lms-migrated-")


def _folder_of_this_run(prefix: str) -> Path:
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class System:
    """web (gunicorn), worker, beat and Flower; each process's output is a file in `directory`."""

    directory: Path
    processes: tuple[str, ...] = ("web", "worker", "beat", "flower")
    variables: dict[str, str] = field(default_factory=dict)
    through: Callable[[dict[str, str]], dict[str, str]] = dict  # the servers' URLs → those the processes are given
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    # The kernel ends a child with the thread that started it, so one thread that stays starts them all.
    starter: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __enter__(self) -> "System":
        names = ("web", "web_metrics", "worker_metrics", "beat_metrics", "flower")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.servers = EmbeddedServers(self.directory / "servers", durable=False)
        urls = self.through(self.servers.start())
        self.environment = (
            {name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "OBSERVABILITY_"))}
            | urls
            | {
                "DJANGO_SECRET_KEY": "tests-only-" + "y" * 50,
                "DJANGO_SETTINGS_MODULE": "lms.settings",
                "LMS_ENV_FILE": os.devnull,
                "LMS_DEBUG": "0",
                "LMS_HTTPS": "0",
                "LMS_ALLOWED_HOSTS": "127.0.0.1,localhost",  # passkeys are for names, not for addresses
                "LMS_BASE_URL": f"http://127.0.0.1:{self.ports['web']}",
                "LMS_PORT": str(self.ports["web"]),
                "LMS_STATIC_ROOT": str(static_root()),
                "LMS_MEDIA_ROOT": str(self.directory / "media"),
                "LMS_EMAIL_URL": f"filemail:///{self.directory / 'mail'}",
                "LMS_WEB_WORKERS": "2",
                "LMS_STATIC_COMPRESS": "0",
                "LMS_OUTBOX_INTERVAL": "1",
                "LMS_DRAIN_SECONDS": "0",
                "PYTHONUNBUFFERED": "1",
            }
            | self.variables
        )
        try:
            self._migrate()
            if "web" in self.processes and not any(static_root().iterdir()):
                self.manage("collectstatic", "--noinput", "--verbosity", "0")
            for name in self.processes:
                self.start(name)
            if "web" in self.processes:
                wait_for(lambda: self.get("/api/v1/ready").status == 200, seconds=START_SECONDS, what="readiness")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _migrate(self) -> None:
        """By the command in the first system of a run, from its dump in the others."""
        dump = migrated() / f"observability-{self.environment.get('LMS_OBSERVABILITY', '1')}.sql"
        tools, database = postgres_programs(), self.servers.database_url
        if dump.exists():
            load = [tools / "psql", "-X", "-q", "--set=ON_ERROR_STOP=1", "--single-transaction", "-f", dump, database]
            subprocess.run(load, check=True, stdout=subprocess.DEVNULL)
            return
        self.manage("migrate", "--verbosity", "0")
        subprocess.run([tools / "pg_dump", "--no-owner", "-f", f"{dump}.new", database], check=True)
        Path(f"{dump}.new").replace(dump)

    def __exit__(self, *exc: object) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.servers.stop()
        self.starter.shutdown()

    def start(self, name: str, *, within: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        """`within` is a command that runs the process's own, given as its last arguments."""
        celery = [sys.executable, "-m", "celery", "-A", "lms"]
        command, own = {
            "web": ([sys.executable, "-m", "gunicorn", "-c", "python:lms.gunicorn"], {"LMS_ROLE": "api"}),
            "worker": ([*celery, "worker", "-l", "info", "-E"], {"LMS_ROLE": "worker"}),
            "beat": ([*celery, "beat", "-l", "info", "--pidfile="], {"LMS_ROLE": "beat"}),
            "flower": (
                [*celery, "flower", "--address=127.0.0.1", f"--port={self.ports['flower']}"],
                {"LMS_ROLE": "flower"},
            ),
        }[name]
        if name in ("web", "worker", "beat"):
            own["LMS_METRICS_PORT"] = str(self.ports[f"{name}_metrics"])
        with self.log_path(name).open("ab") as output:
            process = self.starter.submit(
                subprocess.Popen,
                [*within, *command],
                cwd=ROOT,
                env=self.environment | own,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            ).result()
        self.running[name] = process
        return process

    def log_path(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def log_lines(self, name: str) -> list[dict[str, Any]]:
        """The JSON lines that a process has written so far."""
        lines = []
        for line in self.log_path(name).read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict):
                    lines.append(value)
        return lines

    def manage(self, *arguments: str) -> str:
        """Output of a manage.py command. Raises AssertionError with its stderr when it fails."""
        result = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"manage.py {arguments[0]}: {result.stderr[-2000:]}"
        return result.stdout

    def request(self, method: str, path: str, body: Any = None, *, port: int | None = None, **headers: str) -> Answer:
        """One HTTP request. `headers` are given with underscores: `X_Session_Token="…"`."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.ports["web"], timeout=20)
        sent = {"Accept": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = json.dumps(body)
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode(errors="replace"))
        finally:
            connection.close()

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.request("POST", path, {} if body is None else body, **options)

    def mails(self) -> list[str]:
        """Every mail written so far. The backend may write several into one file."""
        folder = self.directory / "mail"
        files = sorted(folder.glob("*")) if folder.is_dir() else []
        return [mail.strip() for path in files for mail in path.read_text().split("-" * 79) if mail.strip()]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of `name` whose labels include `labels`, as /metrics shows it now."""
        from prometheus_client.parser import text_string_to_metric_families

        total = 0.0
        for family in text_string_to_metric_families(self.get("/metrics", Accept="text/plain").text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    total += sample.value
        return total


def run_system(directory: Path, **options: Any) -> Iterator[System]:
    with System(directory, **options) as system:
        yield system
