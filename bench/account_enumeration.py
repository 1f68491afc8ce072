"""Do the times of answers tell whether an address has an account? Against gunicorn, with the default hasher.

    python -m bench.account_enumeration [--pairs 200] [--seconds 0.5]

For log-in, sign-up and password reset: interleaved pairs of a known and an unknown address in random order, the median
of both, and the p-value of a paired permutation test (random sign flips of the differences, statistic: median).
`--seconds 0` shows what the answers would tell if they weren't held back.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import report
from tests.system import System

AUTH = "/api/v1/auth/app/v1/auth/"
PASSWORD = "charlemagne fills the kettle"
FLOWS = {
    "login": ("login", {"password": "not the passphrase"}),
    "sign-up": ("signup", {"password": PASSWORD, "name": "Somebody"}),
    "reset": ("password/request", {}),
}
UNLIMITED = ["login_account", "login_source", "login_calls", "signup_source"]
UNLIMITED += ["reset_address", "reset_source", "mail_address"]
WARM_UP = 5


def permutation_p_value(first: list[float], second: list[float], rounds: int = 4000, seed: int = 7) -> float:
    """Share of random sign flips of the paired differences whose median is at least as far from zero as theirs."""
    differences = [a - b for a, b in zip(first, second, strict=True)]
    observed = abs(statistics.median(differences))
    rng = random.Random(seed)
    hits = sum(
        abs(statistics.median(d if rng.random() < 0.5 else -d for d in differences)) >= observed for _ in range(rounds)
    )
    return (hits + 1) / (rounds + 1)


def measure(system: System, flow: str, pairs: int) -> tuple[list[float], list[float]]:
    """Seconds per answer, known and unknown, in pairs."""
    path, body = FLOWS[flow]
    times: dict[bool, list[float]] = {True: [], False: []}
    rng = random.Random(flow)
    for number in range(pairs + WARM_UP):
        order = [True, False]
        rng.shuffle(order)
        for known in order:
            email = "known@example.org" if known else f"{flow}{number}@example.org"
            begin = time.perf_counter()
            system.post(AUTH + path, body | {"email": email})
            times[known].append(time.perf_counter() - begin)
    return times[True][WARM_UP:], times[False][WARM_UP:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    variables = {
        "LMS_LIMITS": ",".join(f"{name}=1000000/60" for name in UNLIMITED),
        "LMS_AUTH_ANSWER_SECONDS": str(arguments.seconds),
    }
    told = 0
    with (
        tempfile.TemporaryDirectory() as directory,
        System(Path(directory), processes=("web",), variables=variables) as system,
    ):
        create = f"services.create_person(email='known@example.org', name='Known', password={PASSWORD!r})"
        system.manage("shell", "-c", f"from accounts import services; {create}")
        print(f"{arguments.pairs} pairs, answers held until {arguments.seconds} s")
        for flow in FLOWS:
            known, unknown = measure(system, flow, arguments.pairs)
            difference = statistics.median(a - b for a, b in zip(known, unknown, strict=True))
            p = permutation_p_value(known, unknown)
            told += p < 0.01
            report(f"{flow}: p that known and unknown addresses answer alike", p, "", at_least=0.01)
            medians = (
                f"known {statistics.median(known) * 1e3:7.2f} ms  unknown {statistics.median(unknown) * 1e3:7.2f} ms"
            )
            print(f"{flow:8} {medians}  difference {difference * 1e3:+.3f} ms  p = {p:.4f}")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
