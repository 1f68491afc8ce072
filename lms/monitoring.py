"""`make monitoring`: Prometheus, Alertmanager and the exporters, without root and without touching the system.

On Debian and Ubuntu the packages' binaries are fetched by apt's own downloader into private lists and a private cache,
verified by apt as always, and unpacked below the run directory. Elsewhere whatever is on PATH is used.

Exit codes: 0 every binary is at hand, 1 some are missing (one line on stderr names them).
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "prometheus": ("prometheus", "promtool"),
    "prometheus-alertmanager": ("prometheus-alertmanager", "amtool"),
    "prometheus-node-exporter": ("prometheus-node-exporter",),
    "prometheus-blackbox-exporter": ("prometheus-blackbox-exporter",),
    "prometheus-redis-exporter": ("prometheus-redis-exporter",),
    "prometheus-postgres-exporter": ("prometheus-postgres-exporter",),
}
# What the pages of Debian's Prometheus are made of; it runs without them too.
PAGES = (
    "libjs-bootstrap4", "libjs-d3", "libjs-eonasdan-bootstrap-datetimepicker", "libjs-jquery", "libjs-jquery-hotkeys",
    "libjs-moment", "libjs-moment-timezone", "libjs-mustache", "libjs-popper.js", "libjs-rickshaw",
)  # fmt: skip
# Upstream's names, as other systems' packages have them.
ALSO_KNOWN_AS = {
    "prometheus-alertmanager": "alertmanager",
    "prometheus-node-exporter": "node_exporter",
    "prometheus-blackbox-exporter": "blackbox_exporter",
    "prometheus-redis-exporter": "redis_exporter",
    "prometheus-postgres-exporter": "postgres_exporter",
}
BINARIES = tuple(binary for binaries in PACKAGES.values() for binary in binaries)


def tools_directory() -> Path:
    """`LMS_TOOLS_DIR`, so that several run directories can share one; else below the run directory."""
    if shared := os.environ.get("LMS_TOOLS_DIR"):
        return Path(shared).resolve()
    return Path(os.environ.get("LMS_RUN_DIR", ROOT / ".run")).resolve() / "tools"


def find(binary: str) -> str | None:
    """The path of a binary: unpacked by us, else on PATH under either name."""
    for folder in ("bin", "sbin"):
        unpacked = tools_directory() / "usr" / folder / binary
        if unpacked.is_file():
            return str(unpacked)
    return shutil.which(binary) or shutil.which(ALSO_KNOWN_AS.get(binary, binary))


def missing() -> list[str]:
    return [binary for binary in BINARIES if find(binary) is None]


def fetch(packages: Mapping[str, Sequence[str]] = PACKAGES) -> None:
    """Download and unpack the packages whose binaries are missing. Raises RuntimeError with one line."""
    wanted = [package for package, binaries in packages.items() if any(find(binary) is None for binary in binaries)]
    if wanted:
        unpack(wanted, tools_directory())
    if "prometheus" in wanted:
        with contextlib.suppress(RuntimeError):
            unpack(PAGES, tools_directory())
        # 200 MB, of which the pages need nothing.
        shutil.rmtree(tools_directory() / "usr/share/javascript/moment-timezone/data", ignore_errors=True)
    _relocate_alertmanager()


def options_of_prometheus() -> list[str]:
    """Debian's Prometheus looks for its pages below /usr/share unless it is told that they were unpacked elsewhere."""
    assets = tools_directory() / "usr/share/prometheus/web"
    ours = find("prometheus") == str(tools_directory() / "usr/bin/prometheus")
    return [f"--web.local-assets={assets}/"] if ours and assets.is_dir() else []


def unpack(wanted: Sequence[str], directory: Path, *, with_libraries: bool = False) -> None:
    """Download packages, if asked with those they need and the system lacks, and unpack them into `directory`.

    Raises RuntimeError with one line.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise RuntimeError(f"no {tool} here: install {', '.join(wanted)} and put the binaries on PATH.")
    work = directory.with_name(f"{directory.name}.apt")
    directory.mkdir(parents=True, exist_ok=True)
    for folder in ("lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    options = [
        f"Dir::State::Lists={work / 'lists'}",
        f"Dir::Cache={work / 'cache'}",
        "Debug::NoLocking=1",
        "APT::Sandbox::User=",
        "Acquire::Languages=none",
        "Acquire::Retries=2",
    ]
    apt = ["apt-get", "--quiet", "--quiet", *(part for option in options for part in ("-o", option))]
    archives = work / "cache" / "archives"
    _run([*apt, "update"], cwd=work, what="apt-get update")
    if with_libraries:
        only_download = ["--yes", "--no-install-recommends", "--download-only"]
        _run([*apt, "install", *only_download, *wanted], cwd=archives, what="apt-get install --download-only")
    else:
        _run([*apt, "download", *wanted], cwd=archives, what="apt-get download")
    for deb in sorted(archives.glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(directory)], cwd=work, what=f"unpacking {deb.name}")
    shutil.rmtree(work)


def _relocate_alertmanager() -> None:
    """Make the unpacked Alertmanager look for its templates and pages below the directory it runs in.

    Debian builds it to open /usr/share/prometheus/alertmanager and not to start without; no option moves it.
    """
    binary = tools_directory() / "usr" / "bin" / "prometheus-alertmanager"
    there, here = b"/usr/share/prometheus/alertmanager", b"usr/share/prometheus/alertmanager/"
    if not binary.is_file() or there not in (content := binary.read_bytes()):
        return
    moved = binary.with_suffix(".new")
    moved.write_bytes(content.replace(there, here))
    moved.chmod(0o755)
    moved.replace(binary)


def _run(command: list[str], *, cwd: Path, what: str) -> None:
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"exit code {result.returncode}"]
        raise RuntimeError(f"{what} failed: {lines[0]}")


def main() -> int:
    try:
        fetch()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(f"monitoring: {error}", file=sys.stderr)
        return 1
    if lacking := missing():
        print(f"monitoring: still missing: {', '.join(lacking)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
