"""Work that waits for a grade, in the course of the authorisation matrix's world."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import User
from courses import services as courses
from outbox import services as outbox
from quizzes import services
from quizzes.models import Assignment, Attempt, Quiz, Submission

RUBRIC = [{"id": "form", "text": "Form", "points": "2"}, {"id": "fact", "text": "Facts", "points": "2"}]
CHOICES = {"choices": [{"id": "a", "text": "<b>Gills</b>", "weight": "1"}, {"id": "b", "text": "Lungs"}]}


@dataclass
class Work:
    """`attempt` has a choice (1) and an essay (2); `submission` is of `assignment`, worth 10 points."""

    quiz: Quiz
    assignment: Assignment
    attempt: Attempt
    submission: Submission

    def path(self, name: str) -> str:
        essay, handed_in = f"answers/{self.attempt.public_id}/2", f"submissions/{self.submission.public_id}"
        slug = self.quiz.lesson.section.course.slug
        places = {
            "teaching": "",
            "queue": "/queue",
            "grade-next": "/queue/next",
            "workload": "/workload",
            "gradebook": f"/courses/{slug}/gradebook",
            "analytics": f"/courses/{slug}/analytics",
            "statistics": f"/quizzes/{self.quiz.public_id}",
            "count-again": f"/quizzes/{self.quiz.public_id}/count",
            "learner-attempt": f"/attempts/{self.attempt.public_id}",
        }
        for kind, place in (("answer", essay), ("submission", handed_in)):
            places |= {f"{verb}-{kind}": f"/{place}/{verb}" for verb in ("claim", "release", "override")}
            places[f"grade-{kind}"] = f"/{place}"
        return "/teaching" + places[name]

    def free(self) -> None:
        """Nobody has anything any more."""
        self.attempt.answers.update(claimed_by=None, claimed_until=None)
        Submission.objects.update(claimed_by=None, claimed_until=None)


def make_work(world: Any) -> Work:
    section = world.course.sections.get()
    quiz = services.create_quiz(
        lesson=courses.add_lesson(section=section, title="Exam", kind="quiz", required=False), max_attempts=3
    )
    services.add_question(quiz=quiz, kind="single_choice", prompt="How do fish breathe?", title="Air", content=CHOICES)
    services.add_question(
        quiz=quiz, kind="essay", prompt="<p>Why?</p>", title="Why", content={"rubric": RUBRIC}, points=Decimal(4)
    )
    assignment = services.create_assignment(
        lesson=courses.add_lesson(section=section, title="Report", kind="assignment", required=False),
        instructions="<p>Report.</p>",
        max_points=Decimal(10),
    )
    learner = world.people["learner"]
    return Work(quiz, assignment, attempt_of(learner, quiz), submission_of(learner, assignment))


def attempt_of(user: User, quiz: Quiz) -> Attempt:
    attempt = services.start_attempt(user=user, quiz=quiz)[0]
    services.save_answer(attempt=attempt, position=1, response="a")
    services.save_answer(attempt=attempt, position=2, response="Because of <i>water</i>.")
    services.submit_attempt(attempt=attempt)
    outbox.relay()
    attempt.refresh_from_db()
    return attempt


def submission_of(user: User, assignment: Assignment) -> Submission:
    return services.submit_assignment(user=user, assignment=assignment, text="My report", files=[])
