"""`make check`, the part that needs servers: types, migrations, the API schema, generated files, production settings.

Runs every check, those that change nothing side by side, then exits 1 if any failed, naming them.
"""

import base64
import os
import re
import secrets
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lms.embedded import EmbeddedError, EmbeddedServers

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, "manage.py"]

CHECKS: dict[str, list[str]] = {
    "types": [sys.executable, "-m", "mypy"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "system checks": [*MANAGE, "check", "--database", "default", "--fail-level", "WARNING"],
    "API schema": [*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file", os.devnull],
    "metrics catalogue": [*MANAGE, "metrics_catalog", "--format", "markdown", "--check", "docs/metrics.md"],
    "committed API document": [sys.executable, "-m", "lms.openapi", "--check"],
}


def production_example() -> dict[str, str]:
    """The variables of `.env.example`, its blanks filled with values made up now."""
    made_up = {"LMS_BADGE_KEY": base64.b64encode(secrets.token_bytes(32)).decode()}
    values = {}
    for line in (ROOT / ".env.example").read_text().splitlines():
        match = re.match(r"([A-Z][A-Z0-9_]*)=(.*)", line)
        if match:
            values[match[1]] = match[2] or made_up.get(match[1], secrets.token_urlsafe(48))
    return values


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="lms-check-") as directory:
        servers = EmbeddedServers(Path(directory) / "servers", durable=False)
        try:
            urls = servers.start()
            development = (
                os.environ | urls | {"LMS_DEBUG": "1", "DJANGO_SECRET_KEY": "x" * 50, "LMS_ENV_FILE": os.devnull}
            )
            static = {"LMS_STATIC_ROOT": str(Path(directory) / "static"), "LMS_STATIC_COMPRESS": "0"}
            production = os.environ | production_example() | urls | static | {"LMS_ENV_FILE": os.devnull}
            failed = []
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                started = [(name, pool.submit(carry_out, command, development)) for name, command in CHECKS.items()]
                for name, done in started:
                    if not told(name, done.result()):
                        failed.append(name)
            deploy = [*MANAGE, "check", "--deploy", "--database", "default", "--fail-level", "WARNING"]
            for name, command in {
                "migrate": [*MANAGE, "migrate", "--verbosity", "0"],
                "statements of panels": [sys.executable, "-m", "deploy.statements"],
                "production settings": deploy,
                "static files": [*MANAGE, "collectstatic", "--noinput", "--verbosity", "0"],
            }.items():
                if not told(name, carry_out(command, production)):
                    failed.append(name)
        except EmbeddedError as error:
            print(f"check: {error}", file=sys.stderr)
            return 1
        finally:
            servers.stop()
    if failed:
        print(f"check: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def carry_out(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def told(name: str, done: subprocess.CompletedProcess[str]) -> bool:
    """Whether it passed. What it wrote is shown beneath its name, not among that of others."""
    print(f"== {name}\n{done.stdout}", end="", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
