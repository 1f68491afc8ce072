"""The directory that a master process and its children count in."""

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from observability.multiprocess.slots import clean_role
from observability.multiprocess.values import DIRECTORY_VARIABLE, ROLE_VARIABLE, directory, install

SHARED_MEMORY = Path("/dev/shm")
_OWNER = "owner.lock"

# Inherited by every forked child: a directory is in use while any process of its tree lives.
_owned: dict[Path, int] = {}


def prepare(role: str) -> Path:
    """Give this process tree its directory; call in the master, before prometheus_client makes a metric.

    PROMETHEUS_MULTIPROC_DIR wins and is emptied unless a living process counts in it; without it a new directory is
    made in memory (/dev/shm, else the temporary directory) and removed when the master ends. Raises OSError.
    """
    os.environ[ROLE_VARIABLE] = role = clean_role(role)
    path = directory()
    if path is None:
        path = _make(role)
        os.environ[DIRECTORY_VARIABLE] = str(path)
    elif path not in _owned:
        path.mkdir(parents=True, exist_ok=True)
        _own_given(path)
    install()
    return path


def _make(role: str) -> Path:
    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    prefix = f"observability-{os.getuid()}-"
    for leftover in parent.glob(f"{prefix}*"):
        _remove_unused(leftover)
    path = Path(tempfile.mkdtemp(prefix=f"{prefix}{role}-", dir=parent))
    lock = os.open(path / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    _owned[path] = lock
    atexit.register(_remove_own, path, os.getpid())
    return path


def _own_given(path: Path) -> None:
    lock = os.open(path / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Counts of an earlier run, perhaps of another release, under metrics that may no longer exist.
        for stale in [*path.glob("*.db"), *path.glob("slot_*.lock")]:
            stale.unlink(missing_ok=True)
    fcntl.flock(lock, fcntl.LOCK_SH)
    _owned[path] = lock


def _remove_unused(path: Path) -> None:
    with suppress(OSError):
        lock = os.open(path / _OWNER, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)


def _remove_own(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)
