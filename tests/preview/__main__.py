"""`make preview`: the dashboards drawn without Grafana after a simulated term, and a picture of each.

    python -m tests.preview [--minutes N] [--seed N] [--report DIR] [--stay]

Exit codes: 0 every panel shows what its queries return, 1 one doesn't (a line each on stderr), 2 wrong usage.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.grafana.queries import Range
from tests.drill.world import World
from tests.panels.__main__ import (
    SETTLE_SECONDS,
    STEP_SECONDS,
    dashboards,
    fetch,
    happen,
    look,
    prepare,
    simulate,
    sources_of,
)
from tests.preview.pictures import take
from tests.preview.server import FILES, serving
from tests.system import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="preview", description="What do the dashboards look like?")
    parser.add_argument("--minutes", type=float, default=6.0, help="length of the simulated term; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--report", type=Path, default=ROOT / ".run" / "reports" / "preview", metavar="DIR")
    parser.add_argument("--stay", action="store_true", help="leave the pages up until Ctrl-C")
    given = parser.parse_args()
    if not 0.1 <= given.minutes <= 60:
        parser.error("--minutes takes 0.1 to 60.")
    if lacking := [str(path) for path in FILES.values() if not path.is_file()]:
        print(f"preview: no {lacking[0]}; `make preview` installs it.", file=sys.stderr)
        return 1
    try:
        fetch()
        with tempfile.TemporaryDirectory(prefix="lms-preview-") as directory:
            problems = _preview(Path(directory), given)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(f"preview: {error}", file=sys.stderr)
        return 1
    for problem in problems:
        print(f"preview: {problem}", file=sys.stderr)
    print(f"Pictures: {given.report}")
    return 1 if problems else 0


def _preview(directory: Path, given: argparse.Namespace) -> list[str]:
    began = time.time()
    with World(directory, host_disks=True) as world:
        prepare(world)
        sources = sources_of(world)
        happen(world)
        simulate(world, seconds=given.minutes * 60, seed=given.seed)
        look(world, sources, began, SETTLE_SECONDS)
        range_ = Range(began, time.time(), STEP_SECONDS)
        problems = take(sources, dashboards(), range_, given.report)
        if given.stay:
            with serving(sources, dashboards(), range_) as address, contextlib.suppress(KeyboardInterrupt):
                print(f"Dashboards: {address}/  (Ctrl-C ends)", flush=True)
                while True:
                    time.sleep(60)
    return problems


if __name__ == "__main__":
    sys.exit(main())
