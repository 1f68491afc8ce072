"""Cost of HTTP metrics and the request id, per request: over a new Django project with one REST framework view.

    python -m bench.requests              # times and, where valgrind exists, instruction counts
    python -m bench.requests --times      # times only

django-prometheus' own middleware and other peers are measured beside them. Each stack runs in a process of its own,
with the metrics of several processes (PROMETHEUS_MULTIPROC_DIR); rounds are taken in turn, so a busy machine disturbs
all alike, and the fastest counts. Where a process happens to have its memory changes its speed by more than what is
measured here: so all start anew several times, and the median of those generations counts, with its spread. Instruction
counts (callgrind) repeat from run to run; the difference between two numbers of requests leaves the start-up out.
"""

import argparse
import importlib
import importlib.util
import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import report

ROOT = Path(__file__).resolve().parents[1]
GENERATIONS = 12
ROUNDS = 5
REQUESTS = 500
FEW, MANY = 100, 300

# What `django-admin startproject` writes.
BARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "rest_framework",
]
STACKS: dict[str, list[str]] = {
    "bare": [],
    "ours: metrics": ["observability.metrics.http.MetricsMiddleware"],
    "ours: metrics + request id": [
        "observability.middleware.RequestContextMiddleware",
        "observability.metrics.http.MetricsMiddleware",
    ],
    "ours: with the access line": [
        "observability.middleware.RequestContextMiddleware",
        "observability.metrics.http.MetricsMiddleware",
    ],
    "django-prometheus": [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ],
    "OpenTelemetry metrics": [],
    "django-structlog": ["django_structlog.middlewares.RequestMiddleware"],
    "sentry-sdk, all traced": [],
}
# Peers of which bench/ needs more than the product does (requirements-bench.txt).
NEEDS = {"OpenTelemetry metrics": "opentelemetry.instrumentation.django", "django-structlog": "django_structlog"}


def handler(stack: str) -> Any:
    import logging

    import django
    from django.conf import settings

    middleware = STACKS[stack]
    ours = any(name.startswith("observability.") for name in middleware)
    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="bench.requests_urls",
        INSTALLED_APPS=[*APPS, *(["observability"] if ours else [])],
        MIDDLEWARE=[*middleware, *BARE],
    )
    _instrument(stack)
    django.setup()
    if stack == "ours: with the access line":
        from observability.logs import JsonFormatter, QueuedHandler

        lines = QueuedHandler(open(os.devnull, "w"))  # noqa: SIM115  it stays open as standard output does
        lines.setFormatter(JsonFormatter())
        logging.getLogger().handlers = [lines]
        logging.getLogger().setLevel(logging.INFO)
    else:
        logging.getLogger("observability.access").setLevel(logging.WARNING)
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


def _instrument(stack: str) -> None:
    """The peers that aren't middleware alone, each writing to nowhere."""
    if stack == "OpenTelemetry metrics":
        django_instrumentation = importlib.import_module("opentelemetry.instrumentation.django")
        metrics = importlib.import_module("opentelemetry.sdk.metrics")
        reader = importlib.import_module("opentelemetry.sdk.metrics.export").InMemoryMetricReader()
        provider = metrics.MeterProvider(metric_readers=[reader])
        django_instrumentation.DjangoInstrumentor().instrument(meter_provider=provider)
    elif stack == "django-structlog":
        structlog = importlib.import_module("structlog")
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.add_log_level,
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=open(os.devnull, "w")),  # noqa: SIM115  as standard output
        )
    elif stack == "sentry-sdk, all traced":
        import sentry_sdk

        class Nowhere(sentry_sdk.transport.Transport):
            def capture_envelope(self, envelope: Any) -> None:
                pass

        sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=Nowhere, traces_sample_rate=1.0)


def stacks() -> list[str]:
    """Those whose packages are installed; says which are not."""
    present = [name for name in STACKS if name not in NEEDS or _installed(NEEDS[name])]
    if missing := sorted(set(STACKS) - set(present)):
        print(f"not installed, left out: {', '.join(missing)} (pip install -r requirements-bench.txt)")
    return present


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def ask(application: Any, times: int) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/things/7",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "application/json",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
    }
    for _ in range(times):
        response = application(environ | {"wsgi.input": io.BytesIO()}, lambda status, headers: None)
        b"".join(response)
        response.close()


def serve(stack: str) -> None:
    """Run a round for each line on stdin; answer with its seconds."""
    application = handler(stack)
    ask(application, REQUESTS)
    for _ in sys.stdin:
        started = time.perf_counter()
        ask(application, REQUESTS)
        sys.stdout.write(f"{time.perf_counter() - started}\n")
        sys.stdout.flush()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bench.requests", *arguments]


def environment(directory: str, seed: int = 0) -> dict[str, str]:
    return os.environ | {"PROMETHEUS_MULTIPROC_DIR": directory, "PYTHONHASHSEED": str(seed)}


Spreads = dict[str, tuple[float, float]]


def measure_times() -> tuple[dict[str, float], Spreads]:
    """Microseconds a request, as bare's median times the median ratio; and the lowest and highest ratio of each."""
    present = stacks()
    generations = [_generation(present, seed) for seed in range(GENERATIONS)]
    bare = statistics.median(fastest["bare"] for fastest in generations)
    found, spreads = {}, {}
    for stack in present:
        ratios = sorted(fastest[stack] / fastest["bare"] for fastest in generations)
        ratio = statistics.median(ratios)
        found[stack], spreads[stack] = bare * ratio, (ratios[0], ratios[-1])
        print(f"{stack:28} {bare * ratio:8.1f} µs  {ratio:.3f}x bare  ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    return found, spreads


def _generation(present: list[str], seed: int) -> dict[str, float]:
    """The fastest round's microseconds a request, of one process for each stack."""
    with tempfile.TemporaryDirectory() as directory:
        running = {}
        for number, stack in enumerate(present):
            own = Path(directory) / str(number)
            own.mkdir()
            running[stack] = subprocess.Popen(
                command("--serve", stack), cwd=ROOT, env=environment(str(own), seed), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
        rounds: dict[str, list[float]] = {stack: [] for stack in present}
        for _ in range(ROUNDS):
            for stack, process in running.items():
                assert process.stdin
                assert process.stdout
                process.stdin.write("\n")
                process.stdin.flush()
                rounds[stack].append(float(process.stdout.readline()) / REQUESTS * 1e6)
        for process in running.values():
            assert process.stdin
            process.stdin.close()
            process.wait()
    return {stack: min(taken) for stack, taken in rounds.items()}


def measure_instructions() -> dict[str, float]:
    """Instructions a request."""
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        for stack in stacks():
            counts = []
            for requests in (FEW, MANY):
                result = subprocess.run(
                    ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out",
                     *command("--run", stack, "--requests", str(requests))],
                    cwd=ROOT, env=environment(directory), capture_output=True, text=True, check=True,
                )  # fmt: skip
                collected = re.search(r"Collected : (\d+)", result.stderr)
                assert collected, result.stderr
                counts.append(int(collected[1]))
            found[stack] = (counts[1] - counts[0]) / (MANY - FEW)
            print(
                f"{stack:28} {found[stack]:12,.0f} instructions  {found[stack] / found['bare']:.3f}x bare", flush=True
            )
    return found


def summary(found: dict[str, float], unit: str, spreads: Spreads) -> None:
    bare, stock = found["bare"], found["django-prometheus"]
    ours, both = found["ours: metrics"], found["ours: metrics + request id"]
    print(
        f"added {unit}: metrics {ours - bare:,.1f}, with the request id {both - bare:,.1f}, django-prometheus "
        f"{stock - bare:,.1f}; metrics and request id over stock: {(both - bare) / (stock - bare):.2f}"
    )
    for stack, name, bar in (
        ("ours: metrics + request id", "HTTP metrics and request id", 1.06),
        ("ours: with the access line", "with the access line", 1.10),
    ):
        report(f"{unit}: {name} over bare", found[stack] / bare, at_most=bar, spread=spreads.get(stack))
    for peer in (stack for stack in found if stack != "bare" and not stack.startswith("ours")):
        report(f"{unit}: {peer} over bare", found[peer] / bare, spread=spreads.get(peer))
    report(f"{unit}: what we add over what django-prometheus adds", (both - bare) / (stock - bare), at_most=1 / 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", action="store_true", help="no instruction counts")
    parser.add_argument("--serve", choices=STACKS, help=argparse.SUPPRESS)
    parser.add_argument("--run", choices=STACKS, help=argparse.SUPPRESS)
    parser.add_argument("--requests", type=int, default=REQUESTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    elif options.run:
        ask(handler(options.run), options.requests)
    else:
        found, spreads = measure_times()
        summary(found, "µs", spreads)
        if not options.times and shutil.which("valgrind"):
            summary(measure_instructions(), "instructions", {})
        elif not options.times:
            print("valgrind is not installed: no instruction counts")


if __name__ == "__main__":
    main()
