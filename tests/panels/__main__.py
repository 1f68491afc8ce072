"""`make panels`: every query of every panel and variable of every dashboard has data after a simulated term.

    python -m tests.panels [--minutes N] [--seed N] [--report DIR]
    python -m tests.panels --demo LOG [--minutes N] [--report DIR]

Starts the whole system with the real Prometheus, lets simulated people use it for `--minutes`, then asks what Grafana
would ask. With --demo the running demo is asked instead, of its last minutes; LOG is what it wrote, begun as
`LMS_LOG_FORMAT=json make demo > LOG`. Writes panels.md and panels.json. Exit codes: 0 every query has data or may be
empty for a reason that its dashboard gives, 1 one has none, 2 wrong usage.
"""

import argparse
import contextlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.grafana.queries import Range
from lms import monitoring
from tests.deploy import collector, proxies
from tests.drill.faults.servers import maintenance_under_way, worker_restarted
from tests.drill.world import DEPLOY, World
from tests.faults import HOST
from tests.panels import demo
from tests.panels.answers import Finding, Sources, inspect, make_reporting_role
from tests.system import ROOT, wait_for

STUDENTS, ACCOUNTS, DAYS = 10, 40, 14
# The workload of instructors is computed every five minutes; a shorter term shows none.
DEFAULT_MINUTES = 6.0
SETTLE_SECONDS = 60.0
STEP_SECONDS = 5.0
COMMAND = "make panels"


def fetch() -> None:
    """Raises RuntimeError, OSError or subprocess.TimeoutExpired for what can't be had."""
    monitoring.fetch()
    proxies.binary("caddy")


def prepare(world: World) -> None:
    """The demo's people and their past, in a system that runs as in production: only the command sees DEBUG on."""
    subprocess.run(
        [sys.executable, "manage.py", "seed_demo", "--students", str(ACCOUNTS)],
        cwd=ROOT,
        env=world.system.environment | {"LMS_DEBUG": "1"},
        check=True,
        capture_output=True,
    )


def sources_of(world: World) -> Sources:
    """No log store runs here: LogQL is matched with the lines that the processes wrote, a proxy's as collected."""
    files = {"LMS_LOG_FILES": "none", "LMS_PROXY_ERROR_LOG_FILES": "none"}
    collected = collector.configuration(files | {"LMS_PROXY_LOG_FILES": str(world.directory / "proxy" / "*.json")})

    def written(service: str) -> list[dict]:
        if service == "proxy":
            return [entry["attributes"] | {"message": entry["body"]} for entry in collector.entries(collected)]
        names = [name for name in world.system.running if service == "lms"]
        return [line for name in names for line in world.system.log_lines(name)]

    reporting = make_reporting_role(world.system.servers.database_url)
    return Sources(f"http://{HOST}:{world.ports['prometheus']}", reporting, written)


def distrusted_proxy(world: World) -> None:
    """Caddy with the shipped configuration before the web server, and a client that doesn't trust its certificate."""
    directory = world.directory / "proxy"
    directory.mkdir()
    port = proxies.caddy(world.stack, directory, world.system.ports["web"])
    wait_for(lambda: proxies.answers(port), what="Caddy")
    with contextlib.suppress(ssl.SSLCertVerificationError):
        proxies.shaken_hands(port, trusting=False)


def maintenance(world: World) -> None:
    """A window that is open until Alertmanager has told the LMS."""

    def told() -> bool:
        return any(
            line.get("event") == "alert" and "ScheduledMaintenance" in json.dumps(line)
            for line in world.system.log_lines("web")
        )

    with maintenance_under_way(world):
        wait_for(told, seconds=60, what="the alert that says so")


def happen(world: World) -> None:
    """What dashboards show besides what people do: trouble at the proxy, and a deployment during maintenance."""
    distrusted_proxy(world)
    with worker_restarted(world):
        maintenance(world)


def simulate(world: World, *, seconds: float, seed: int, days: float = DAYS) -> int:
    """Days of a term within `seconds`; the simulation's exit code. Its output goes to ours."""
    mail = world.system.directory / "mail"
    mail.mkdir(exist_ok=True)
    command = [
        sys.executable, "-m", "simulation",
        "--url", f"http://{HOST}:{world.system.ports['web']}",
        "--people", str(STUDENTS), "--accounts", str(ACCOUNTS), "--seed", str(seed),
        "--days", str(days), "--speed", f"{days * 86400 / seconds:.1f}",
        "--mail", str(mail),
    ]  # fmt: skip
    return subprocess.run(
        command, cwd=ROOT, env=world.system.environment, check=False, timeout=seconds + 120
    ).returncode


def dashboards() -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))]


def look(world: World, sources: Sources, began: float, settle: float) -> list[Finding]:
    """Findings, once there is nothing left to wait for or `settle` seconds have passed."""
    findings: list[Finding] = []

    def complete() -> bool:
        range_ = Range(began, time.time(), STEP_SECONDS)
        findings[:] = [finding for board in dashboards() for finding in inspect(sources, board, range_)]
        return not any(finding.failed for finding in findings)

    with contextlib.suppress(AssertionError):
        wait_for(complete, seconds=settle, every=5, what="data everywhere")
    return findings


def markdown(findings: list[Finding], facts: str) -> str:
    failed = [finding for finding in findings if finding.failed]
    empty = [finding for finding in findings if finding.problem and not finding.failed]
    seen = len(findings) - len(failed) - len(empty)
    lines = ["# Panels with data", "", facts, ""]
    lines += [f"{seen} of {len(findings)} queries returned data, {len(empty)} may be empty, {len(failed)} failed.", ""]
    lines += ["| dashboard | panel | series | highest value or first row | |", "|---|---|---|---|---|"]
    for finding in findings:
        query = finding.query
        state = "data"
        if finding.problem:
            state = f"FAILED: {finding.problem}" if finding.failed else f"may be empty: {query.allowed}"
        panel = f"{query.panel} ({query.letter})" if query.letter else query.panel
        cells = [query.dashboard, panel, str(finding.series), finding.sample.replace("|", "¦"), state]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"Again: `{COMMAND}`", ""])


def main() -> int:
    parser = argparse.ArgumentParser(prog="panels", description="Does every panel show something?")
    parser.add_argument(
        "--minutes", type=float, default=DEFAULT_MINUTES, help="length of the simulated term; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=1, help="default: %(default)s")
    parser.add_argument("--demo", type=Path, metavar="LOG", help="ask the running demo; LOG is what it wrote")
    parser.add_argument("--report", type=Path, default=ROOT / ".run" / "reports", metavar="DIR")
    given = parser.parse_args()
    if not 0.1 <= given.minutes <= 60:
        parser.error("--minutes takes 0.1 to 60.")
    try:
        given.report.mkdir(parents=True, exist_ok=True)
        if given.demo:
            sources = demo.sources_of(Path(os.environ.get("LMS_RUN_DIR", ROOT / ".run")), given.demo)
        else:
            fetch()
    except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"panels: {error}", file=sys.stderr)
        return 1
    if given.demo:
        range_ = Range(time.time() - given.minutes * 60, time.time(), demo.STEP_SECONDS)
        findings = [finding for board in dashboards() for finding in inspect(sources, board, range_)]
        return told(findings, f"The running demo, its last {given.minutes:g} minutes.", given.report)
    began = time.time()
    with (
        tempfile.TemporaryDirectory(prefix="lms-panels-") as directory,
        World(Path(directory), host_disks=True) as world,
    ):
        prepare(world)
        sources = sources_of(world)
        happen(world)
        code = simulate(world, seconds=given.minutes * 60, seed=given.seed)
        findings = look(world, sources, began, SETTLE_SECONDS)
    facts = (
        f"{DAYS} simulated days with {STUDENTS} students in {given.minutes:g} minutes, seed {given.seed}. "
        "Panels of logs are matched with the lines that the processes wrote; no Loki was asked."
    )
    if code:
        print("panels: the simulation had unexpected answers; they are above.", file=sys.stderr)
    return told(findings, facts, given.report) or min(code, 1)


def told(findings: list[Finding], facts: str, directory: Path) -> int:
    """Print and write the report; 1 if a query failed."""
    text = markdown(findings, facts)
    print(text)
    (directory / "panels.md").write_text(text)
    document = {"facts": facts, "command": COMMAND, "findings": [finding.as_dict() for finding in findings]}
    (directory / "panels.json").write_text(json.dumps(document, indent=2) + "\n")
    for finding in findings:
        if finding.failed:
            print(f"panels: {finding.query.where}: {finding.problem}", file=sys.stderr)
    return 1 if any(finding.failed for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
