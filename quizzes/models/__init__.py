"""The tables of quizzes: what is asked, who answers it, how it is graded."""

from quizzes.models.attempt import Answer, AnswerFile, Attempt, AttemptState, ClosedAs
from quizzes.models.grading import ChangeKind, GradeChange, QuestionStatistics, Sweep
from quizzes.models.idempotency import IdempotencyRecord
from quizzes.models.quiz import (
    Accommodation,
    FeedbackPolicy,
    Question,
    QuestionPool,
    QuestionVersion,
    Quiz,
    ScoringPolicy,
)

__all__ = [
    "Accommodation",
    "Answer",
    "AnswerFile",
    "Attempt",
    "AttemptState",
    "ChangeKind",
    "ClosedAs",
    "FeedbackPolicy",
    "GradeChange",
    "IdempotencyRecord",
    "Question",
    "QuestionPool",
    "QuestionStatistics",
    "QuestionVersion",
    "Quiz",
    "ScoringPolicy",
    "Sweep",
]
