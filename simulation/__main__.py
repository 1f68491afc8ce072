"""`make simulate`: people who use the public API of a running LMS with the demo's people in it.

    python -m simulation [--url URL] [--people N] [--attackers N] [--days N] [--speed X] [--seed N] [--mail DIR]

Simulated time runs `--speed` times as fast as the clock. The same seed makes the same people with the same habits; how
their calls interleave is the machine's. Exit codes: 0 done or interrupted, 1 something answered as it should not have,
2 wrong usage.
"""

# locust patches the standard library; it has to come first.
from locust import events  # isort: skip
from locust.env import Environment  # isort: skip

import logging
import signal
import sys
import time
from collections import Counter

import gevent

from simulation.arguments import arguments, reachable
from simulation.attackers import Attacker
from simulation.person import Person
from simulation.shape import DAY, Term
from simulation.staff import Admin, Instructor
from simulation.students import CarefulStudent, ForgetfulStudent, Student

SAY_EVERY = 5.0


def main() -> int:
    given = arguments()
    url = given.url.rstrip("/")
    if problem := reachable(url):
        print(f"simulate: {problem}", file=sys.stderr)
        return 1
    logging.getLogger("locust").setLevel(logging.CRITICAL)
    term = Term(began=time.monotonic(), speed=given.speed)
    Person.term, Person.seed, Person.mail, Person.taken = term, given.seed, given.mail, {}
    Person.most = {"student": given.accounts or given.people, "instructor": 12, "admin": 1}
    Attacker.fixed_count = given.attackers
    ForgetfulStudent.fixed_count = 1
    CarefulStudent.fixed_count = 1 if given.mail else 0
    classes: list[type[Person]] = [Instructor, Admin, Student, ForgetfulStudent]
    classes += [Attacker] if given.attackers else []
    classes += [CarefulStudent] if given.mail else []
    environment = Environment(user_classes=list(classes), events=events, host=url)
    broken: list[str] = []
    events.user_error.add_listener(lambda exception, **facts: broken.append(repr(exception)))
    runner = environment.create_local_runner()
    count = given.people + sum(one.fixed_count for one in classes)
    runner.start(count, spawn_rate=max(1.0, count / 5))
    seconds = term.real(given.days * DAY) if given.days else float("inf")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _run(environment, term, seconds, quiet=given.quiet)
    except KeyboardInterrupt:
        print("simulate: interrupted", file=sys.stderr)
    runner.quit()
    return _report(environment, broken)


def _run(environment: Environment, term: Term, seconds: float, *, quiet: bool) -> None:
    while (left := term.began + seconds - time.monotonic()) > 0:
        gevent.sleep(min(SAY_EVERY, left))
        if not quiet:
            total = environment.stats.total
            counts = f"{total.num_requests} requests, {total.num_failures} unexpected answers"
            print(f"{term.said(time.monotonic())}: {counts}", file=sys.stderr, flush=True)


def _report(environment: Environment, broken: list[str]) -> int:
    total = environment.stats.total
    print(f"{total.num_requests} requests, {total.num_failures} unexpected answers")
    worst = sorted(environment.stats.errors.values(), key=lambda error: -error.occurrences)
    for error in worst[:20]:
        print(f"  {error.occurrences:5}  {error.method} {error.name}: {error.error}")
    for text, times in Counter(broken).most_common(10):
        print(f"  {times:5}  a simulated person failed: {text}")
    return 1 if broken or total.num_failures or not total.num_requests else 0


if __name__ == "__main__":
    sys.exit(main())
