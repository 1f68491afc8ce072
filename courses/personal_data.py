"""What courses store about a person. Erasing keeps enrollments and progress, which then belong to nobody known."""

from typing import Any

from accounts.models import User
from accounts.personal_data import Part, register
from courses.models import CourseStaff, Enrollment, LessonProgress


def _export(person: User) -> dict[str, Any]:
    enrollments = Enrollment.objects.filter(user=person).select_related("course").prefetch_related("changes")
    progress = LessonProgress.objects.filter(enrollment__user=person).select_related("lesson", "enrollment")
    by_enrollment: dict[int, list[dict[str, Any]]] = {}
    for row in progress.order_by("started_at"):
        by_enrollment.setdefault(row.enrollment_id, []).append(
            {
                "lesson": row.lesson.title,
                "started_at": row.started_at.isoformat(),
                "completed_at": row.completed_at.isoformat() if row.completed_at else None,
                "fraction": row.fraction,
                "watched": row.watched,
            }
        )
    return {
        "enrollments": [
            {
                "course": enrollment.course.slug,
                "state": enrollment.state,
                "progress": str(enrollment.progress),
                "enrolled_at": enrollment.enrolled_at.isoformat(),
                "history": [
                    {"from": change.from_state, "to": change.to_state, "at": change.at.isoformat()}
                    for change in enrollment.changes.all()
                ],
                "lessons": by_enrollment.get(enrollment.pk, []),
            }
            for enrollment in enrollments.order_by("enrolled_at")
        ],
        "teaches": list(
            CourseStaff.objects.filter(user=person).order_by("course__slug").values("course__slug", "role")
        ),
    }


def _erase(person: User) -> int:
    return CourseStaff.objects.filter(user=person).delete()[0]


register(Part("courses", _export, _erase))
