"""What all simulated people share: an address of their own, a session, visits at believable times, and calls."""

import random
import time
import uuid
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
from locust import HttpUser, task
from requests.adapters import HTTPAdapter

from lms.demo.people import PASSWORD, address
from simulation.arguments import loopback
from simulation.browsers import SHARE, report
from simulation.shape import Term, next_visit

AUTH = "/api/v1/auth/app/v1/"
SHORTEST_PAUSE = 0.02  # seconds; below it a person would be a load generator


class _From(HTTPAdapter):
    """Connections from one loopback address: limits count sources, and a class is not one source."""

    def __init__(self, source: str) -> None:
        self._source = source
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._source, 0), **kwargs)


class Answer:
    """Status and body of one call."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        self.status, self.body, self.headers = status, body, headers

    @property
    def results(self) -> list[dict[str, Any]]:
        return list(self.body["results"]) if self.status == 200 and isinstance(self.body, dict) else []


class Person(HttpUser):
    """`role` and `per_day` (visits on an average day) are the subclass's; `visit` is what happens in one."""

    abstract = True
    role = "student"
    per_day = 3.0
    term: Term
    seed: int
    mail: Path | None
    most: Mapping[str, int]  # role → demo people of that role
    taken: dict[str, int]  # class name → people at work so far
    pause_between: tuple[float, float] = (5.0, 60.0)  # simulated seconds

    def on_start(self) -> None:
        kind = type(self).__name__
        self.number = self.taken[kind] = self.taken.get(kind, 0) + 1
        self.chooser = random.Random(f"{self.seed}/{kind}/{self.number}")
        # Of its own, so that reporting changes nobody's habits.
        self.browser = random.Random(f"{self.seed}/{kind}/{self.number}/browser")
        self.email = address(self.role, (self.number - 1) % self.most[self.role] + 1)
        self.token = ""
        if loopback(self.host or ""):
            block = zlib.crc32(kind.encode()) % 200 + 20
            self.client.mount("http://", _From(f"127.{block}.{self.number // 250}.{self.number % 250 + 1}"))
        gevent.sleep(self.wait_time())

    def wait_time(self) -> float:
        now = self.term.now(time.monotonic())
        return self.term.real(next_visit(self.chooser, now=now, per_day=self.per_day) - now)

    @task
    def come(self) -> None:
        self.visit()

    def visit(self) -> None:
        raise NotImplementedError

    def think(self) -> None:
        gevent.sleep(max(SHORTEST_PAUSE, self.term.real(self.chooser.uniform(*self.pause_between))))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        name: str = "",
        expected: Collection[int] = (200, 201, 202, 204),
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """One request. An answer whose status isn't `expected` counts as a failure; nothing is raised."""
        # People come back after longer than a server keeps a connection; one that it just closed would be no answer.
        sent = {"Accept": "application/json", "Connection": "close", **(headers or {})}
        if self.token and "X-Session-Token" not in sent:
            sent["X-Session-Token"] = self.token
        if body is not None:
            options["json"] = body
        with self.client.request(
            method, path, name=name or path, headers=sent, catch_response=True, timeout=20, **options
        ) as response:
            if response.status_code in expected:
                response.success()
            else:
                response.failure(f"{response.status_code} {(response.text or '')[:160]}")
            try:
                content = response.json()
            except (ValueError, TypeError):
                content = None
            if response.status_code == 401 and self.token and 401 not in expected:
                self.token = ""
            return Answer(response.status_code, content, response.headers)

    def look(self, page: str) -> None:
        """Open a page and leave it: what its browser reports then, if it does. Another front end takes no reports."""
        if self.browser.random() < SHARE:
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.host or ""))
            self.call(
                "POST",
                "/vitals",
                report(self.browser, page),
                name="page report",
                expected=(204, 404, 429),
                headers={"Origin": origin, "X-Session-Token": ""},
            )

    def auth(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        """A call to the login's API."""
        return self.call(method, AUTH + path, body, **options)

    def log_in(self, email: str = "", password: str = PASSWORD, expected: Collection[int] = (200, 429)) -> bool:
        self.token = ""
        answer = self.auth(
            "POST", "auth/login", {"email": email or self.email, "password": password}, expected=expected
        )
        if answer.status == 200:
            self.token = str(answer.body["meta"]["session_token"])
        return answer.status == 200

    def ensure_login(self) -> bool:
        """Most people stay logged in for days."""
        if self.token and self.chooser.random() < 0.9:
            return True
        if self.token:
            self.auth("DELETE", "auth/session", expected=(401,))
        return self.log_in()

    def key(self) -> dict[str, str]:
        return {"Idempotency-Key": str(uuid.UUID(int=self.chooser.getrandbits(128), version=4))}
