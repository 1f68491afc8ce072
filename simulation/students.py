"""Students: they read, watch, answer, hand in, drop out, forget passwords, and now and then do what can't work."""

import random
import time
import uuid
from typing import Any

import gevent

from simulation.codes import totp
from simulation.mails import key_mailed_to
from simulation.person import Answer, Person
from simulation.staff import TITLE

WATCHED_SECONDS = 1.0
ESSAY = "I would measure first, change one thing, and measure again. " * 4


def response(chooser: random.Random, question: dict[str, Any]) -> Any:
    """An answer to a question as it is shown: mostly right where the simulation's instructors asked it."""
    kind, parts = question["kind"], question["parts"]
    right = chooser.random() < 0.8
    if kind == "single_choice":
        choices = [choice["id"] for choice in parts["choices"]]
        return next((c["id"] for c in parts["choices"] if c["text"] == "Yes" and right), chooser.choice(choices))
    if kind == "true_false":
        return right
    if kind == "short_text":
        return "latency" if right else "no idea"
    return ESSAY if kind == "essay" else None


class Student(Person):
    weight = 10
    per_day = 3.0

    def visit(self) -> None:
        if not self.ensure_login():
            return
        courses = self.call("GET", "/api/v1/courses").results
        self.look("pages:catalogue")
        self.think()
        if not courses:
            return
        # What the simulation's own instructors teach has everything; the others are read in passing.
        lively = [course for course in courses if course["title"].startswith(TITLE)]
        course = self.chooser.choice(lively if lively and self.chooser.random() < 0.7 else courses)["slug"]
        if self.chooser.random() < 0.04:
            self.call("DELETE", f"/api/v1/courses/{course}/enrollment", name="drop", expected=(200, 204, 404, 409))
            return
        path = f"/api/v1/courses/{course}/enrollment"
        self.call("POST", path, {}, name="enrol", expected=(200, 201, 403, 409))
        self.think()
        outline = self.call("GET", f"/api/v1/courses/{course}/outline", name="outline", expected=(200, 403, 404))
        if outline.status != 200:
            return
        self.look("pages:course")
        lessons = [lesson for section in outline.body["sections"] for lesson in section["lessons"]]
        waiting = [lesson for lesson in lessons if not lesson["completed"]] or lessons
        for lesson in waiting[: self.chooser.randint(1, 4)]:
            self.think()
            self.study(course, lesson)
        self.certificates(course)
        if self.chooser.random() < 0.15:
            self.mistake()

    def study(self, course: str, lesson: dict[str, Any]) -> None:
        path = f"/api/v1/lessons/{lesson['id']}"
        shown = self.call("GET", path, name="lesson", expected=(200, 403, 404))
        if shown.status != 200:
            return
        self.look("pages:lesson")
        for file in shown.body["files"]:
            self.call("GET", f"/api/v1/files/{file['id']}", name="file")
        self.think()
        if lesson["kind"] == "video":
            # Nobody watches faster than time, however fast the days go by.
            gevent.sleep(WATCHED_SECONDS)
            body = {"ranges": [[0, WATCHED_SECONDS]]}
            self.call("POST", f"{path}/watching", body, name="watching", expected=(200, 201, 204, 409))
        elif lesson["kind"] == "quiz":
            self.take_quiz(course, lesson["title"])
        elif lesson["kind"] == "assignment":
            self.hand_in(course, lesson["title"])
        else:
            self.call("POST", f"{path}/completion", {}, name="completion", expected=(200, 201, 204, 409))

    def take_quiz(self, course: str, title: str) -> None:
        listed = self.call("GET", "/api/v1/quizzes", name="quizzes", params={"lesson__section__course__slug": course})
        quiz = next((quiz for quiz in listed.results if quiz["title"] == title), None)
        if quiz is None:
            return
        path = f"/api/v1/quizzes/{quiz['id']}/attempts"
        started = self.call("POST", path, {}, name="start attempt", headers=self.key(), expected=(200, 201, 403, 409))
        if started.status not in (200, 201):
            return
        attempt = f"/api/v1/attempts/{started.body['id']}"
        for question in started.body["answers"]:
            self.think()
            answer = {"response": response(self.chooser, question)}
            if answer["response"] is not None:
                self.call(
                    "PUT", f"{attempt}/answers/{question['position']}", answer, name="autosave", expected=(200, 409)
                )
        if self.chooser.random() < 0.1:
            return  # closed the laptop: the server's timer ends it
        self.call("POST", f"{attempt}/submission", {}, name="submit", headers=self.key(), expected=(200, 409))
        self.think()
        self.call("GET", attempt, name="attempt")

    def hand_in(self, course: str, title: str) -> None:
        listed = self.call(
            "GET", "/api/v1/assignments", name="assignments", params={"lesson__section__course__slug": course}
        )
        found = next((one for one in listed.results if one["title"] == title), None)
        if found is None:
            return
        self.call(
            "POST",
            f"/api/v1/assignments/{found['id']}/submissions",
            name="hand in",
            headers=self.key(),
            files={"text": (None, ESSAY)},
            expected=(201, 403, 409),
        )

    def certificates(self, course: str) -> None:
        for certificate in self.call("GET", "/api/v1/certificates").results[:1]:
            serial = certificate["serial"]
            self.call("GET", f"/api/v1/certificates/{serial}/pdf", name="certificate", expected=(200, 404, 409, 503))
            page = {"Accept": "text/html", "X-Session-Token": ""}
            self.call("GET", f"/certificates/{serial}", name="verification", headers=page)

    def mistake(self) -> Answer | None:
        """What people do wrong without meaning any harm."""
        nowhere = uuid.UUID(int=self.chooser.getrandbits(128), version=4)
        return self.chooser.choice(
            [
                lambda: self.auth(
                    "POST", "auth/login", {"email": self.email, "password": "learn-by-dioing"}, expected=(400, 429)
                ),
                lambda: self.call("GET", f"/api/v1/lessons/{nowhere}", name="gone", expected=(404,)),
                lambda: self.call("PATCH", "/api/v1/me", {"name": ""}, name="no name", expected=(400,)),
                lambda: self.call("GET", "/api/v1/people", name="not mine", expected=(403,)),
                lambda: self.call(
                    "POST", f"/api/v1/quizzes/{nowhere}/attempts", {}, name="no such quiz", expected=(400, 404)
                ),
                lambda: self.call("GET", "/certificates/NOTASERIAL", name="no certificate", expected=(404,)),
            ]
        )()


class CarefulStudent(Student):
    """Has a second factor, and proves it at each login."""

    weight = 1
    per_day = 6.0
    secret = ""
    used = 0  # the half minute whose code was given

    def on_start(self) -> None:
        super().on_start()
        self.ready = False

    def visit(self) -> None:
        if not self.ready:
            self.ready = self.sign_up()
        elif not self.secret:
            self.protect()
        elif self.enter():
            self.call("GET", "/api/v1/me")
            super().visit()

    def sign_up(self) -> bool:
        if self.mail is None:
            return False
        self.email = f"newcomer{self.number}-{self.chooser.getrandbits(24):06x}@demo.lms.test"
        body = {"email": self.email, "name": "New Comer", "password": "two wrens on a warm wire"}
        if self.auth("POST", "auth/signup", body, expected=(401, 429)).status != 401:
            return False
        key = key_mailed_to(self.mail, self.email, "verify-email")
        return bool(key) and self.auth("POST", "auth/email/verify", {"key": key}, expected=(401,)).status == 401

    def protect(self) -> None:
        password = "two wrens on a warm wire"
        if not self.log_in(password=password):
            return
        asked = self.auth("GET", "account/authenticators/totp", name="second factor", expected=(404,))
        self.auth("POST", "auth/reauthenticate", {"password": password})
        secret = str(asked.body["meta"]["secret"])
        body = {"code": totp(secret)}
        if self.auth("POST", "account/authenticators/totp", body, name="second factor").status == 200:
            self.secret = secret
        self.auth("DELETE", "auth/session", expected=(401,))

    def enter(self) -> bool:
        """Log in with the password, then a code: a mistyped one first, now and then. A code counts once."""
        half_minute = int(time.time()) // 30
        if half_minute == self.used:
            return bool(self.token)
        self.used, self.token = half_minute, ""
        body = {"email": self.email, "password": "two wrens on a warm wire"}
        answer = self.auth("POST", "auth/login", body, expected=(401, 429))
        if answer.status != 401:
            return False
        pending = {"X-Session-Token": str(answer.body["meta"]["session_token"])}
        if self.chooser.random() < 0.1:
            wrong = {"code": "000000"}
            self.auth("POST", "auth/2fa/authenticate", wrong, headers=pending, expected=(400, 429))
        code = {"code": totp(self.secret)}
        answer = self.auth("POST", "auth/2fa/authenticate", code, headers=pending, expected=(200, 400, 429))
        if answer.status == 200:
            self.token = str(answer.body["meta"]["session_token"])
        return answer.status == 200

    def ensure_login(self) -> bool:
        return bool(self.token)


class ForgetfulStudent(Student):
    """Asks for a new password now and then."""

    weight = 1
    per_day = 1.5

    def visit(self) -> None:
        if self.chooser.random() < 0.3:
            self.auth("POST", "auth/password/request", {"email": self.email}, expected=(200, 429))
            key = key_mailed_to(self.mail, self.email, "reset-password") if self.mail else ""
            if key:
                # The same again would be refused; the demo's password is public, so it is set back by nobody.
                self.auth("GET", "auth/password/reset", name="reset link", headers={"X-Password-Reset-Key": key})
        super().visit()
