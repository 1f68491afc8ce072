"""Every measurement one after the other, and one report.

    python -m bench [--only TEXT] [--output DIRECTORY]

Writes report.md and report.json; the report.json that was there before is compared with. A missed bar is reported, not
an error; the exit code is 1 when a measurement broke off. Interrupted, it reports what it has.
"""

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench import figures
from bench.figures import Figure

ROOT = Path(__file__).resolve().parents[1]
MEASUREMENTS: dict[str, list[str]] = {
    "requests": ["bench.requests"],
    "scrape": ["bench.scrape"],
    "business scrape": ["bench.business_scrape"],
    "hostile requests": ["bench.hostile"],
    "log lines": ["bench.logs"],
    "redaction": ["bench.redaction"],
    "readiness": ["bench.readiness"],
    "lesson pages": ["bench.pages"],
    "Sentry outages": ["bench.sentry_outage"],
    "quiz statistics": ["bench.quizzes", "statistics"],
    "exam load": ["bench.quizzes", "load"],
    "endpoints": ["bench.endpoints"],
    "engagement": ["bench.analytics"],
    "login storm": ["bench.login_storm"],
    "account enumeration": ["bench.account_enumeration"],
    "killed processes": ["bench.chaos_system"],
}


@dataclass
class Result:
    name: str
    arguments: list[str]
    seconds: float = 0.0
    code: int = 0
    output: str = ""
    figures: list[Figure] = field(default_factory=list)

    @property
    def command(self) -> str:
        return " ".join(["python -m", *self.arguments])


def measure(name: str, arguments: list[str]) -> Result:
    """Run one, its output passed on as it comes."""
    result = Result(name, arguments)
    lines: list[str] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lms-bench-") as directory:
        path = Path(directory) / "figures"
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", *arguments],
            cwd=ROOT, env=os.environ | {figures.FILE: str(path)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        try:
            assert process.stdout
            for line in process.stdout:
                lines.append(line)
                sys.stdout.write(f"    {line}")
                sys.stdout.flush()
            result.code = process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        result.figures = figures.read(path)
    result.seconds = time.monotonic() - started
    result.output = "".join(lines)
    return result


def machine() -> dict[str, str]:
    def first(path: str, start: str) -> str:
        try:
            lines = Path(path).read_text().splitlines()
        except OSError:
            return "unknown"
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(start)), "unknown")

    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "processor": first("/proc/cpuinfo", "model name"),
        "cores": str(os.cpu_count()),
        "memory": first("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "Python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "commit": commit or "unknown",
    }


def previous(path: Path) -> dict[tuple[str, str], float]:
    """Figures of an earlier report by measurement and name; nothing where there is none that can be read."""
    try:
        report = json.loads(path.read_text())
        return {(r["name"], f["name"]): f["value"] for r in report["results"] for f in r["figures"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def bar(figure: Figure) -> str:
    if figure.held is None:
        return ""
    text = f"≤ {figure.at_most:g}" if figure.at_most is not None else f"≥ {figure.at_least:g}"
    return f"{text} {'held' if figure.held else '**missed**'}"


def markdown(described: dict[str, str], results: list[Result], before: dict[tuple[str, str], float]) -> str:
    lines = [
        "# Measurements",
        "",
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC. Repeat: `make bench`.",
        "",
    ]
    lines += [f"- {name}: {text}" for name, text in described.items()]
    lines += ["", "| measurement | figure | value | spread | bar | before |", "|---|---|---|---|---|---|"]
    for result in results:
        for figure in result.figures:
            earlier = before.get((result.name, figure.name))
            compared = "" if earlier is None else f"{earlier:.4g}"
            if earlier:
                compared += f" ({figure.value / earlier - 1:+.0%})"
            spread = f"{figure.spread[0]:.4g} to {figure.spread[1]:.4g}" if figure.spread else ""
            value = f"{figure.value:.4g} {figure.unit}"
            lines.append(f"| {result.name} | {figure.name} | {value} | {spread} | {bar(figure)} | {compared} |")
    for result in results:
        end = "" if result.code == 0 else f", exit code {result.code}"
        lines += ["", f"## {result.name}", "", f"`{result.command}` ({result.seconds:.0f} s{end})", ""]
        lines += ["```text", result.output.rstrip("\n"), "```"]
    return "\n".join(lines) + "\n"


def write(path: Path, described: dict[str, str], results: list[Result]) -> None:
    """The report as JSON at `path` and as Markdown beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = markdown(described, results, previous(path))
    report = {"machine": described, "results": [asdict(result) for result in results]}
    for target, content in ((path, json.dumps(report, indent=1)), (path.with_suffix(".md"), text)):
        new = target.with_suffix(".new")
        new.write_text(content)
        new.replace(target)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Every measurement, and one report.")
    parser.add_argument("--only", default="", metavar="TEXT", help="the measurements whose name contains TEXT")
    parser.add_argument("--output", type=Path, default=ROOT / ".run" / "bench", metavar="DIRECTORY")
    options = parser.parse_args(arguments)
    chosen = {name: command for name, command in MEASUREMENTS.items() if options.only.lower() in name.lower()}
    if not chosen:
        print(f"bench: no measurement contains {options.only!r}; there are {', '.join(MEASUREMENTS)}", file=sys.stderr)
        return 2
    described, results, interrupted = machine(), [], False
    for number, (name, command) in enumerate(chosen.items(), start=1):
        print(f"[{number}/{len(chosen)}] {name}", flush=True)
        try:
            results.append(measure(name, command))
        except KeyboardInterrupt:
            interrupted = True
            break
    if results:
        # Some of the measurements are no report to compare all of them with.
        part = "-" + re.sub(r"\W+", "-", options.only.lower()) if options.only else ""
        path = options.output / f"report{part}.json"
        write(path, described, results)
        print(f"\nReport: {path.with_suffix('.md')}")
    for result in results:
        if not result.figures:
            print(f"bench: {result.name} broke off (exit code {result.code})", file=sys.stderr)
    return 130 if interrupted else int(not all(result.figures for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
