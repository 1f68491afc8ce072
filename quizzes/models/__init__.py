"""The tables of quizzes: what is asked, who answers it, how it is graded."""

from quizzes.models.assignment import (
    Accepts,
    Assignment,
    LatePolicy,
    QueueItem,
    Submission,
    SubmissionFile,
    SubmissionState,
)
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
    "Accepts",
    "Accommodation",
    "Answer",
    "AnswerFile",
    "Assignment",
    "Attempt",
    "AttemptState",
    "ChangeKind",
    "ClosedAs",
    "FeedbackPolicy",
    "GradeChange",
    "IdempotencyRecord",
    "LatePolicy",
    "Question",
    "QuestionPool",
    "QuestionStatistics",
    "QuestionVersion",
    "QueueItem",
    "Quiz",
    "ScoringPolicy",
    "Submission",
    "SubmissionFile",
    "SubmissionState",
    "Sweep",
]
