"""What one student does in an exam, for Locust: start, save answers every few seconds, submit with everybody else."""

import json
import os
import random
import time
from pathlib import Path

import gevent
from locust import HttpUser, constant_pacing, events, task

SEEDED = json.loads(Path(os.environ["BENCH_SEEDED"]).read_text())
SECONDS = float(os.environ["BENCH_SECONDS"])
SPAWN_PER_SECOND = 20
SUBMIT_AT = time.time() + len(SEEDED["tokens"]) / SPAWN_PER_SECOND + SECONDS
finished = 0


class Student(HttpUser):
    wait_time = constant_pacing(4)

    def on_start(self) -> None:
        self.client.headers["X-Session-Token"] = SEEDED["tokens"].pop()
        answer = self.client.post(
            f"/api/v1/quizzes/{SEEDED['quiz']}/attempts", json={}, headers=self.key("start"), name="start"
        )
        self.attempt = f"/api/v1/attempts/{answer.json()['id']}"

    def key(self, what: str) -> dict[str, str]:
        return {"Idempotency-Key": f"{what}-{id(self)}"}

    @task
    def answer(self) -> None:
        if time.time() < SUBMIT_AT:
            position = random.randint(1, 5)
            self.client.put(
                f"{self.attempt}/answers/{position}", json={"response": random.choice("abcd")}, name="autosave"
            )
        else:
            self.submit()

    def submit(self) -> None:
        global finished
        receipt = self.client.post(f"{self.attempt}/submission", json={}, headers=self.key("submit"), name="submit")
        if receipt.status_code == 200 and receipt.json()["closed_as"] != "submitted":
            events.request.fire(
                request_type="CHECK",
                name="receipt",
                response_time=0,
                response_length=0,
                exception=ValueError("expired"),
            )
        finished += 1
        if not SEEDED["tokens"] and finished == self.environment.runner.target_user_count:
            gevent.spawn_later(1, self.environment.runner.quit)
        gevent.sleep(3600)  # nothing more to do; the runner ends it
