"""What happens in quizzes, counted. Labels are closed; nothing here names a person, a quiz or a course."""

import time
from functools import lru_cache
from typing import Any

from django.dispatch import receiver

from observability import business
from quizzes import selectors, signals
from quizzes.models import Attempt, ChangeKind, Submission
from quizzes.selectors import ExamDay

EVENTS = ("started", "submitted", "expired", "graded", "passed", "failed")
TOGETHER_SECONDS = 1.0
HORIZONS = ("5m", "15m", "60m")
DURATION_BUCKETS = (30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 5400.0, 7200.0, 10800.0)
GRADING_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 600.0, 3600.0, 86400.0, 259200.0, 604800.0)
SCORE_BUCKETS = tuple(round(tenth / 10, 1) for tenth in range(1, 11))

attempts = business.Counter("lms_quiz_attempts_total", "Events of quiz attempts.", labels={"event": EVENTS})
regrades = business.Counter(
    "lms_quiz_regrades_total",
    "Attempts whose points were changed after grading, by how.",
    labels={"kind": (ChangeKind.REGRADE, ChangeKind.OVERRIDE)},
)
scores = business.Histogram(
    "lms_quiz_score_ratio", "Share of the points earned in graded attempts.", buckets=SCORE_BUCKETS
)
durations = business.Histogram(
    "lms_quiz_attempt_duration_seconds",
    "Time from the start of an attempt to its end.",
    labels={"closed_as": ("submitted", "expired")},
    buckets=DURATION_BUCKETS,
)
grading = business.Histogram(
    "lms_quiz_time_to_grade_seconds",
    "Time from the end of an attempt to its grade, by who gave the last points.",
    labels={"by": ("machine", "person")},
    buckets=GRADING_BUCKETS,
)

submissions = business.Counter(
    "lms_assignment_submissions_total",
    "Events of submissions: a late one counts as received, too.",
    labels={"event": ("received", "late", "graded", "passed", "failed", "regraded")},
)
submission_files = business.Counter(
    "lms_assignment_files_total",
    "Files of submissions. A quarantined one counts as uploaded, too; a failed one is the server's fault.",
    labels={"event": ("uploaded", "refused", "failed", "quarantined", "downloaded")},
)
submission_bytes = business.Counter(
    "lms_assignment_file_bytes_total",
    "Bytes of files of submissions, as they were stored or their sending began.",
    labels={"direction": ("uploaded", "downloaded")},
)
answer_files = business.Counter(
    "lms_answer_files_total",
    "Files handed in as answers; a failed one is the server's fault.",
    labels={"event": ("uploaded", "refused", "failed", "downloaded")},
)
answer_bytes = business.Counter(
    "lms_answer_file_bytes_total",
    "Bytes of files handed in as answers, as they were stored or their sending began.",
    labels={"direction": ("uploaded", "downloaded")},
)
submission_grading = business.Histogram(
    "lms_assignment_time_to_grade_seconds",
    "Time from handing in a submission to its grade.",
    buckets=GRADING_BUCKETS,
)


@receiver(signals.submission_received)
def count_received(
    sender: Any, *, submission: Submission, files: int, bytes: int, quarantined: int, **kwargs: Any
) -> None:
    submissions.inc(event="received")
    if submission.days_late:
        submissions.inc(event="late")
    submission_files.inc(files, event="uploaded")
    submission_files.inc(quarantined, event="quarantined")
    submission_bytes.inc(bytes, direction="uploaded")


@receiver(signals.submission_files_refused)
def count_refused(sender: Any, *, files: int, **kwargs: Any) -> None:
    submission_files.inc(files, event="refused")


@receiver(signals.submission_files_failed)
def count_failed_files(sender: Any, *, files: int, **kwargs: Any) -> None:
    submission_files.inc(files, event="failed")


@receiver(signals.answer_file_received)
def count_answer_file(sender: Any, *, bytes: int, **kwargs: Any) -> None:
    answer_files.inc(event="uploaded")
    answer_bytes.inc(bytes, direction="uploaded")


@receiver(signals.answer_file_refused)
def count_refused_answer_file(sender: Any, **kwargs: Any) -> None:
    answer_files.inc(event="refused")


@receiver(signals.answer_file_failed)
def count_failed_answer_file(sender: Any, **kwargs: Any) -> None:
    answer_files.inc(event="failed")


@receiver(signals.answer_file_served)
def count_served_answer_file(sender: Any, *, bytes: int, **kwargs: Any) -> None:
    answer_files.inc(event="downloaded")
    answer_bytes.inc(bytes, direction="downloaded")


@receiver(signals.submission_regraded)
def count_regraded_submission(sender: Any, **kwargs: Any) -> None:
    submissions.inc(event="regraded")


@receiver(signals.submission_file_served)
def count_served(sender: Any, *, bytes: int, **kwargs: Any) -> None:
    submission_files.inc(event="downloaded")
    submission_bytes.inc(bytes, direction="downloaded")


@receiver(signals.submission_graded)
def count_graded(sender: Any, *, submission: Submission, seconds: float, **kwargs: Any) -> None:
    submissions.inc(event="graded")
    submissions.inc(event="passed" if submission.passed else "failed")
    submission_grading.observe(seconds)


@receiver(signals.attempt_started)
def count_start(sender: Any, **kwargs: Any) -> None:
    attempts.inc(event="started")


@receiver(signals.attempt_submitted)
def count_submission(sender: Any, *, seconds: float, **kwargs: Any) -> None:
    attempts.inc(event="submitted")
    durations.observe(seconds, closed_as="submitted")


@receiver(signals.attempt_expired)
def count_expiry(sender: Any, *, seconds: float, **kwargs: Any) -> None:
    attempts.inc(event="expired")
    durations.observe(seconds, closed_as="expired")


@receiver(signals.attempt_graded)
def count_grade(sender: Any, *, attempt: Attempt, by: str, seconds: float, **kwargs: Any) -> None:
    attempts.inc(event="graded")
    grading.observe(seconds, by=by)
    if attempt.percent is not None:
        scores.observe(float(attempt.percent) / 100)


@receiver(signals.attempt_passed)
def count_pass(sender: Any, **kwargs: Any) -> None:
    attempts.inc(event="passed")


@receiver(signals.attempt_failed)
def count_failure(sender: Any, **kwargs: Any) -> None:
    attempts.inc(event="failed")


@receiver(signals.attempt_regraded)
def count_regrade(sender: Any, *, reason_kind: str, **kwargs: Any) -> None:
    regrades.inc(kind=str(reason_kind))


@lru_cache(maxsize=1)
def _measured(moment: float) -> ExamDay:
    return selectors.exam_day()


def _exam_day() -> ExamDay:
    """One statement for all facts that are measured together."""
    return _measured(time.monotonic() // TOGETHER_SECONDS)


# Measured beside the web server, not by a task: these are what tells that no task runs.
business.fact("lms_quiz_attempts_in_progress", "Attempts in progress.", lambda: _exam_day().in_progress, every=15)
business.fact(
    "lms_quiz_attempts_due",
    "Attempts in progress with their deadline within the time.",
    lambda: {
        "5m": _exam_day().due_5_minutes,
        "15m": _exam_day().due_15_minutes,
        "60m": _exam_day().due_60_minutes,
    },
    labels={"within": HORIZONS},
    every=15,
)
business.fact(
    "lms_quiz_attempts_overdue",
    "Attempts past deadline and grace that are not expired yet.",
    lambda: _exam_day().overdue,
    every=15,
)
business.fact(
    "lms_quiz_oldest_overdue_seconds",
    "How long the oldest overdue attempt is overdue.",
    lambda: _exam_day().oldest_overdue,
    every=15,
)
business.fact(
    "lms_quiz_sweeper_lag_seconds",
    "Time since overdue attempts were last looked for; 0 before the first time.",
    lambda: _exam_day().sweeper_lag or 0.0,
    every=15,
)
business.fact(
    "lms_quiz_attempts_ungraded",
    "Closed attempts without a grade, by whom they wait for.",
    lambda: {"machine": _exam_day().waiting_for_machine, "person": _exam_day().waiting_for_people},
    labels={"by": ("machine", "person")},
    every=15,
)
business.fact(
    "lms_quiz_oldest_ungraded_seconds",
    "How long the oldest closed attempt waits.",
    lambda: _exam_day().oldest_ungraded,
    every=15,
)
business.fact(
    "lms_assignment_submissions_ungraded",
    "Submissions that wait for a grade.",
    lambda: _exam_day().submissions_waiting,
    every=15,
)
business.fact(
    "lms_assignment_oldest_ungraded_seconds",
    "How long the oldest submission without a grade waits.",
    lambda: _exam_day().oldest_submission,
    every=15,
)
