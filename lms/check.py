"""`make check`, the part that needs servers: types, migrations, the API schema, generated files, production settings.

Runs every check, those that change nothing side by side, then exits 1 if any failed, naming them.
"""

import base64
import os
import re
import secrets
import sys
import tempfile
from pathlib import Path

from lms.embedded import EmbeddedError, EmbeddedServers
from lms.side_by_side import ROOT, failures

MANAGE = [sys.executable, "manage.py"]
WARNINGS_FAIL = ("--fail-level", "WARNING")

CHECKS: dict[str, list[str]] = {
    "types": [sys.executable, "-m", "mypy"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "system checks": [*MANAGE, "check", "--database", "default", *WARNINGS_FAIL],
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
            failed = failures(CHECKS, development)
            failed += failures(
                {
                    "migrate": [*MANAGE, "migrate", "--verbosity", "0"],
                    "statements of panels": [sys.executable, "-m", "deploy.statements"],
                    "production settings": [*MANAGE, "check", "--deploy", "--database", "default", *WARNINGS_FAIL],
                    "static files": [*MANAGE, "collectstatic", "--noinput", "--verbosity", "0"],
                },
                production,
                at_once=1,
            )
        except EmbeddedError as error:
            print(f"check: {error}", file=sys.stderr)
            return 1
        finally:
            servers.stop()
    if failed:
        print(f"check: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
