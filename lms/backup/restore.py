"""Puts a backup in the place of what is there: the database in one transaction, then the files."""

import contextlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from lms.backup import archive, postgres
from lms.backup.archive import DATABASE, FILES, BackupError, Manifest, Say
from lms.backup.create import row_counts

STAGED = ".restored-"
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1"


def restore(directory: Path, *, replace: bool, say: Say) -> Manifest:
    """Raises BackupError; then the database is as it was, and so are the files.

    Only with `replace` does what is in the database or among the files give way.
    """
    manifest = archive.read(directory)
    archive.verify(directory, manifest, say)
    root = Path(settings.MEDIA_ROOT)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            version = cursor.fetchone()[0]
            cursor.execute(SCHEMAS)
            schemas = [name for (name,) in cursor.fetchall()]
        if not replace and (row_counts() or _entries(root)):
            raise BackupError("the database or the directory of files isn't empty; --replace discards what is there")
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=STAGED, dir=root) as name:
            _unpack(directory / FILES, Path(name), manifest, say)
            say("restoring the database")
            connection.close()
            _load(directory / DATABASE, schemas, version)
            say("moving the files to their place")
            _swap(Path(name), root)
        if row_counts() != manifest.rows:
            raise BackupError("the database was restored, but its rows aren't those that were counted for the backup")
    except Error as error:
        raise BackupError(f"the database doesn't answer: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise BackupError(f"{error.filename or root} can't be written: {error.strerror}") from error
    return manifest


def _entries(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if not path.name.startswith(STAGED)] if root.is_dir() else []


def _unpack(source: Path, target: Path, manifest: Manifest, say: Say) -> None:
    say(f"unpacking {manifest.files} files")
    try:
        with tarfile.open(source) as packed:
            packed.extractall(target / "new", filter="data")
    except tarfile.TarError as error:
        raise BackupError(f"{source} is damaged: {error}") from error
    (target / "new").mkdir(exist_ok=True)


def _load(dump: Path, schemas: list[str], version: int) -> None:
    """One transaction also discards what was there: what fails leaves the old database."""
    programs = postgres.programs(version)
    environment = postgres.environment() | {"PGOPTIONS": "-c lock_timeout=30s -c statement_timeout=0"}
    reading = [str(programs / "pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    loading = [str(programs / "psql"), "--set=ON_ERROR_STOP=1", "--quiet", "--no-psqlrc", "--output=/dev/null"]
    discard = "".join(f'DROP SCHEMA "{name}" CASCADE;\n' for name in schemas)
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complained:
        reader = subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=told, env=environment)
        loader = subprocess.Popen(loading, stdin=subprocess.PIPE, stderr=complained, env=environment)
        assert reader.stdout is not None
        assert loader.stdin is not None
        # psql ends at the first error and no longer reads; then its own words say why.
        with contextlib.suppress(BrokenPipeError), loader.stdin:
            loader.stdin.write(f"BEGIN;\n{discard}CREATE SCHEMA public;\n".encode())
            shutil.copyfileobj(reader.stdout, loader.stdin)
            # Without this line psql ends without a commit.
            if reader.wait() == 0:
                loader.stdin.write(b"COMMIT;\n")
        reader.stdout.close()
        for name, process, output in (("psql", loader, complained), ("pg_restore", reader, told)):
            if process.wait():
                output.seek(0)
                raise postgres.failure(name, output.read().decode(errors="replace"))


def _swap(staged: Path, root: Path) -> None:
    # Entry by entry, for the directory itself may be a mount.
    (staged / "old").mkdir()
    for path in _entries(root):
        path.rename(staged / "old" / path.name)
    for path in (staged / "new").iterdir():
        path.rename(root / path.name)
