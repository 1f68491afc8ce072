"""Instructors and the admin: they make a course with one of everything, grade, and look after people."""

import gevent

from simulation.person import Person

TITLE = "Simulated course"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
QUESTIONS: tuple[dict[str, object], ...] = (
    {
        "kind": "single_choice",
        "prompt": "Is a retry without a limit dangerous?",
        "content": {"choices": [{"id": "a", "text": "Yes", "weight": "1"}, {"id": "b", "text": "No"}]},
    },
    {"kind": "true_false", "prompt": "A queue hides an overload for a while.", "content": {"correct": True}},
    {"kind": "short_text", "prompt": "What does p95 describe?", "content": {"answers": [{"text": "latency"}]}},
)
ESSAY: dict[str, object] = {
    "kind": "essay",
    "prompt": "Describe how you would look for a slow query.",
    "points": "4",
    "content": {"rubric": [{"id": "r", "text": "Measures first", "points": "4"}]},
}


class Instructor(Person):
    role = "instructor"
    per_day = 6.0
    fixed_count = 1
    course = ""

    def on_start(self) -> None:
        super().on_start()
        self.teach()

    def wait_time(self) -> float:
        # Until there is a course nobody has anything to do.
        return super().wait_time() if self.course else 0.0

    def visit(self) -> None:
        if not self.ensure_login():
            return
        if not self.course and not self.teach():
            return
        path = f"/api/v1/courses/{self.course}"
        self.look("pages:teaching")
        self.call("GET", f"{path}/analytics", name="analytics")
        self.look("pages:analytics")
        self.call("GET", f"{path}/learners", name="learners")
        self.call("GET", "/api/v1/analytics/workload", name="workload")
        self.call("GET", "/api/v1/grading-queue")
        self.look("pages:queue")
        for _ in range(self.chooser.randint(1, 4)):
            self.think()
            self.grade()

    def grade(self) -> None:
        claimed = self.call("POST", "/api/v1/grading-queue", {}, name="claim", expected=(200, 204))
        if claimed.status != 200:
            return
        entry = claimed.body
        self.think()
        body: dict[str, object] = {"comment": "Well measured."}
        if entry["rubric"]:
            body["rubric"] = {row["id"]: row["points"] for row in entry["rubric"]}
        else:
            body["points"] = entry["points"]
        if entry["submission"]:
            path = f"/api/v1/submissions/{entry['submission']}/grade"
        else:
            path = f"/api/v1/attempts/{entry['attempt']}/answers/{entry['position']}/grade"
        self.call("POST", path, body, name="grade", expected=(200, 201, 204, 409))

    def teach(self) -> bool:
        """A published course with every kind of lesson, short enough to be completed."""
        if not self.log_in():
            gevent.sleep(1)
            return False
        mine = self.call(
            "GET", "/api/v1/courses", params={"teaching": "true", "search": TITLE}, name="my courses"
        ).results
        if mine:
            self.course = mine[0]["slug"]
            return True
        made = self.call("POST", "/api/v1/courses", {"title": f"{TITLE} {self.chooser.getrandbits(20)}"})
        if made.status != 201:
            return False
        slug = made.body["slug"]
        section = self.call("POST", f"/api/v1/courses/{slug}/sections", {"title": "Week 1"}, name="section").body["id"]

        def lesson(title: str, kind: str, **fields: object) -> str:
            body = {"title": title, "kind": kind, **fields}
            return str(self.call("POST", f"/api/v1/sections/{section}/lessons", body, name="new lesson").body["id"])

        lesson("Reading", "text", content="<p>Measure before you change anything.</p>")
        lesson("Talk", "video", video_url="https://video.example.org/1", duration_seconds=1, required=False)
        handout = lesson("Handout", "file")
        files = {"file": ("handout.pdf", PDF, "application/pdf")}
        self.call("POST", f"/api/v1/lessons/{handout}/files", name="upload", files=files, expected=(201,))
        self.quiz(lesson("Exam", "quiz"), QUESTIONS)
        self.quiz(lesson("Essay", "quiz", required=False), (*QUESTIONS[:1], ESSAY))
        body = {"lesson": lesson("Report", "assignment", required=False), "accepts": "text", "instructions": "Report."}
        self.call("POST", "/api/v1/assignments", body, expected=(201,))
        if self.call("POST", f"/api/v1/courses/{slug}/publication", {}, name="publish").status in (200, 201, 204):
            self.course = slug
        return bool(self.course)

    def quiz(self, lesson: str, questions: tuple[dict[str, object], ...]) -> None:
        terms = {"lesson": lesson, "max_attempts": 50, "time_limit_seconds": 60, "pass_mark": "50"}
        quiz = self.call("POST", "/api/v1/quizzes", terms, expected=(201,)).body["id"]
        for question in questions:
            self.call("POST", f"/api/v1/quizzes/{quiz}/questions", question, name="question", expected=(201,))


class Admin(Person):
    """Looks at the platform, adds a person, and now and then changes somebody's role."""

    role = "admin"
    per_day = 4.0
    fixed_count = 1

    def visit(self) -> None:
        if not self.ensure_login():
            return
        self.call("GET", "/api/v1/analytics/platform", name="platform")
        self.call("GET", "/api/v1/analytics/workloads", name="workloads")
        people = self.call("GET", "/api/v1/people", params={"role": "student"}, name="people").results
        self.think()
        number = self.chooser.getrandbits(32)
        new = {"email": f"guest{number:08x}@demo.lms.test", "name": "Guest Person"}
        made = self.call("POST", "/api/v1/people", new, name="new person")
        if made.status == 201 and people:
            path = f"/api/v1/people/{made.body['id']}"
            self.call("PATCH", path, {"role": "instructor"}, name="role")
            self.call("PATCH", path, {"role": "student"}, name="role")
