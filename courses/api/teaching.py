"""The API for those who make and run courses."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from accounts.permissions import IsInstructor, caller
from core.pagination import Cursor
from courses import selectors, services
from courses.api.filters import LearnerFilter
from courses.api.responses import (
    CHANGED,
    CONFLICT,
    FORBIDDEN,
    IF_MATCH,
    INVALID,
    NOT_FOUND,
    VERSION_NEEDED,
)
from courses.api.serializers import CourseDetailSerializer, LessonSerializer, StaffSerializer
from courses.api.teaching_serializers import (
    BulkEnrollSerializer,
    BulkResultSerializer,
    CourseWriteSerializer,
    LearnerSerializer,
    LessonCreateSerializer,
    LessonWriteSerializer,
    SectionSerializer,
    SectionWriteSerializer,
    StaffWriteSerializer,
)
from courses.models import Course, Enrollment, Lesson
from courses.permissions import require_change, require_teaching
from courses.versions import etag_of


def valid(form: BaseSerializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def course_answer(request: Request, course: Course, status: int = 200) -> Response:
    course = selectors.course_for(caller(request), course.slug)
    return Response(CourseDetailSerializer(course).data, status=status, headers={"ETag": etag_of(course)})


def lesson_answer(lesson: Lesson, status: int = 200) -> Response:
    return Response(LessonSerializer(lesson).data, status=status, headers={"ETag": etag_of(lesson)})


def own_course(request: Request, slug: str) -> Course:
    """Raises NotFound or Forbidden unless the caller may change it."""
    course = selectors.course_for(caller(request), slug)
    require_change(caller(request), course)
    return course


class CourseCreation(APIView):
    """Mixed into the list of courses: POST there makes one."""

    def get_permissions(self) -> Any:
        return [IsInstructor()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(
        operation_id="courses_create",
        request=CourseWriteSerializer,
        responses={201: CourseDetailSerializer, 400: INVALID, 403: FORBIDDEN, 409: CONFLICT},
    )
    def post(self, request: Request) -> Response:
        """A draft, with the caller as its instructor."""
        fields = valid(CourseWriteSerializer(data=request.data))
        course = services.create_course(**fields, instructors=[caller(request)])
        return course_answer(request, course, status=201)


class CourseChange(APIView):
    @extend_schema(
        operation_id="courses_update",
        parameters=[IF_MATCH],
        request=CourseWriteSerializer,
        responses={
            200: CourseDetailSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 412: CHANGED,
            428: VERSION_NEEDED,
        },
    )  # fmt: skip
    def patch(self, request: Request, slug: str) -> Response:
        course = own_course(request, slug)
        changes = valid(CourseWriteSerializer(course, data=request.data, partial=True))
        course = services.update_course(course=course, changes=changes, if_match=request.headers.get("If-Match"))
        return course_answer(request, course)


class CoursePublication(APIView):
    service_scopes = {"POST": "courses:write", "DELETE": "courses:write"}

    @extend_schema(
        request=None,
        responses={200: CourseDetailSerializer, 403: FORBIDDEN, 404: NOT_FOUND},
        operation_id="courses_publish",
    )
    def post(self, request: Request, slug: str) -> Response:
        """Open the course to students. Again changes nothing."""
        return course_answer(request, services.publish_course(course=own_course(request, slug)))

    @extend_schema(
        responses={200: CourseDetailSerializer, 403: FORBIDDEN, 404: NOT_FOUND}, operation_id="courses_archive"
    )
    def delete(self, request: Request, slug: str) -> Response:
        """Archive the course: nobody new comes in, those enrolled keep reading."""
        return course_answer(request, services.archive_course(course=own_course(request, slug)))


class CourseStaffList(APIView):
    @extend_schema(
        operation_id="courses_staff_add",
        request=StaffWriteSerializer,
        responses={200: StaffSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Make a person staff of the course, or change their role."""
        course = own_course(request, slug)
        fields = valid(StaffWriteSerializer(data=request.data))
        user = selectors.person_by_email(fields["email"])
        return Response(StaffSerializer(services.add_staff(course=course, user=user, role=fields["role"])).data)


class CourseStaffDetail(APIView):
    @extend_schema(
        operation_id="courses_staff_remove", responses={204: None, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT}
    )
    def delete(self, request: Request, slug: str, public_id: UUID) -> Response:
        services.remove_staff(course=own_course(request, slug), user=selectors.person(public_id))
        return Response(status=204)


class SectionCreation(APIView):
    service_scopes = {"POST": "courses:write"}

    @extend_schema(
        operation_id="courses_sections_create",
        request=SectionWriteSerializer,
        responses={201: SectionSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def post(self, request: Request, slug: str) -> Response:
        """A section after the last one, unless a position is given."""
        course = own_course(request, slug)
        section = services.add_section(course=course, **valid(SectionWriteSerializer(data=request.data)))
        return Response(SectionSerializer(section).data, status=201)


class SectionDetail(APIView):
    service_scopes = {"PATCH": "courses:write", "DELETE": "courses:write"}

    @extend_schema(
        operation_id="sections_update",
        request=SectionWriteSerializer,
        responses={200: SectionSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        section = selectors.section_for(caller(request), public_id)
        require_change(caller(request), section.course)
        changes = valid(SectionWriteSerializer(section, data=request.data, partial=True))
        return Response(SectionSerializer(services.update_section(section=section, changes=changes)).data)

    @extend_schema(operation_id="sections_delete", responses={204: None, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT})
    def delete(self, request: Request, public_id: UUID) -> Response:
        section = selectors.section_for(caller(request), public_id)
        require_change(caller(request), section.course)
        services.delete_section(section=section)
        return Response(status=204)


class SectionLessons(APIView):
    service_scopes = {"POST": "courses:write"}

    @extend_schema(
        operation_id="sections_lessons_create",
        request=LessonCreateSerializer,
        responses={201: LessonSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """A lesson after the section's last one, unless a position is given."""
        section = selectors.section_for(caller(request), public_id)
        require_change(caller(request), section.course)
        lesson = services.add_lesson(section=section, **valid(LessonCreateSerializer(data=request.data)))
        return lesson_answer(lesson, status=201)


class LessonChange(APIView):
    @extend_schema(
        operation_id="lessons_update",
        parameters=[IF_MATCH],
        request=LessonWriteSerializer,
        responses={
            200: LessonSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 412: CHANGED, 428: VERSION_NEEDED,
        },
    )  # fmt: skip
    def patch(self, request: Request, public_id: UUID) -> Response:
        lesson = selectors.lesson_for(caller(request), public_id)
        require_change(caller(request), lesson.section.course)
        changes = valid(LessonWriteSerializer(lesson, data=request.data, partial=True))
        lesson = services.update_lesson(lesson=lesson, changes=changes, if_match=request.headers.get("If-Match"))
        return lesson_answer(lesson)

    @extend_schema(operation_id="lessons_delete", responses={204: None, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT})
    def delete(self, request: Request, public_id: UUID) -> Response:
        lesson = selectors.lesson_for(caller(request), public_id)
        require_change(caller(request), lesson.section.course)
        services.delete_lesson(lesson=lesson)
        return Response(status=204)


class ByArrival(Cursor):
    ordering = ("-enrolled_at", "pk")


class CourseLearners(generics.ListAPIView):
    """The people of a course, for its staff."""

    service_scopes = {"GET": "learners:read", "POST": "learners:write"}

    serializer_class = LearnerSerializer
    pagination_class = ByArrival
    filterset_class = LearnerFilter
    search_fields = ["user__name", "user__email"]
    ordering_fields = ["enrolled_at", "progress", "last_activity_at"]
    queryset = Enrollment.objects.none()

    def get_queryset(self) -> QuerySet[Enrollment]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        course = selectors.course_for(caller(self.request), self.kwargs["slug"])
        require_teaching(caller(self.request), course)
        return selectors.enrollments_in(course)

    @extend_schema(
        operation_id="courses_learners_enroll",
        request=BulkEnrollSerializer,
        responses={200: BulkResultSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Enrol people by e-mail address, each on their own: a refusal stops nobody else."""
        course = own_course(request, slug)
        emails = valid(BulkEnrollSerializer(data=request.data))["emails"]
        result = services.enroll_many(course=course, emails=emails, actor=caller(request))
        return Response(BulkResultSerializer(result).data)


class EnrollmentApproval(APIView):
    service_scopes = {"POST": "learners:write", "DELETE": "learners:write"}

    @extend_schema(
        operation_id="enrollments_approve",
        request=None,
        responses={200: LearnerSerializer, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Let in who waits for approval."""
        enrollment = selectors.taught_enrollment(caller(request), public_id)
        require_change(caller(request), enrollment.course)
        return Response(LearnerSerializer(services.approve(enrollment=enrollment, actor=caller(request))).data)

    @extend_schema(
        operation_id="enrollments_remove",
        responses={200: LearnerSerializer, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT},
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Decline who waits, or take somebody out of the course. Progress is kept."""
        enrollment = selectors.taught_enrollment(caller(request), public_id)
        require_change(caller(request), enrollment.course)
        return Response(LearnerSerializer(services.drop(enrollment=enrollment, actor=caller(request))).data)
