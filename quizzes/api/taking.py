"""Taking quizzes: lists, starting, saving, submitting."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import caller
from core.errors import DomainError, NotFound
from core.events import announce
from core.pagination import Cursor
from courses.api.responses import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, UNPROCESSABLE
from courses.permissions import teaches
from quizzes import idempotency, selectors, services, signals
from quizzes.api import fields
from quizzes.api.serializers import (
    AttemptDetailSerializer,
    AttemptSerializer,
    FileSerializer,
    NewQuizSerializer,
    QuizSerializer,
    QuizTermsSerializer,
    ReceiptSerializer,
    ResponseSerializer,
    SavedSerializer,
)
from quizzes.models import AnswerFile, Attempt, Quiz

KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="At most 255 characters."
)


class ByLesson(Cursor):
    ordering = ("lesson__section__course__title", "lesson__position", "pk")


class ByStart(Cursor):
    ordering = ("-started_at", "-pk")


class QuizList(generics.ListAPIView):
    """Quizzes of the lessons that the caller may read."""

    serializer_class = QuizSerializer
    pagination_class = ByLesson
    filterset_fields = {"lesson__section__course__slug": ["exact"]}
    search_fields = ["lesson__title"]
    ordering_fields = ["opens_at", "closes_at"]
    queryset = Quiz.objects.none()

    def get_queryset(self) -> QuerySet[Quiz]:
        return selectors.quizzes_for(caller(self.request))

    @extend_schema(
        request=NewQuizSerializer,
        responses={201: QuizSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT},
    )
    def post(self, request: Request) -> Response:
        """Give a lesson of kind quiz its quiz. Instructors of the course."""
        form = NewQuizSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        terms = dict(form.validated_data)
        lesson = selectors.changeable_lesson(caller(request), terms.pop("lesson"))
        return Response(QuizSerializer(services.create_quiz(lesson=lesson, **terms)).data, status=201)


class QuizDetail(APIView):
    @extend_schema(operation_id="quizzes_retrieve", responses={200: QuizSerializer, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(QuizSerializer(selectors.quiz_for(caller(request), public_id)).data)

    @extend_schema(
        request=QuizTermsSerializer,
        responses={200: QuizSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 422: UNPROCESSABLE},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Change terms; deadlines of attempts in progress follow."""
        quiz = selectors.changeable_quiz(caller(request), public_id)
        form = QuizTermsSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        services.update_quiz(quiz=quiz, **form.validated_data)
        return Response(QuizSerializer(selectors.quiz_for(caller(request), public_id)).data)

    @extend_schema(responses={204: None, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT})
    def delete(self, request: Request, public_id: UUID) -> Response:
        services.delete_quiz(quiz=selectors.changeable_quiz(caller(request), public_id))
        return Response(status=204)


class QuizAttempts(generics.ListAPIView):
    """The caller's attempts; for staff of the course everybody's."""

    serializer_class = AttemptSerializer
    pagination_class = ByStart
    filterset_fields = ["state", "passed"]
    search_fields: list[str] = []
    ordering_fields: list[str] = []
    queryset = Attempt.objects.none()
    throttle_scope = "submits"

    def get_queryset(self) -> QuerySet[Attempt]:
        self.quiz = selectors.quiz_for(caller(self.request), self.kwargs["public_id"])
        return selectors.attempts_for(caller(self.request)).filter(quiz=self.quiz)

    @extend_schema(responses={200: AttemptSerializer(many=True), 404: NOT_FOUND})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        staff = teaches(caller(request), self.quiz.lesson.section.course)
        rows = [fields.attempt_summary(attempt, staff=staff) for attempt in page or []]
        return self.get_paginated_response(AttemptSerializer(rows, many=True).data)

    @extend_schema(
        request=None,
        parameters=[KEY],
        responses={
            200: AttemptDetailSerializer,
            201: AttemptDetailSerializer,
            400: INVALID,
            404: NOT_FOUND,
            409: CONFLICT,
            422: UNPROCESSABLE,
        },
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Start an attempt (201), or resume the one in progress (200)."""

        def start() -> tuple[int, Any]:
            quiz = selectors.quiz_for(caller(request), public_id)
            attempt, created = services.start_attempt(user=caller(request), quiz=quiz)
            attempt = selectors.attempt_for(caller(request), attempt.public_id)
            shown = AttemptDetailSerializer(fields.attempt_detail(attempt, staff=False)).data
            return (201 if created else 200), shown

        return idempotency.once(request, start)


class AttemptDetail(APIView):
    @extend_schema(operation_id="attempts_retrieve", responses={200: AttemptDetailSerializer, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        """The attempt as far as it is: the way back in from another device, and later its result."""
        user = caller(request)
        attempt = selectors.attempt_for(user, public_id)
        own = attempt.enrollment.user_id == user.pk
        staff = not own and teaches(user, attempt.quiz.lesson.section.course)
        return Response(AttemptDetailSerializer(fields.attempt_detail(attempt, staff=staff)).data)


class AttemptAnswer(APIView):
    @extend_schema(
        request=ResponseSerializer,
        responses={200: SavedSerializer, 400: INVALID, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE},
    )
    def put(self, request: Request, public_id: UUID, position: int) -> Response:
        """Save an answer, as often as it changes."""
        form = ResponseSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        attempt = selectors.own_attempt(caller(request), public_id)
        answer = services.save_answer(attempt=attempt, position=position, response=form.validated_data["response"])
        return Response(SavedSerializer(fields.saved(answer)).data)


class AttemptSubmission(APIView):
    throttle_scope = "submits"

    @extend_schema(
        request=None,
        parameters=[KEY],
        responses={200: ReceiptSerializer, 400: INVALID, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Hand in. Again answers the same. After the deadline what was saved in time counts (`closed_as: expired`)."""

        def submit() -> tuple[int, Any]:
            attempt = services.submit_attempt(attempt=selectors.own_attempt(caller(request), public_id))
            answered, questions = selectors.answered(attempt)
            return 200, ReceiptSerializer(fields.receipt(attempt, answered, questions)).data

        return idempotency.once(request, submit)


class AnswerFiles(APIView):
    parser_classes = [MultiPartParser]
    throttle_scope = "uploads"

    @extend_schema(
        request={
            "multipart/form-data": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
        responses={201: FileSerializer, 400: INVALID, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE},
    )
    def post(self, request: Request, public_id: UUID, position: int) -> Response:
        """Hand in a file as (part of) an answer. The same file sent again is the one that was handed in."""
        attempt = selectors.own_attempt(caller(request), public_id)
        upload = request.FILES.get("file")
        if upload is None:
            raise DomainError(_("Send one file under the name `file`."), code="file_missing")
        file = services.add_answer_file(attempt=attempt, position=position, upload=upload)
        return Response({"id": file.public_id, "name": file.name, "size": file.size}, status=201)


class AnswerFileDetail(APIView):
    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 404: NOT_FOUND},
    )
    def get(self, request: Request, public_id: UUID) -> FileResponse:
        """For the one who handed it in, and staff of the course. Always a download, whatever it holds."""
        file = self._file(request, public_id)
        answer = FileResponse(
            file.content.open("rb"), as_attachment=True, filename=file.name, content_type="application/octet-stream"
        )
        answer["X-Content-Type-Options"] = "nosniff"
        announce(signals.answer_file_served, AnswerFile, bytes=file.size)
        return answer

    @extend_schema(responses={204: None, 404: NOT_FOUND, 409: CONFLICT})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Take a file back while the attempt is in progress."""
        file = self._file(request, public_id)
        attempt = file.answer.attempt
        if attempt.enrollment.user_id != caller(request).pk:
            raise NotFound(_("There is no such file."))
        services.remove_answer_file(attempt=attempt, position=file.answer.position, file=file)
        return Response(status=204)

    def _file(self, request: Request, public_id: UUID) -> AnswerFile:
        return selectors.answer_file(caller(request), public_id)
