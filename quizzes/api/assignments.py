"""Assignments: terms, handing in, grading, files."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import caller
from core.errors import DomainError
from core.events import announce
from core.pagination import Cursor
from courses.api.responses import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, UNPROCESSABLE
from courses.permissions import teaches
from quizzes import assignment_selectors as selectors
from quizzes import idempotency, services, signals
from quizzes.api import assignment_fields as fields
from quizzes.api.assignment_serializers import (
    AssignmentSerializer,
    AssignmentTermsSerializer,
    NewAssignmentSerializer,
    SubmissionSerializer,
)
from quizzes.api.serializers import GradeSerializer, OverrideSerializer, QueueEntrySerializer
from quizzes.api.taking import KEY
from quizzes.models import Assignment, Submission, SubmissionFile
from quizzes.selectors import changeable_lesson

FORM = {
    "multipart/form-data": {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
    }
}


class ByLesson(Cursor):
    ordering = ("lesson__section__course__title", "lesson__position", "pk")


class Newest(Cursor):
    ordering = ("-submitted_at", "-pk")


class AssignmentList(generics.ListAPIView):
    """Assignments of the lessons that the caller may read."""

    serializer_class = AssignmentSerializer
    pagination_class = ByLesson
    filterset_fields = {"lesson__section__course__slug": ["exact"]}
    search_fields = ["lesson__title"]
    ordering_fields = ["due_at"]
    queryset = Assignment.objects.none()

    def get_queryset(self) -> QuerySet[Assignment]:
        return selectors.assignments_for(caller(self.request))

    @extend_schema(
        request=NewAssignmentSerializer,
        responses={
            201: AssignmentSerializer,
            400: INVALID,
            403: FORBIDDEN,
            404: NOT_FOUND,
            409: CONFLICT,
            422: UNPROCESSABLE,
        },
    )
    def post(self, request: Request) -> Response:
        """Give a lesson of kind assignment its assignment. Instructors of the course."""
        form = NewAssignmentSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        terms = dict(form.validated_data)
        lesson = changeable_lesson(caller(request), terms.pop("lesson"))
        return Response(AssignmentSerializer(services.create_assignment(lesson=lesson, **terms)).data, status=201)


class AssignmentDetail(APIView):
    @extend_schema(operation_id="assignments_retrieve", responses={200: AssignmentSerializer, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(AssignmentSerializer(selectors.assignment_for(caller(request), public_id)).data)

    @extend_schema(
        request=AssignmentTermsSerializer,
        responses={200: AssignmentSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 422: UNPROCESSABLE},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Change terms; what was handed in keeps its penalty."""
        assignment = selectors.changeable_assignment(caller(request), public_id)
        form = AssignmentTermsSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changed = services.update_assignment(assignment=assignment, **form.validated_data)
        return Response(AssignmentSerializer(changed).data)


class Submissions(generics.ListAPIView):
    """The caller's versions, newest first; for staff of the course everybody's."""

    serializer_class = SubmissionSerializer
    pagination_class = Newest
    parser_classes = [MultiPartParser, FormParser, JSONParser]
    filterset_fields = ["state", "passed"]
    search_fields: list[str] = []
    ordering_fields: list[str] = []
    queryset = Submission.objects.none()
    throttle_scope = "uploads"

    def get_queryset(self) -> QuerySet[Submission]:
        self.assignment = selectors.assignment_for(caller(self.request), self.kwargs["public_id"])
        return selectors.submissions_for(caller(self.request)).filter(assignment=self.assignment)

    @extend_schema(responses={200: SubmissionSerializer(many=True), 404: NOT_FOUND})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        staff = teaches(caller(request), self.assignment.lesson.section.course)
        rows = [fields.submission_detail(submission, staff=staff) for submission in page or []]
        return self.get_paginated_response(SubmissionSerializer(rows, many=True).data)

    @extend_schema(
        request=FORM,
        parameters=[KEY],
        responses={
            201: SubmissionSerializer,
            400: INVALID,
            403: FORBIDDEN,
            404: NOT_FOUND,
            409: CONFLICT,
            422: UNPROCESSABLE,
        },
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Hand in a new version. It replaces an earlier one that nobody has graded yet."""

        if not isinstance(request.data, dict):
            raise DomainError("Send `text` and `files` by name.", code="invalid_form")
        text = str(request.data.get("text", ""))

        def submit() -> tuple[int, Any]:
            user = caller(request)
            submission = services.submit_assignment(
                user=user,
                assignment=selectors.assignment_for(user, public_id),
                text=text,
                files=request.FILES.getlist("files"),
            )
            shown = selectors.submission_for(user, submission.public_id)
            return 201, SubmissionSerializer(fields.submission_detail(shown, staff=False)).data

        return idempotency.once(request, submit)


class SubmissionDetail(APIView):
    @extend_schema(operation_id="submissions_retrieve", responses={200: SubmissionSerializer, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        user = caller(request)
        submission = selectors.submission_for(user, public_id)
        staff = teaches(user, submission.assignment.lesson.section.course)
        return Response(SubmissionSerializer(fields.submission_detail(submission, staff=staff)).data)


class SubmissionClaim(APIView):
    @extend_schema(request=None, responses={200: QueueEntrySerializer, 404: NOT_FOUND, 409: CONFLICT})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Claim this submission for 30 minutes; again extends."""
        submission = selectors.graded_submission(caller(request), public_id)
        claimed = services.claim_submission(submission=submission, by=caller(request))
        return Response(QueueEntrySerializer(fields.queue_entry(claimed)).data)

    @extend_schema(responses={204: None, 404: NOT_FOUND})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Give it back."""
        submission = selectors.graded_submission(caller(request), public_id)
        services.release_submission(submission=submission, by=caller(request))
        return Response(status=204)


class SubmissionGrade(APIView):
    @extend_schema(
        request=GradeSerializer, responses={204: None, 400: INVALID, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE}
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Grade a claimed submission: points, or points by rubric entry, and a comment."""
        submission = selectors.graded_submission(caller(request), public_id)
        form = GradeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.grade_submission(submission=submission, by=caller(request), **form.validated_data)
        return Response(status=204)

    @extend_schema(
        request=OverrideSerializer,
        responses={204: None, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE},
    )
    def put(self, request: Request, public_id: UUID) -> Response:
        """Override the points of a graded submission, with a reason. Instructors of the course."""
        submission = selectors.graded_submission(caller(request), public_id, change=True)
        form = OverrideSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        services.override_submission(submission=submission, by=caller(request), **form.validated_data)
        return Response(status=204)


class SubmissionFileDetail(APIView):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 404: NOT_FOUND, 409: CONFLICT})
    def get(self, request: Request, public_id: UUID) -> FileResponse:
        """For the one who handed it in, and staff of the course. Always a download; never a quarantined file."""
        file = selectors.submission_file(caller(request), public_id)
        answer = FileResponse(
            file.content.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
        )
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        announce(signals.submission_file_served, SubmissionFile, file=file, bytes=file.size)
        return answer
