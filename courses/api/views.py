"""The API of courses for students, and for instructors and admins where they see more."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import caller
from core.pagination import Cursor
from courses import selectors, services
from courses.api.filters import CourseFilter, EnrollmentFilter
from courses.api.responses import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, UNPROCESSABLE
from courses.api.serializers import (
    CourseDetailSerializer,
    CourseSerializer,
    EnrollmentSerializer,
    LessonProgressSerializer,
    LessonSerializer,
    OutlineSerializer,
    WatchingSerializer,
)
from courses.api.teaching import CourseChange, CourseCreation, LessonChange, course_answer, lesson_answer, valid
from courses.models import Course, Enrollment


class ByTitle(Cursor):
    ordering = ("title", "pk")


class ByEnrolment(Cursor):
    ordering = ("-enrolled_at", "pk")


class CourseList(CourseCreation, generics.ListAPIView):
    """Published courses; for their staff and for admins also drafts and archived ones."""

    service_scopes = {"GET": "courses:read", "POST": "courses:write"}

    serializer_class = CourseSerializer
    pagination_class = ByTitle
    filterset_class = CourseFilter
    search_fields = ["title", "summary"]
    ordering_fields = ["title", "created_at"]
    queryset = Course.objects.none()

    def get_queryset(self) -> QuerySet[Course]:
        return selectors.courses_for(caller(self.request))


class CourseDetail(CourseChange):
    service_scopes = {"GET": "courses:read", "PATCH": "courses:write"}

    @extend_schema(operation_id="courses_retrieve", responses={200: CourseDetailSerializer, 404: NOT_FOUND})
    def get(self, request: Request, slug: str) -> Response:
        return course_answer(request, selectors.course_for(caller(request), slug))


class CourseOutline(APIView):
    service_scopes = {"GET": "courses:read"}

    @extend_schema(responses={200: OutlineSerializer, 404: NOT_FOUND})
    def get(self, request: Request, slug: str) -> Response:
        """Sections and their lessons, each with whether the caller completed it; course staff see drafts too."""
        course = selectors.course_for(caller(request), slug)
        sections = selectors.outline(caller(request), course)
        return Response(OutlineSerializer({"course": course.slug, "sections": sections}).data)


class CourseEnrollment(APIView):
    """The caller's own enrollment in a course."""

    @extend_schema(responses={200: EnrollmentSerializer, 404: NOT_FOUND, 409: CONFLICT})
    def get(self, request: Request, slug: str) -> Response:
        course = selectors.course_for(caller(request), slug)
        return Response(EnrollmentSerializer(selectors.enrollment_in(caller(request), course)).data)

    @extend_schema(
        request=None,
        responses={200: EnrollmentSerializer, 201: EnrollmentSerializer, 404: NOT_FOUND, 409: CONFLICT},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Enrol, or come back after dropping. 201 for a new enrollment, 200 for one that was there."""
        course = selectors.course_for(caller(request), slug)
        existed = selectors.enrollments_of(caller(request)).filter(course=course).exists()
        enrollment = services.enroll(user=caller(request), course=course)
        return Response(EnrollmentSerializer(enrollment).data, status=200 if existed else 201)

    @extend_schema(responses={200: EnrollmentSerializer, 404: NOT_FOUND, 409: CONFLICT})
    def delete(self, request: Request, slug: str) -> Response:
        """Drop the course. Progress is kept for a return."""
        course = selectors.course_for(caller(request), slug)
        enrollment = services.drop(enrollment=selectors.enrollment_in(caller(request), course))
        return Response(EnrollmentSerializer(enrollment).data)


class EnrollmentList(generics.ListAPIView):
    """The caller's enrollments."""

    serializer_class = EnrollmentSerializer
    pagination_class = ByEnrolment
    filterset_class = EnrollmentFilter
    search_fields = ["course__title"]
    ordering_fields = ["enrolled_at", "progress"]
    queryset = Enrollment.objects.none()

    def get_queryset(self) -> QuerySet[Enrollment]:
        return selectors.enrollments_of(caller(self.request))


class EnrollmentDetail(APIView):
    @extend_schema(operation_id="enrollments_retrieve", responses={200: EnrollmentSerializer, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(EnrollmentSerializer(selectors.enrollment_of(caller(request), public_id)).data)


class LessonDetail(LessonChange):
    service_scopes = {"GET": "courses:read", "PATCH": "courses:write", "DELETE": "courses:write"}

    @extend_schema(responses={200: LessonSerializer, 403: FORBIDDEN, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        """A lesson with its content, for those enrolled in its course, its staff and admins.

        A learner's first reading is noted: the shortest time for the lesson counts from it.
        """
        lesson = selectors.lesson_for(caller(request), public_id)
        services.open_lesson(user=caller(request), lesson=lesson)
        return lesson_answer(lesson)


class LessonWatching(APIView):
    @extend_schema(
        operation_id="lessons_watching",
        request=WatchingSerializer,
        responses={
            200: LessonProgressSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT,
            422: UNPROCESSABLE,
        },
    )  # fmt: skip
    def post(self, request: Request, public_id: UUID) -> Response:
        """Report seconds of a video as watched. At 95 % of its duration the lesson is complete."""
        lesson = selectors.lesson_for(caller(request), public_id)
        enrollment = selectors.enrollment_in(caller(request), lesson.section.course)
        seen = valid(WatchingSerializer(data=request.data))
        progress = services.record_watching(enrollment=enrollment, lesson=lesson, **seen)
        return Response(LessonProgressSerializer(progress).data)


class LessonCompletion(APIView):
    @extend_schema(request=None, responses={200: EnrollmentSerializer, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Mark a text or file lesson as done; the other kinds have other ways. Again changes nothing."""
        lesson = selectors.lesson_for(caller(request), public_id)
        enrollment = selectors.enrollment_in(caller(request), lesson.section.course)
        return Response(EnrollmentSerializer(services.complete_lesson(enrollment=enrollment, lesson=lesson)).data)
