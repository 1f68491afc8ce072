"""The LMS's endpoints under load, with observability and without it, in one run.

    python -m bench.endpoints [--rounds 7] [--requests 200] [--clients 4]

Two whole systems (gunicorn, PostgreSQL and Valkey each) with the same course and person. In every round each endpoint
of both is asked by a few clients over connections of their own, one system right after the other and in turns first,
so a busy machine disturbs both alike. Reported is the median over the rounds of the ratio of both systems' p95 and of
their answers per second, with the lowest and the highest round. Exits 1 when an answer isn't the expected one.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bench.figures import report
from tests.system import System, wait_for

PASSWORD = "correct-horse-battery"
PERSON = f"""
from allauth.account.models import EmailAddress
from accounts.models import User
user = User.objects.create_user(email="reader@example.org", password="{PASSWORD}", name="Reader")
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""
LIMITS = "api_student=100000000/60"
COURSE = "/api/v1/courses/reliable-services"
# Name → method and path; {lesson} is the course's first.
ENDPOINTS = {
    "list of courses": ("GET", "/api/v1/courses"),
    "outline": ("GET", f"{COURSE}/outline"),
    "lesson": ("GET", "/api/v1/lessons/{lesson}"),
    "completing a lesson": ("POST", "/api/v1/lessons/{lesson}/completion"),
    "own enrollments": ("GET", "/api/v1/enrollments"),
}


@dataclass(frozen=True)
class Side:
    """A running system as its clients see it."""

    port: int
    token: str
    lesson: str


def prepare(system: System) -> Side:
    system.manage("import_course", "lms/demo/sample_course", "--publish")
    system.manage("shell", "-c", PERSON)
    login = {"email": "reader@example.org", "password": PASSWORD}
    token = system.post("/api/v1/auth/app/v1/auth/login", login).json["meta"]["session_token"]
    system.post(f"{COURSE}/enrollment", {}, X_Session_Token=token)
    outline = system.get(f"{COURSE}/outline", X_Session_Token=token).json
    return Side(system.ports["web"], token, outline["sections"][0]["lessons"][0]["id"])


def client(side: Side, method: str, path: str, number: int) -> tuple[list[float], set[int]]:
    """Seconds of each of `number` requests over one connection, and the statuses that came."""
    connection = http.client.HTTPConnection("127.0.0.1", side.port, timeout=30)
    headers = {"X-Session-Token": side.token, "Content-Type": "application/json", "Accept": "application/json"}
    taken, statuses = [], set()
    for _ in range(number):
        began = time.perf_counter()
        connection.request(method, path.format(lesson=side.lesson), "{}" if method == "POST" else None, headers)
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - began)
        statuses.add(answer.status)
    connection.close()
    return taken, statuses


def ask(side: Side, name: str, requests: int, clients: int) -> tuple[float, float, set[int]]:
    """p95 in seconds, answers per second, and the statuses that came."""
    method, path = ENDPOINTS[name]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(lambda _: client(side, method, path, requests // clients), range(clients)))
    seconds = time.perf_counter() - began
    taken = [one for times, _ in results for one in times]
    statuses = set().union(*(found for _, found in results))
    return statistics.quantiles(taken, n=20)[-1], len(taken) / seconds, statuses


def measure(observed: Side, bare: Side, rounds: int, requests: int, clients: int) -> bool:
    """Report every endpoint; False when an answer wasn't a good one."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ENDPOINTS}
    good = True
    with tqdm(total=rounds * len(ENDPOINTS), desc="endpoints", disable=None) as bar:
        for number in range(rounds):
            for name in ENDPOINTS:
                order = (observed, bare) if number % 2 else (bare, observed)
                seen = {side: ask(side, name, requests, clients) for side in order}
                p95, rate, _ = seen[observed]
                found[name].append((p95 / seen[bare][0], rate / seen[bare][1], rate))
                if bad := {status for _, _, statuses in seen.values() for status in statuses if status >= 300}:
                    print(f"{name}: answers {sorted(bad)}", file=sys.stderr)
                    good = False
                bar.update()
    print(f"{'with observability, over without':<34}{'p95':>8}{'answers/s':>12}{'answers/s here':>16}")
    for name, rows in found.items():
        slower, rates, here = zip(*rows, strict=True)
        medians = [statistics.median(values) for values in (slower, rates, here)]
        print(f"{name:<34}{medians[0]:>7.2f}x{medians[1]:>11.2f}x{medians[2]:>16.0f}")
        report(f"{name}: p95 over that without observability", medians[0], spread=(min(slower), max(slower)))
        report(f"{name}: answers per second over those without", medians[1], spread=(min(rates), max(rates)))
        report(f"{name}: answers", medians[2], "/ s", spread=(min(here), max(here)))
    return good


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.endpoints", description="Endpoints under load, with and without.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    given = parser.parse_args()
    if min(given.rounds, given.clients) < 1 or given.requests < 2 * given.clients:
        parser.error("--rounds and --clients take 1 or more, --requests two for each client or more.")
    with tempfile.TemporaryDirectory(prefix="lms-bench-") as directory:
        limits = {"LMS_LIMITS": LIMITS}
        with (
            System(Path(directory) / "observed", processes=("web",), variables=limits) as observed,
            # Without observability there is no readiness to wait for.
            System(Path(directory) / "bare", processes=(), variables=limits | {"LMS_OBSERVABILITY": "0"}) as bare,
        ):
            bare.start("web")
            wait_for(lambda: bare.get("/api/schema/").status == 200, seconds=60, what="the bare LMS")
            good = measure(prepare(observed), prepare(bare), given.rounds, given.requests, given.clients)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
