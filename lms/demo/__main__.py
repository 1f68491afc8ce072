"""`make demo`: start everything, print where it is, stop everything on Ctrl-C.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 something could not start (one line on stderr says what).
"""

import fcntl
import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn, TextIO

from honcho.manager import Manager
from honcho.printer import Printer

from lms import monitoring
from lms.demo import monitoring as monitored
from lms.demo.ports import ALERTMANAGER, BEAT_METRICS, DEMO_PORTS, FLOWER, PROMETHEUS, WEB, WORKER_METRICS
from lms.embedded import (
    EmbeddedError,
    EmbeddedServers,
    end_leftovers,
    end_with_parent,
    port_is_free,
    writable_directory,
)

ROOT = Path(__file__).resolve().parents[2]
MARKER = "LMS_DEMO_DIR"  # in the environment of each process of the demo: how a later start knows them
STUDENTS = os.environ.get("LMS_DEMO_STUDENTS", "300")


class Stopped(Exception):
    """Ctrl-C or SIGTERM while the demo was still starting."""


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    run_dir = Path(os.environ.get("LMS_RUN_DIR", ROOT / ".run")).resolve()
    servers = None
    try:
        writable_directory(run_dir)
        lock = _only_one(run_dir)
        end_leftovers(MARKER, str(run_dir))
        _ports_are_free()
        fetching = threading.Thread(target=_fetch_monitoring, daemon=True)
        fetching.start()
        environment = _environment(run_dir)
        if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
            say("Starting PostgreSQL and Valkey ...")
            servers = EmbeddedServers(run_dir / "servers")
            environment = servers.start() | environment
        _write_env_file(run_dir, environment)
        _prepare(environment)
        fetching.join()
        code = _run(run_dir, environment)
        lock.close()
        return code
    except Stopped:
        return 0
    except (EmbeddedError, ValueError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    finally:
        if servers is not None:
            servers.stop()
            say("Stopped. The data stays in " + str(run_dir))


def _fetch_monitoring() -> None:
    try:
        monitoring.fetch()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(f"demo: without Prometheus and Alertmanager: {error}", file=sys.stderr)


def say(text: str) -> None:
    print(text, flush=True)


def _stop(signum: int, frame: object) -> NoReturn:
    raise Stopped


def _only_one(run_dir: Path) -> TextIO:
    # A POSIX record lock: it ends with this very process and isn't inherited by the children.
    lock = (run_dir / "demo.lock").open("a+")
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise EmbeddedError(f"another demo already runs in {run_dir}; stop it, or set LMS_RUN_DIR.") from error
    return lock


def _ports_are_free() -> None:
    for port in DEMO_PORTS:
        if not port_is_free(port.number):
            raise EmbeddedError(f"port {port.number} ({port.name}) is taken: set {port.variable} to a free one.")


def _environment(run_dir: Path) -> dict[str, str]:
    """What the demo's processes see. A variable that is already set wins."""
    secret_file = run_dir / "secret-key"
    if not secret_file.exists():
        secret_file.touch(mode=0o600)
        secret_file.write_text(secrets.token_urlsafe(48))
    wanted = {
        "LMS_DEBUG": "1",
        "DJANGO_SECRET_KEY": secret_file.read_text(),
        "LMS_BASE_URL": f"http://127.0.0.1:{WEB.number}",
        "LMS_EMAIL_URL": f"filemail:///{run_dir / 'mail'}",
        "LMS_MEDIA_ROOT": str(run_dir / "media"),
        "LMS_LOG_FORMAT": "console",
        "LMS_PROMETHEUS_URL": f"http://127.0.0.1:{PROMETHEUS.number}",
        "LMS_ALERTMANAGER_URL": f"http://127.0.0.1:{ALERTMANAGER.number}",
        "LMS_FLOWER_URL": f"http://127.0.0.1:{FLOWER.number}",
        "OBSERVABILITY_ALERTS_TOKEN": monitored.alerts_token(run_dir),
    }
    for variable in ("DATABASE_URL", "REDIS_URL"):
        if os.environ.get(variable):
            wanted[variable] = os.environ[variable]
    return {name: os.environ.get(name) or value for name, value in wanted.items()}


def _write_env_file(run_dir: Path, environment: dict[str, str]) -> None:
    path = run_dir / "demo.env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items()))


def _prepare(environment: dict[str, str]) -> None:
    say("Preparing the database ...")
    _manage(environment, "migrate", "--verbosity", "0")
    _manage(environment, "import_course", str(ROOT / "lms" / "demo" / "sample_course"), "--publish")
    for path in filter(None, os.environ.get("LMS_DEMO_COURSES", "").split(os.pathsep)):
        _manage(environment, "import_course", path, "--publish")
    _manage(environment, "seed_demo", "--students", STUDENTS, "--if-empty")


def _manage(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    if subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False).returncode:
        raise EmbeddedError(f"`manage.py {arguments[0]}` failed; its message is above.")


def commands(run_dir: Path, environment: dict[str, str]) -> dict[str, tuple[str, dict[str, str]]]:
    """Process name → (command line, variables of its own)."""
    python = shlex.quote(sys.executable)
    celery = f"{python} -m celery -A lms"
    return {
        "web": (f"{python} -m gunicorn -c python:lms.gunicorn", {"LMS_ROLE": "api"}),
        "worker": (
            f"{celery} worker -l info -E -n worker@%h",
            {"LMS_ROLE": "worker", "LMS_METRICS_PORT": str(WORKER_METRICS.number)},
        ),
        "beat": (
            f"{celery} beat -l info --pidfile=",
            {"LMS_ROLE": "beat", "LMS_METRICS_PORT": str(BEAT_METRICS.number)},
        ),
        "flower": (
            f"{celery} flower --address=127.0.0.1 --port={FLOWER.number} --persistent=True "
            f"--db={shlex.quote(str(run_dir / 'flower'))}",
            {"LMS_ROLE": "flower"},
        ),
        "demo": (f"{python} -m lms.demo.traffic", {"LMS_ROLE": "command"}),
        **monitored.commands(run_dir, environment),
    }


def _run(run_dir: Path, environment: dict[str, str]) -> int:
    """Run until a signal, or until one of the processes ends; then end them all."""
    # Killed outright, this process would leave behind those that wait for each process and pass on what it says.
    os.register_at_fork(after_in_child=lambda: end_with_parent(signal.SIGKILL))
    manager = Manager(Printer(sys.stdout))
    for name, (command, own) in commands(run_dir, environment).items():
        variables = os.environ | environment | own | {MARKER: str(run_dir), "PYTHONUNBUFFERED": "1"}
        manager.add_process(name, f"exec {command}", env=variables, cwd=str(ROOT))
    manager.loop()
    end_leftovers(MARKER, str(run_dir))
    stopped_by_signal = manager.returncode in (130, 143, 0)
    if not stopped_by_signal:
        print("demo: a process ended by itself; its last lines are above.", file=sys.stderr)
    return 0 if stopped_by_signal else 1


if __name__ == "__main__":
    sys.exit(main())
