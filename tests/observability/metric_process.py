"""A process of its own that counts in a directory of its own: prometheus_client is set up once a process."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

PRELUDE = """
import json, os, signal, sys, time
from pathlib import Path
from observability.multiprocess import slots
from observability.multiprocess.values import store
from observability.multiprocess.merge import Merge
import prometheus_client
from prometheus_client import multiprocess
from prometheus_client.exposition import generate_latest

directory = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])

def samples(text):
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}

def scrape():
    return Merge(directory).encode(generate_latest)

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid

def answer(value):
    print(json.dumps(value))
"""


def run(directory: Path, code: str, *, role: str = "api", **variables: str) -> Any:
    """What `code` hands to `answer()`. Raises AssertionError with stderr when it fails."""
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
        cwd=ROOT,
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(directory), "OBSERVABILITY_ROLE": role} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])
