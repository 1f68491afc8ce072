"""`make browser`: a headless Chromium for tests and screenshots, without root and without touching the system.

One on PATH, or named by `LMS_CHROMIUM`, is used. Else, on Debian and Ubuntu, the package and whatever of its libraries
the system lacks are fetched as the monitoring's binaries are, and unpacked below the tools directory.

Exit codes: 0 there is a browser (its path is printed), 1 there is none (one line on stderr says why).
"""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from lms import monitoring

PACKAGE = "chromium-headless-shell"
ON_PATH = (PACKAGE, "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Browser:
    """An executable and the variables without which it doesn't find its libraries."""

    executable: Path
    variables: dict[str, str] = field(default_factory=dict)


def find() -> Browser | None:
    """A browser that is there already."""
    if named := os.environ.get("LMS_CHROMIUM"):
        return Browser(Path(named))
    ours = _directory() / "usr/lib/chromium" / PACKAGE
    if ours.is_file():
        libraries = _directory() / "usr/lib"
        folders = sorted({path.parent for path in libraries.rglob("*.so*") if path.parent != ours.parent})
        return Browser(ours, {"LD_LIBRARY_PATH": ":".join(map(str, folders))})
    for name in ON_PATH:
        if path := shutil.which(name):
            return Browser(Path(path))
    return None


def fetch() -> Browser:
    """The browser, fetched if there is none. Raises RuntimeError with one line where it can't be had."""
    monitoring.tools_directory().mkdir(parents=True, exist_ok=True)
    with (monitoring.tools_directory() / "browser.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if found := find():
            return found
        unpacked = _directory().with_suffix(".new")
        shutil.rmtree(unpacked, ignore_errors=True)
        monitoring.unpack([PACKAGE], unpacked, with_libraries=True)
        unpacked.rename(_directory())
    if found := find():
        return found
    raise RuntimeError(f"the package {PACKAGE} has no {PACKAGE} in it.")


def _directory() -> Path:
    return monitoring.tools_directory() / "browser"


def main() -> int:
    try:
        print(fetch().executable)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(f"browser: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
