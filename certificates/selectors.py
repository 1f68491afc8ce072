"""Reading certificates. Their owner, the staff of their course and admins may."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from certificates.models import Certificate
from certificates.serials import normalise
from core.errors import NotFound
from courses.models import Course, CourseStaff, Enrollment
from courses.permissions import is_admin, require_teaching, visible_courses


def certificates_of(user: User) -> QuerySet[Certificate]:
    return Certificate.objects.filter(user=user).select_related("user", "course")


def certificates_in(user: User, course: Course) -> QuerySet[Certificate]:
    """Raises Forbidden for people who don't teach the course."""
    require_teaching(user, course)
    return Certificate.objects.filter(course=course).select_related("user", "course")


def certificate_for(user: User, serial: str) -> Certificate:
    """Raises NotFound for a certificate that doesn't exist or isn't the person's to see."""
    certificates = Certificate.objects.select_related("user", "course").filter(serial=normalise(serial) or "")
    if not is_admin(user):
        teaches = CourseStaff.objects.filter(course=OuterRef("course"), user=user)
        certificates = certificates.filter(Q(user=user) | Q(Exists(teaches)))
    certificate = certificates.first()
    if certificate is None:
        raise NotFound(_("There is no such certificate."))
    return certificate


def certificate_by_serial(text: str) -> Certificate | None:
    """For the public: by whatever of a serial somebody typed."""
    serial = normalise(text)
    return Certificate.objects.select_related("course").filter(serial=serial).first() if serial else None


def course_by_slug(user: User, slug: str) -> Course:
    """Raises NotFound."""
    course = visible_courses(user).filter(slug=slug).first()
    if course is None:
        raise NotFound(_("There is no such course."))
    return course


def enrollment_in_care_of(user: User, public_id: UUID) -> Enrollment:
    """Somebody's enrollment, for staff of its course. Raises NotFound for others."""
    enrollment = Enrollment.objects.select_related("user", "course").filter(public_id=public_id).first()
    if enrollment is not None and (
        is_admin(user) or CourseStaff.objects.filter(course=enrollment.course, user=user).exists()
    ):
        return enrollment
    raise NotFound(_("There is no such enrollment."))
