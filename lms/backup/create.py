"""Makes a backup."""

import contextlib
import datetime
import fcntl
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import Error, connection, transaction
from psycopg import sql

from lms.backup import postgres
from lms.backup.archive import DATABASE, FILES, MANIFEST, UNFINISHED, BackupError, Manifest, Say, complete, measured

PROGRESS_SECONDS = 5.0
SECRET = re.compile(r"^#? ?([A-Z][A-Z0-9_]*(?:KEY|TOKEN|DSN)|(?:DATABASE|REDIS|LMS_EMAIL)_URL)=", re.MULTILINE)
TABLES = """
    SELECT schemaname, tablename FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2
"""


def create(below: Path, say: Say) -> Path:
    """A new backup in a directory of its own below `below`; its path. Raises BackupError, and leaves nothing then."""
    try:
        below.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(below):
            for left in below.glob(f"{UNFINISHED}*"):
                shutil.rmtree(left)
            taken_at = datetime.datetime.now(datetime.UTC)
            name = f"lms-{taken_at:%Y%m%dT%H%M%S%fZ}"
            unfinished = below / (UNFINISHED + name)
            unfinished.mkdir(mode=0o700)
            try:
                _write(unfinished, taken_at, say)
                unfinished.rename(below / name)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
            _sync(below)
    except OSError as error:
        raise BackupError(f"{error.filename or below} can't be written: {error.strerror}") from error
    except Error as error:
        raise BackupError(f"the database doesn't answer: {str(error).splitlines()[0]}") from error
    return below / name


def prune(below: Path, keep: int) -> list[Path]:
    """Remove complete backups but the newest `keep`; damaged ones stay for somebody to look at. Raises BackupError."""
    try:
        with _alone(below):
            removed = [path for _, path in complete(below)[keep:]]
            for path in removed:
                # Renamed first: one that is half removed is no backup any more.
                unfinished = path.rename(path.with_name(UNFINISHED + path.name))
                shutil.rmtree(unfinished)
    except OSError as error:
        raise BackupError(f"{error.filename or below} can't be removed: {error.strerror}") from error
    return removed


@contextlib.contextmanager
def _alone(below: Path) -> Iterator[None]:
    with (below / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"another backup is being written to {below}") from error
        yield


def _write(directory: Path, taken_at: datetime.datetime, say: Say) -> None:
    # One snapshot for the dump and the counts: people go on learning meanwhile.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version_num')::int")
        snapshot, version = cursor.fetchone()
        say("dumping the database")
        _dump(directory / DATABASE, snapshot, version)
        say("counting rows")
        rows = row_counts()
    # Files after rows: one that came meanwhile has no row yet, but no row lacks its file.
    files = _pack(directory / FILES, Path(settings.MEDIA_ROOT), say)
    say("writing checksums")
    manifest = Manifest(
        taken_at=taken_at,
        release=settings.RELEASE,
        server=str(version),
        rows=rows,
        files=files,
        secrets=secrets(),
        parts={name: measured(directory / name) for name in (DATABASE, FILES)},
    )
    (directory / MANIFEST).write_text(manifest.written())
    for path in directory.iterdir():
        path.chmod(0o600)
        _sync(path)
    _sync(directory)


def _dump(target: Path, snapshot: str, version: int) -> None:
    program = postgres.programs(version) / "pg_dump"
    command = [
        str(program),
        "--format=custom",
        f"--snapshot={snapshot}",
        "--no-owner",
        "--no-privileges",
        f"--file={target}",
    ]
    result = subprocess.run(command, env=postgres.environment(), capture_output=True, text=True, check=False)
    if result.returncode:
        raise postgres.failure("pg_dump", result.stderr)


def row_counts() -> dict[str, int]:
    """Rows of each table, as schema.table."""
    counts = {}
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for schema, table in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table)))
            counts[f"{schema}.{table}"] = cursor.fetchone()[0]
    return counts


def _pack(target: Path, root: Path, say: Say) -> int:
    """Every file below `root` by its path there; how many. One that is deleted meanwhile is left out."""
    packed, told = 0, time.monotonic()
    say("packing the files")
    with tarfile.open(target, "w") as archive:
        for path in sorted(root.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            try:
                archive.add(path, path.relative_to(root), recursive=False)
            except FileNotFoundError:
                continue
            packed += 1
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                say(f"packed {packed} files, {target.stat().st_size / 1e6:.0f} MB")
    return packed


def secrets() -> list[str]:
    """Names of the settings that a restored system needs beside its backup; their values are kept elsewhere."""
    return sorted(set(SECRET.findall((settings.BASE_DIR / ".env.example").read_text())) & os.environ.keys())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
