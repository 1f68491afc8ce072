"""Requests with invented methods, paths, hosts, user agents, addresses and ids: how many series do they make?

    python -m bench.hostile

Over HTTP against two gunicorn workers: 1,000 methods, 10,000 unknown paths and 1,000 hosts, each request with a user
agent, an X-Forwarded-For and an X-Request-ID of its own. Ordinary traffic comes first, a mistyped path with it: what
that makes is there anyway. Exits 1 at more than 40 new series or 2 MiB.
"""

import http.client
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import report
from tests.system import System, wait_for

SERIES = 40
BYTES = 2 * 1024 * 1024
CLIENTS = 4
ORDINARY = ("/api/v1/courses", "/a/mistyped/path")
SETTLE_SECONDS = 2.0  # facts and samplers run at intervals of a second
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Result:
    statuses: Counter[int]
    new: list[str]
    size: int


def word(number: int) -> str:
    """A different word of upper-case letters for each number."""
    letters = ""
    for _ in range(5):
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return f"X{letters}"


def requests(methods: int, paths: int, hosts: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    for number in range(methods + paths + hosts):
        headers = {
            "User-Agent": f"agent-{word(number)}/{number}",
            "X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "X-Request-ID": f"request-{number:032}",
        }
        if number < methods:
            yield word(number), "/api/v1/courses", headers
        elif number < methods + paths:
            yield "GET", f"/{word(number)}/{number}", headers
        else:
            yield "GET", "/api/v1/courses", headers | {"Host": f"{word(number).lower()}.example"}


def exposition(system: System) -> str:
    answer = system.get("/metrics", port=system.ports["web_metrics"], Accept="text/plain")
    assert answer.status == 200, answer.text
    return answer.text


def series(text: str) -> set[str]:
    return {line.rpartition(" ")[0] for line in text.splitlines() if line and line[0] != "#"}


def settled(system: System) -> set[str]:
    """The series that ordinary requests and the facts of the site have made by the time no more appear."""
    last: set[str] = set()

    def same() -> bool:
        nonlocal last
        for _ in range(8):
            for path in ORDINARY:
                system.get(path)
        before, last = last, series(exposition(system))
        return before == last

    wait_for(same, every=SETTLE_SECONDS, what="an end of new series")
    return last


def send(port: int, wanted: list[tuple[str, str, dict[str, str]]]) -> Counter[int]:
    statuses: Counter[int] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for method, path, headers in wanted:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        statuses[response.status] += 1
    connection.close()
    return statuses


def run(system: System, **numbers: Any) -> Result:
    """Send `methods`, `paths` and `hosts` requests and compare the expositions before and after."""
    before = settled(system)
    wanted = list(requests(**numbers))
    statuses: Counter[int] = Counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for part in pool.map(lambda first: send(system.ports["web"], wanted[first::CLIENTS]), range(CLIENTS)):
            statuses += part
    text = exposition(system)
    return Result(statuses, sorted(series(text) - before), len(text.encode()))


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as name,
        System(Path(name), processes=("web",), variables={"LMS_LOG_LEVEL": "ERROR"}) as system,
    ):
        began = time.monotonic()
        result = run(system, methods=1000, paths=10_000, hosts=1000)
        seconds = time.monotonic() - began
    print(
        f"{result.statuses.total()} requests in {seconds:.0f} s, answers {dict(sorted(result.statuses.items()))}: "
        f"{len(result.new)} new series, exposition {result.size / 1024:.0f} KiB"
    )
    for line in result.new[:SERIES]:
        print(f"  {line}")
    few = report("new series", len(result.new), "series", at_most=SERIES)
    small = report("exposition", result.size, "bytes", at_most=BYTES)
    return 0 if few and small else 1


if __name__ == "__main__":
    sys.exit(main())
