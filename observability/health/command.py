"""`manage.py health`: asks the running web server over HTTP, for container checks. Loads no settings and no Django.

    manage.py health              readiness: the process is not draining, and its dependencies answer
    manage.py health --process    readiness of the process alone (what an orchestrator should follow)
    manage.py health --live       liveness

Exit codes: 0 yes, 1 the server answered no, 2 wrong usage, 3 no answer. What is wrong goes to stderr, in one line.
"""

import argparse
import http.client
import json
import sys
from collections.abc import Sequence

DEFAULT_SECONDS = 3.0  # more than readiness' own deadline
PATHS = {"ready": "/api/v1/ready", "process": "/api/v1/ready?scope=process", "live": "/health"}


def add_arguments(parser: argparse.ArgumentParser, *, host: str = "127.0.0.1", port: int = 8000) -> None:
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--live", action="store_const", dest="kind", const="live", default="ready", help="ask /health")
    kind.add_argument(
        "--process", action="store_const", dest="kind", const="process", help="ask about the process alone"
    )
    parser.add_argument("--host", default=host, help="default: %(default)s")
    parser.add_argument("--port", type=int, default=port, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="to wait; default: %(default)s")


def ask(*, kind: str, host: str, port: int, seconds: float) -> int:
    """The exit code."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", PATHS[kind], headers={"Accept": "application/json"})
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        sys.stderr.write(f"health: no answer from {host}:{port}: {error or type(error).__name__}\n")
        return 3
    finally:
        connection.close()
    if response.status == 200:
        return 0
    sys.stderr.write(f"health: {response.status} {_failed(content)}\n")
    return 1


def _failed(content: bytes) -> str:
    try:
        answer = json.loads(content)
        failed = {name: check["reason"] for name, check in answer.get("checks", {}).items() if check["status"] != "ok"}
        return ", ".join(f"{name}: {reason}" for name, reason in failed.items()) or str(answer["status"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return "an answer that is not readiness'"


def main(arguments: Sequence[str], *, host: str = "127.0.0.1", port: int = 8000) -> int:
    """Raises SystemExit(2) for wrong usage."""
    parser = argparse.ArgumentParser(prog="manage.py health", description="Is the web server ready?")
    add_arguments(parser, host=host, port=port)
    given = parser.parse_args(arguments)
    return ask(kind=given.kind, host=given.host, port=given.port, seconds=given.seconds)
