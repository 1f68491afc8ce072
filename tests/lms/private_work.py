"""Work that few may read: each piece holds a text that gives it away wherever it shows up."""

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Role, User
from courses import services as courses
from courses.models import Course, CourseState, Section
from outbox import services as outbox
from quizzes import services as quizzes
from tests.authorisation import World


@dataclass(frozen=True)
class Secret:
    """For admins and the staff of `course`; what stands in a draft, for everybody once it is published."""

    text: str
    course: Course
    draft: bool = False

    def may_be_read_by(self, user: User | None) -> bool:
        """From the rows as they are now, not by the product's own permissions."""
        if self.draft and Course.objects.filter(pk=self.course.pk).exclude(state=CourseState.DRAFT).exists():
            return True
        if user is None:
            return False
        user = User.objects.get(pk=user.pk)
        return user.role == Role.ADMIN or self.course.staff_entries.filter(user=user).exists()


def hide(world: World) -> tuple[list[Secret], dict[str, list[str]]]:
    """A pupil's work in the world's course and in somebody else's, and a draft. Also their ids, by kind."""
    pupil = User.objects.create(email="pupil-of-both@example.com", name="Pupil", role=Role.STUDENT)
    teacher = world.people["other_teacher"]
    foreign = courses.create_course(title="Chemistry", instructors=[teacher])
    courses.add_section(course=foreign, title="Week 1")
    courses.publish_course(course=foreign)
    draft = courses.create_course(title="Hush: unfinished", instructors=[teacher])
    section = courses.add_section(course=draft, title="Week 1")
    page = courses.add_lesson(section=section, title="Page", content="<p>Hush: a page</p>")
    ids: dict[str, list[str]] = {"course": [foreign.slug, draft.slug], "lesson": [str(page.public_id)]}
    ids["section"] = [str(section.public_id)]
    ids["stranger"] = [str(pupil.public_id)]
    secrets = [Secret("Hush: unfinished", draft, draft=True), Secret("Hush: a page", draft, draft=True)]
    for course, name in ((world.course, "peer"), (foreign, "foreign")):
        _work(pupil, course, name, ids)
        secrets += [Secret(f"Hush: {kind} of {name}", course) for kind in ("text", "file", "essay")]
    return secrets, ids


def _work(pupil: User, course: Course, name: str, ids: dict[str, list[str]]) -> None:
    def add(kind: str, thing: Any) -> None:
        ids.setdefault(kind, []).append(str(thing))

    enrollment = courses.enroll(user=pupil, course=course)
    section = Section.objects.filter(course=course).earliest("position")
    assignment = quizzes.create_assignment(
        lesson=courses.add_lesson(section=section, title=f"{name} assignment", kind="assignment")
    )
    report = SimpleUploadedFile("report.txt", f"Hush: file of {name}".encode())
    submission = quizzes.submit_assignment(
        user=pupil, assignment=assignment, text=f"Hush: text of {name}", files=[report]
    )
    quiz = quizzes.create_quiz(lesson=courses.add_lesson(section=section, title=f"{name} quiz", kind="quiz"))
    question = quizzes.add_question(quiz=quiz, kind="essay", prompt="Write", content={})
    attempt, _ = quizzes.start_attempt(user=pupil, quiz=quiz)
    quizzes.save_answer(attempt=attempt, position=1, response=f"Hush: essay of {name}")
    quizzes.submit_attempt(attempt=attempt)
    outbox.relay()
    add("enrollment", enrollment.public_id)
    add("assignment", assignment.public_id)
    add("submission", submission.public_id)
    add("submission_file", submission.files.get().public_id)
    add("quiz", quiz.public_id)
    add("question", question.public_id)
    for kind in ("attempt", "waiting_attempt", "running_attempt"):
        add(kind, attempt.public_id)
