"""Light live traffic through the public HTTP API, so that the metrics move: a few demo students who browse and learn.

Waits for readiness, prints where everything is, then runs until it is ended. A failing call is printed and left.
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from lms.demo.people import PASSWORD, address
from lms.demo.ports import ALERTMANAGER, FLOWER, PROMETHEUS, WEB
from lms.monitoring import missing

BASE = f"http://127.0.0.1:{WEB.number}"
SECONDS_BETWEEN_CALLS = float(os.environ.get("LMS_DEMO_PAUSE", "0.5"))
READY_SECONDS = 90


def say(text: str) -> None:
    print(text, flush=True)


def call(method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
    """(status, decoded body). Raises OSError when the server can't be reached."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if token:
        headers["X-Session-Token"] = token
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read()
        try:
            return error.code, json.loads(text or b"null")
        except ValueError:
            return error.code, None


def wait_until_ready() -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            if call("GET", "/api/v1/ready")[0] == 200:
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
            f"  API docs   {BASE}/api/docs/",
            f"  Admin      {BASE}/admin/",
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


def login(chooser: random.Random, students: int) -> str:
    email = address("student", chooser.randint(1, students))
    status, body = call("POST", "/api/v1/auth/app/v1/auth/login", {"email": email, "password": PASSWORD})
    if status != 200:
        say(f"login answered {status}")
        return ""
    return str(body["meta"]["session_token"])


def learn(chooser: random.Random, token: str) -> None:
    """One visit: look at the catalogue, enrol if need be, read and complete a lesson."""
    status, page = call("GET", "/api/v1/courses", token=token)
    if status != 200 or not page["results"]:
        return
    course = chooser.choice(page["results"])
    time.sleep(SECONDS_BETWEEN_CALLS)
    status, _ = call("POST", f"/api/v1/courses/{course['slug']}/enrollment", {}, token=token)
    time.sleep(SECONDS_BETWEEN_CALLS)
    status, outline = call("GET", f"/api/v1/courses/{course['slug']}/outline", token=token)
    if status != 200:
        return
    lessons = [lesson for section in outline["sections"] for lesson in section["lessons"] if lesson["kind"] == "text"]
    for lesson in chooser.sample(lessons, k=min(3, len(lessons))):
        time.sleep(SECONDS_BETWEEN_CALLS)
        call("GET", f"/api/v1/lessons/{lesson['id']}", token=token)
        if chooser.random() < 0.7:
            time.sleep(SECONDS_BETWEEN_CALLS)
            call("POST", f"/api/v1/lessons/{lesson['id']}/completion", {}, token=token)


def main() -> None:
    wait_until_ready()
    say(banner())
    chooser = random.Random()
    students = int(os.environ.get("LMS_DEMO_STUDENTS", "300"))
    while True:
        try:
            if token := login(chooser, students):
                for _ in range(chooser.randint(1, 3)):
                    learn(chooser, token)
        except OSError as error:
            say(f"the LMS did not answer: {error}")
        time.sleep(2)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
