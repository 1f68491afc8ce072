"""Reading assignments and what was handed in, each with a fixed number of queries."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Forbidden, NotFound
from courses.permissions import is_admin, may_change, readable_lessons, teaches
from quizzes.models import Assignment, Submission, SubmissionFile
from quizzes.selectors import taught_courses


def assignments_for(user: User) -> QuerySet[Assignment]:
    """Assignments of lessons the person may read."""
    return Assignment.objects.filter(lesson__in=readable_lessons(user).values("pk")).select_related(
        "lesson__section__course"
    )


def assignment_for(user: User, public_id: UUID) -> Assignment:
    """Raises NotFound."""
    assignment = assignments_for(user).filter(public_id=public_id).first()
    if assignment is None:
        raise NotFound(_("There is no such assignment, or you are not enrolled in its course."))
    return assignment


def changeable_assignment(user: User, public_id: UUID) -> Assignment:
    """Raises NotFound, and Forbidden for those who may only see it."""
    assignment = assignment_for(user, public_id)
    if not may_change(user, assignment.lesson.section.course):
        raise Forbidden(_("Only instructors of the course may do this."))
    return assignment


def submissions_for(user: User) -> QuerySet[Submission]:
    """One's own, and those of the courses one teaches."""
    submissions = Submission.objects.select_related(
        "enrollment__user", "assignment__lesson__section__course"
    ).prefetch_related("files")
    if is_admin(user):
        return submissions
    return submissions.filter(Q(enrollment__user=user) | Q(enrollment__course__in=taught_courses(user)))


def submission_for(user: User, public_id: UUID) -> Submission:
    """Raises NotFound."""
    submission = submissions_for(user).filter(public_id=public_id).first()
    if submission is None:
        raise NotFound(_("There is no such submission."))
    return submission


def graded_submission(user: User, public_id: UUID, *, change: bool = False) -> Submission:
    """A submission in a course that the person teaches; with `change`, as one of its instructors.

    Raises NotFound, Forbidden.
    """
    submission = submission_for(user, public_id)
    course = submission.assignment.lesson.section.course
    if not teaches(user, course):
        raise NotFound(_("There is no such submission."))
    if change and not may_change(user, course):
        raise Forbidden(_("Only instructors of the course may do this."))
    return submission


def submission_file(user: User, public_id: UUID) -> SubmissionFile:
    """A file that may be served. Raises NotFound; Conflict `quarantined`."""
    file = SubmissionFile.objects.filter(public_id=public_id, submission__in=submissions_for(user).values("pk")).first()
    if file is None:
        raise NotFound(_("There is no such file."))
    if file.quarantined:
        raise Conflict(_("This file is in quarantine."), code="quarantined")
    return file
