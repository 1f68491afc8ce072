"""The vocabulary of the authorisation matrix: who asks, in which world, and what each operation answers them.

Each app keeps its rows in `tests/<app>/authorisation.py`: `ROWS` by operationId, and optionally `extend(world)`, which
adds the things that its paths name. `tests/lms/test_authorisation.py` holds them against the OpenAPI document.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile

from accounts.models import Role, User
from courses import services
from courses.models import CourseStaff

ACTORS = ["outsider", "stranger", "learner", "other_teacher", "assistant", "instructor", "admin"]


@dataclass
class Row:
    """`statuses` are one per actor, in the order of ACTORS. `ids` maps path parameters to names in World.ids."""

    statuses: str
    ids: dict[str, str] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    format: str = "json"

    def expected(self) -> dict[str, int]:
        return dict(zip(ACTORS, map(int, self.statuses.split()), strict=True))


@dataclass
class World:
    """A published course of `instructor` and `assistant` with `learner` in it, and people without a part in it."""

    people: dict[str, User | None]
    ids: dict[str, str]
    course: Any


def make_world() -> World:
    roles = {"other_teacher": Role.INSTRUCTOR, "instructor": Role.INSTRUCTOR, "admin": Role.ADMIN}
    people: dict[str, User | None] = {"outsider": None}
    for name in ACTORS[1:]:
        people[name] = User.objects.create(email=f"{name}@example.com", name=name, role=roles.get(name, Role.STUDENT))
    course = services.create_course(title="Biology", instructors=[people["instructor"]])
    CourseStaff.objects.create(course=course, user=people["assistant"], role="teaching_assistant")
    section = services.add_section(course=course, title="Week 1")
    lesson = services.add_lesson(section=section, title="Fish", content="<p>Fish</p>")
    video = services.add_lesson(section=section, title="Film", kind="video", duration_seconds=10)
    services.publish_course(course=course)
    enrollment = services.enroll(user=people["learner"], course=course)
    file = services.add_file(course=course, lesson=lesson, name="a.txt", content=ContentFile(b"text"))
    ids = {
        "course": course.slug,
        "section": section.public_id,
        "lesson": lesson.public_id,
        "video": video.public_id,
        "enrollment": enrollment.public_id,
        "file": file.public_id,
        **{name: person.public_id for name, person in people.items() if person},
    }
    return World(people, {name: str(value) for name, value in ids.items()}, course)
