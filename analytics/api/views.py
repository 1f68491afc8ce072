"""The API of analytics: for the staff of a course, for those who teach, and for admins."""

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import IsAdmin, IsInstructor, caller
from analytics import selectors
from analytics.api.serializers import (
    CourseAnalyticsSerializer,
    EngagementSerializer,
    PlatformSerializer,
    WorkloadSerializer,
)
from analytics.models import Engagement, InstructorWorkload
from core.pagination import Cursor
from core.spreadsheets import csv_download
from courses.api.responses import FORBIDDEN, NOT_FOUND


class Busiest(Cursor):
    ordering = ("-ungraded_items", "pk")


class LeastEngaged(Cursor):
    ordering = ("score", "pk")


class CourseAnalytics(APIView):
    @extend_schema(
        operation_id="courses_analytics_retrieve",
        responses={200: CourseAnalyticsSerializer, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> Response:
        """How a course goes: for its staff."""
        course = selectors.taught_course(caller(request), slug)
        return Response(CourseAnalyticsSerializer(selectors.course_analytics(course)).data)


class CourseEngagement(generics.ListAPIView):
    """Who learns how much in a course, the least engaged first: for its staff."""

    serializer_class = EngagementSerializer
    pagination_class = LeastEngaged
    filter_backends = [DjangoFilterBackend]
    filterset_fields = ["band"]
    queryset = Engagement.objects.none()

    @extend_schema(
        operation_id="courses_engagement_list",
        responses={200: EngagementSerializer(many=True), 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Engagement]:
        return selectors.engagement_of(selectors.taught_course(caller(self.request), self.kwargs["slug"]))


class CourseLearnersExport(APIView):
    @extend_schema(
        operation_id="courses_learners_export",
        responses={(200, "text/csv"): OpenApiTypes.STR, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def get(self, request: Request, slug: str) -> StreamingHttpResponse:
        """Everybody in the course and how far they are, as CSV: for its staff."""
        course = selectors.taught_course(caller(request), slug)
        return csv_download(f"{course.slug}.csv", selectors.LEARNER_COLUMNS, selectors.learner_rows(course))


class OwnWorkload(APIView):
    permission_classes = [IsInstructor]

    @extend_schema(operation_id="workload_retrieve", responses={200: WorkloadSerializer, 403: FORBIDDEN})
    def get(self, request: Request) -> Response:
        """What waits for the caller, as last counted."""
        return Response(WorkloadSerializer(selectors.workload_of(caller(request))).data)


class WorkloadList(generics.ListAPIView):
    """What waits for whom, most first. Admins."""

    permission_classes = [IsAdmin]
    serializer_class = WorkloadSerializer
    pagination_class = Busiest
    filter_backends: list[Any] = []
    queryset = InstructorWorkload.objects.none()

    @extend_schema(operation_id="workloads_list", responses={200: WorkloadSerializer(many=True), 403: FORBIDDEN})
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[InstructorWorkload]:
        return selectors.workloads()


class Platform(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(operation_id="platform_retrieve", responses={200: PlatformSerializer, 403: FORBIDDEN})
    def get(self, request: Request) -> Response:
        """The site in numbers. Admins."""
        return Response(PlatformSerializer(selectors.platform()).data)
