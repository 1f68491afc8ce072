"""Waits for readiness, prints where everything is, then lets a few simulated people use it: the metrics move."""

import os
import sys
import time
import urllib.request
from pathlib import Path
from typing import NoReturn

from lms.demo.people import PASSWORD, address
from lms.demo.ports import ALERTMANAGER, FLOWER, PROMETHEUS, WEB
from lms.monitoring import missing

BASE = f"http://127.0.0.1:{WEB.number}"
PEOPLE = 20
SPEED = 200  # simulated seconds in one
READY_SECONDS = 90


def say(text: str) -> None:
    print(text, flush=True)


def wait_until_ready() -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{BASE}/api/v1/ready", timeout=10):
                return
        except OSError:
            pass
        time.sleep(0.3)
    sys.exit(f"not ready after {READY_SECONDS} s")


def monitoring_lines() -> list[str]:
    if missing():
        return []
    return [
        f"  Prometheus http://127.0.0.1:{PROMETHEUS.number}",
        f"  Alerts     http://127.0.0.1:{ALERTMANAGER.number}",
    ]


def banner() -> str:
    return "\n".join(
        [
            "",
            "The LMS is ready.",
            f"  Courses    {BASE}/",
            f"  API docs   {BASE}/api/docs/",
            f"  Admin      {BASE}/admin/   {BASE}/admin/operations/",
            f"  Metrics    {BASE}/metrics",
            f"  Health     {BASE}/health   {BASE}/api/v1/ready",
            f"  Flower     http://127.0.0.1:{FLOWER.number}",
            *monitoring_lines(),
            "  Logins     "
            + "   ".join(address(role, 1) for role in ("admin", "instructor", "student"))
            + f"   password: {PASSWORD}",
            "  Ctrl-C stops everything; the data stays.",
            "",
        ]
    )


def simulate() -> NoReturn:
    """Become the simulation: few people, who for the looker's sake live a day in some minutes. Nobody attacks."""
    mail = Path(os.environ["LMS_DEMO_DIR"]) / "mail"
    mail.mkdir(exist_ok=True)
    options = {
        "url": BASE,
        "people": str(PEOPLE),
        "accounts": os.environ.get("LMS_DEMO_STUDENTS", "300"),
        "attackers": "0",
        "days": "0",
        "speed": str(SPEED),
        "mail": str(mail),
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    os.execv(sys.executable, [sys.executable, "-m", "simulation", "--quiet", *words])


def main() -> NoReturn:
    wait_until_ready()
    say(banner())
    simulate()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
