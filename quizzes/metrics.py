"""What happens in quizzes, counted. Labels are closed; nothing here names a person, a quiz or a course."""

from typing import Any

from django.dispatch import receiver

from observability import business
from quizzes import signals
from quizzes.models import Attempt, ChangeKind
from quizzes.selectors import ExamDay

EVENTS = ("started", "submitted", "expired", "graded", "passed", "failed")
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
in_progress = business.Gauge("lms_quiz_attempts_in_progress", "Attempts in progress.")
due = business.Gauge(
    "lms_quiz_attempts_due", "Attempts in progress with their deadline within the time.", labels={"within": HORIZONS}
)
overdue = business.Gauge("lms_quiz_attempts_overdue", "Attempts past deadline and grace that are not expired yet.")
oldest_overdue = business.Gauge("lms_quiz_oldest_overdue_seconds", "How long the oldest overdue attempt is overdue.")
sweeper_lag = business.Gauge("lms_quiz_sweeper_lag_seconds", "Time since overdue attempts were last looked for.")
ungraded = business.Gauge(
    "lms_quiz_attempts_ungraded",
    "Closed attempts without a grade, by whom they wait for.",
    labels={"by": ("machine", "person")},
)
oldest_ungraded = business.Gauge("lms_quiz_oldest_ungraded_seconds", "How long the oldest closed attempt waits.")


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


@receiver(signals.exam_day_measured)
def show_exam_day(sender: Any, *, facts: ExamDay, **kwargs: Any) -> None:
    in_progress.set(facts.in_progress)
    for horizon, count in zip(HORIZONS, (facts.due_5_minutes, facts.due_15_minutes, facts.due_60_minutes), strict=True):
        due.set(count, within=horizon)
    overdue.set(facts.overdue)
    oldest_overdue.set(facts.oldest_overdue)
    if facts.sweeper_lag is not None:
        sweeper_lag.set(facts.sweeper_lag)
    ungraded.set(facts.waiting_for_machine, by="machine")
    ungraded.set(facts.waiting_for_people, by="person")
    oldest_ungraded.set(facts.oldest_ungraded)
