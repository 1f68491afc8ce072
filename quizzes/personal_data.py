"""What quizzes store about a person. Erasing empties whatever they wrote or handed in; points and choices stay."""

from typing import Any

from django.db import connection

from accounts.models import User
from accounts.personal_data import Part, register
from quizzes.kinds import Kind
from quizzes.models import Answer, AnswerFile, Attempt, GradeChange, IdempotencyRecord, Submission, SubmissionFile

WRITTEN = (Kind.ESSAY, Kind.SHORT_TEXT, Kind.FILL_IN, Kind.NUMERICAL, Kind.FILE_UPLOAD)


def _export(person: User) -> list[dict[str, Any]]:
    attempts = Attempt.objects.filter(enrollment__user=person).select_related("quiz__lesson")
    return [
        {
            "quiz": attempt.quiz.lesson.title,
            "number": attempt.number,
            "state": attempt.state,
            "started_at": attempt.started_at.isoformat(),
            "closed_at": attempt.closed_at.isoformat() if attempt.closed_at else None,
            "percent": str(attempt.percent) if attempt.percent is not None else None,
            "answers": [
                {
                    "question": answer.version.title or answer.version.prompt,
                    "response": answer.response,
                    "points": str(answer.points) if answer.points is not None else None,
                    "comment": answer.comment,
                    "files": [file.name for file in answer.files.all()],
                }
                for answer in attempt.answers.all()
            ],
        }
        for attempt in attempts.prefetch_related("answers__version", "answers__files").order_by("started_at")
    ]


def _erase(person: User) -> int:
    mine = Answer.objects.filter(attempt__enrollment__user=person)
    with connection.cursor() as cursor:  # the trigger that guards closed attempts looks for this
        cursor.execute("SELECT set_config('quizzes.erasing', 'on', true)")
    removed = mine.filter(version__kind__in=WRITTEN, response__isnull=False).update(response=None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('quizzes.erasing', '', true)")
    removed += mine.exclude(comment="").update(comment="")
    GradeChange.objects.filter(answer__in=mine).exclude(reason="").update(reason="erased")
    removed += AnswerFile.objects.filter(answer__in=mine).delete()[0]
    return removed + IdempotencyRecord.objects.filter(user=person).delete()[0]


def _export_submissions(person: User) -> list[dict[str, Any]]:
    mine = Submission.objects.filter(enrollment__user=person).select_related("assignment__lesson")
    return [
        {
            "assignment": submission.assignment.lesson.title,
            "version": submission.number,
            "state": submission.state,
            "submitted_at": submission.submitted_at.isoformat(),
            "text": submission.text,
            "files": [file.name for file in submission.files.all()],
            "percent": str(submission.percent) if submission.percent is not None else None,
            "comment": submission.comment,
        }
        for submission in mine.prefetch_related("files").order_by("submitted_at", "pk")
    ]


def _erase_submissions(person: User) -> int:
    mine = Submission.objects.filter(enrollment__user=person)
    GradeChange.objects.filter(submission__in=mine).exclude(reason="").update(reason="erased")
    written = mine.exclude(text="", comment="").update(text="", comment="")
    return written + SubmissionFile.objects.filter(submission__in=mine).delete()[0]


register(Part("quizzes", _export, _erase))
register(Part("assignments", _export_submissions, _erase_submissions))
