"""For those who teach: questions, accommodations, statistics, grading; and the exam day for admins."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import IsAdmin, caller
from core.errors import Unprocessable
from core.pagination import Cursor
from courses.api.responses import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, UNPROCESSABLE
from quizzes import course_selectors, selectors, services
from quizzes.api import assignment_fields, fields
from quizzes.api.serializers import (
    AccommodationSerializer,
    ChangeSerializer,
    ExamDaySerializer,
    GradeSerializer,
    OverrideSerializer,
    PoolSerializer,
    QuestionSerializer,
    QueueEntrySerializer,
    RegradeSerializer,
    RevisionSerializer,
    StatisticsSerializer,
)
from quizzes.models import Accommodation, Question, QueueItem


class ByPosition(Cursor):
    ordering = ("position", "pk")


class ByAge(Cursor):
    ordering = ("waiting_since", "item")


class ByKey(Cursor):
    ordering = ("pk",)


def _checked(form: Any) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


class QuizQuestions(generics.ListAPIView):
    """Questions with everything in them. Staff of the course; instructors add to them."""

    serializer_class = QuestionSerializer
    pagination_class = ByPosition
    filter_backends: list[Any] = []
    queryset = Question.objects.none()

    @extend_schema(responses={200: QuestionSerializer(many=True), 403: FORBIDDEN, 404: NOT_FOUND})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        quiz = selectors.graded_quiz(caller(request), self.kwargs["public_id"])
        page = self.paginate_queryset(selectors.questions_of(quiz))
        return self.get_paginated_response([fields.question_detail(question) for question in page or []])

    @extend_schema(
        request=QuestionSerializer,
        responses={201: QuestionSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 422: UNPROCESSABLE},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        quiz = selectors.changeable_quiz(caller(request), public_id)
        values = _checked(QuestionSerializer(data=request.data))
        name = values.pop("pool", None)
        pool = quiz.pools.filter(name=name).first() if name else None
        if name and pool is None:
            raise Unprocessable("The quiz has no such pool.", code="unknown_pool")
        question = services.add_question(quiz=quiz, pool=pool, by=caller(request), **values)
        return Response(fields.question_detail(question), status=201)


class QuizPools(APIView):
    @extend_schema(
        request=PoolSerializer, responses={200: PoolSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND}
    )
    def put(self, request: Request, public_id: UUID) -> Response:
        """Make a pool, or change how many questions are drawn from it."""
        quiz = selectors.changeable_quiz(caller(request), public_id)
        pool = services.set_pool(quiz=quiz, **_checked(PoolSerializer(data=request.data)))
        return Response(PoolSerializer(pool).data)


class QuizExport(APIView):
    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT, 403: FORBIDDEN, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> HttpResponse:
        """The questions as a file that import reads back."""
        quiz = selectors.graded_quiz(caller(request), public_id)
        return HttpResponse(services.export_questions(quiz=quiz), content_type="application/json")


class QuestionDetail(APIView):
    @extend_schema(
        operation_id="questions_retrieve", responses={200: QuestionSerializer, 403: FORBIDDEN, 404: NOT_FOUND}
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        return Response(fields.question_detail(selectors.changeable_question(caller(request), public_id)))

    @extend_schema(
        request=RevisionSerializer,
        responses={200: QuestionSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 422: UNPROCESSABLE},
    )
    def put(self, request: Request, public_id: UUID) -> Response:
        """Ask differently from now on. Earlier attempts keep what they were asked."""
        question = selectors.changeable_question(caller(request), public_id)
        values = _checked(RevisionSerializer(data=request.data))
        return Response(
            fields.question_detail(services.revise_question(question=question, by=caller(request), **values))
        )

    @extend_schema(responses={204: None, 403: FORBIDDEN, 404: NOT_FOUND})
    def delete(self, request: Request, public_id: UUID) -> Response:
        services.delete_question(question=selectors.changeable_question(caller(request), public_id))
        return Response(status=204)


class QuestionRegrade(APIView):
    @extend_schema(
        responses={200: ChangeSerializer(many=True), 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT},
        operation_id="questions_regrade_preview",
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Whose points would change if the question's present version graded everybody."""
        question = selectors.changeable_question(caller(request), public_id)
        return Response(ChangeSerializer(services.preview_regrade(question=question), many=True).data)

    @extend_schema(
        request=RegradeSerializer,
        responses={
            200: ChangeSerializer(many=True),
            400: INVALID,
            403: FORBIDDEN,
            404: NOT_FOUND,
            409: CONFLICT,
            422: UNPROCESSABLE,
        },
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Carry it out; who, when and why stay on record."""
        question = selectors.changeable_question(caller(request), public_id)
        reason = _checked(RegradeSerializer(data=request.data))["reason"]
        changes = services.regrade(question=question, by=caller(request), reason=reason)
        return Response(ChangeSerializer(changes, many=True).data)


class QuizStatistics(APIView):
    @extend_schema(responses={200: StatisticsSerializer(many=True), 403: FORBIDDEN, 404: NOT_FOUND})
    def get(self, request: Request, public_id: UUID) -> Response:
        """Per question, as last counted."""
        quiz = selectors.graded_quiz(caller(request), public_id)
        return Response(StatisticsSerializer(course_selectors.statistics_of(quiz), many=True).data)

    @extend_schema(request=None, responses={202: None, 403: FORBIDDEN, 404: NOT_FOUND})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Have them counted again soon."""
        services.request_statistics(quiz=selectors.graded_quiz(caller(request), public_id))
        return Response(status=202)


class QuizAccommodations(generics.ListAPIView):
    """Who gets more time or attempts."""

    serializer_class = AccommodationSerializer
    pagination_class = ByKey
    filter_backends: list[Any] = []
    queryset = Accommodation.objects.none()

    def get_queryset(self) -> QuerySet[Accommodation]:
        quiz = selectors.changeable_quiz(caller(self.request), self.kwargs["public_id"])
        return quiz.accommodations.select_related("user")

    @extend_schema(
        request=AccommodationSerializer,
        responses={200: AccommodationSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def put(self, request: Request, public_id: UUID) -> Response:
        """Give a student of the course more; an attempt in progress gets the time at once."""
        quiz = selectors.changeable_quiz(caller(request), public_id)
        values = _checked(AccommodationSerializer(data=request.data))
        person = selectors.student_of(quiz, values.pop("user")["public_id"])
        return Response(AccommodationSerializer(services.accommodate(quiz=quiz, user=person, **values)).data)


class GradingQueue(generics.ListAPIView):
    """What waits for a grade in the caller's courses, oldest first."""

    serializer_class = QueueEntrySerializer
    pagination_class = ByAge
    filter_backends: list[Any] = []
    queryset = QueueItem.objects.none()

    @extend_schema(responses={200: QueueEntrySerializer(many=True)})
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(selectors.grading_queue(caller(request)))
        rows = [
            assignment_fields.queue_entry(waiting) for item in page or [] if (waiting := item.answer or item.submission)
        ]
        return self.get_paginated_response(QueueEntrySerializer(rows, many=True).data)

    @extend_schema(request=None, responses={200: QueueEntrySerializer, 204: None})
    def post(self, request: Request) -> Response:
        """Claim the oldest item that nobody has, for 30 minutes. 204 when there is none."""
        user = caller(request)
        item = services.claim_next(by=user, courses=selectors.taught_courses(user))
        if item is None:
            return Response(status=204)
        return Response(QueueEntrySerializer(assignment_fields.queue_entry(item)).data)


class AnswerClaim(APIView):
    @extend_schema(request=None, responses={200: QueueEntrySerializer, 404: NOT_FOUND, 409: CONFLICT})
    def post(self, request: Request, public_id: UUID, position: int) -> Response:
        """Claim this answer for 30 minutes; again extends."""
        answer = selectors.graded_answer(caller(request), public_id, position)
        claimed = services.claim(answer=answer, by=caller(request))
        return Response(QueueEntrySerializer(fields.queue_entry(claimed)).data)

    @extend_schema(responses={204: None, 404: NOT_FOUND})
    def delete(self, request: Request, public_id: UUID, position: int) -> Response:
        """Give it back."""
        services.release(answer=selectors.graded_answer(caller(request), public_id, position), by=caller(request))
        return Response(status=204)


class AnswerGrade(APIView):
    @extend_schema(
        request=GradeSerializer, responses={204: None, 400: INVALID, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE}
    )
    def post(self, request: Request, public_id: UUID, position: int) -> Response:
        """Grade a claimed answer: points, or points by rubric entry, and a comment."""
        answer = selectors.graded_answer(caller(request), public_id, position)
        services.grade_answer(answer=answer, by=caller(request), **_checked(GradeSerializer(data=request.data)))
        return Response(status=204)

    @extend_schema(
        request=OverrideSerializer,
        responses={204: None, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 422: UNPROCESSABLE},
    )
    def put(self, request: Request, public_id: UUID, position: int) -> Response:
        """Override the points of a graded attempt's answer, with a reason."""
        answer = selectors.graded_answer(caller(request), public_id, position, change=True)
        services.override_points(answer=answer, by=caller(request), **_checked(OverrideSerializer(data=request.data)))
        return Response(status=204)


class ExamDayView(APIView):
    permission_classes = [IsAdmin]

    @extend_schema(responses={200: ExamDaySerializer, 403: FORBIDDEN})
    def get(self, request: Request) -> Response:
        """Attempts that run, are due and are late, and how well the sweeper keeps up. Admins."""
        return Response(ExamDaySerializer(selectors.exam_day()).data)
