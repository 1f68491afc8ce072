"""What should be zero. Each check is one pass over a table or the stored files, run by beat, never by a scrape.

A check that fails is logged and leaves its last result, whose age grows; it stops no other.
"""

import datetime
import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, models
from django.utils import timezone

from analytics.models import ConsistencyCheck, Inconsistency
from certificates.models import Certificate, CertificateState, IssueCause
from courses.models import Enrollment, EnrollmentState
from quizzes.models import Attempt, AttemptState

logger = logging.getLogger(__name__)

STUCK_AFTER = datetime.timedelta(minutes=5)  # sixty sweeps
LATE_CERTIFICATE = datetime.timedelta(minutes=10)  # several sweeps
YOUNG_FILE = datetime.timedelta(hours=1)  # its transaction may not have committed yet
FILES_AT_ONCE = 1000

_DRIFT = """
WITH required AS (
    SELECT lesson.id, section.course_id
    FROM courses_lesson lesson JOIN courses_section section ON section.id = lesson.section_id
    WHERE lesson.published AND lesson.required
), total AS (
    SELECT course_id, count(*) AS lessons FROM required GROUP BY course_id
), done AS (
    SELECT enrollment.id, count(*) AS lessons
    FROM courses_lessonprogress progress
    JOIN courses_enrollment enrollment ON enrollment.id = progress.enrollment_id
    JOIN required ON required.id = progress.lesson_id AND required.course_id = enrollment.course_id
    WHERE progress.completed_at IS NOT NULL
    GROUP BY enrollment.id
)
SELECT count(*)
FROM courses_enrollment enrollment
LEFT JOIN total ON total.course_id = enrollment.course_id
LEFT JOIN done ON done.id = enrollment.id
WHERE enrollment.progress <> coalesce(round(coalesce(done.lessons, 0) * 100.0 / total.lessons, 2), 0)
"""
# Receipts are what a submission was answered with; only they hold `closed_as` and `answered`.
_LOST = """
SELECT count(*)
FROM quizzes_idempotencyrecord record
LEFT JOIN quizzes_attempt attempt ON attempt.public_id::text = record.body->>'id'
WHERE record.status = 200 AND record.body ? 'closed_as' AND record.body ? 'answered'
    AND (attempt.id IS NULL OR attempt.closed_at IS NULL)
"""


def progress_drift() -> int:
    return _count(_DRIFT)


def passed_without_certificate() -> int:
    mine = Certificate.objects.filter(user=models.OuterRef("user"), course=models.OuterRef("course"))
    completed = Enrollment.objects.filter(
        ~models.Exists(mine),
        state=EnrollmentState.COMPLETED,
        completed_at__lt=timezone.now() - LATE_CERTIFICATE,
    )
    return completed.exclude(user__name="").count()


def certificate_without_pass() -> int:
    """Certificates given by hand, and those issued in their place, need no completion."""
    pair = {"user": models.OuterRef("user"), "course": models.OuterRef("course")}
    return Certificate.objects.filter(
        ~models.Exists(Enrollment.objects.filter(**pair, state=EnrollmentState.COMPLETED)),
        ~models.Exists(Certificate.objects.filter(**pair, cause=IssueCause.GRANTED)),
        state=CertificateState.ISSUED,
    ).count()


def attempts_stuck() -> int:
    return Attempt.objects.filter(
        state=AttemptState.IN_PROGRESS, accepts_until__lt=timezone.now() - STUCK_AFTER
    ).count()


def submits_lost() -> int:
    """Over the receipts that are kept for a day (quizzes.idempotency)."""
    return _count(_LOST)


def files_without_row() -> int:
    found = 0
    names = (name for name in _stored() if default_storage.get_modified_time(name) < timezone.now() - YOUNG_FILE)
    while some := list(islice(names, FILES_AT_ONCE)):
        known: set[str] = set()
        for field in _file_fields():
            rows = field.model._default_manager.filter(**{f"{field.name}__in": some})
            known.update(rows.values_list(field.name, flat=True))
        found += len(set(some) - known)
    return found


def rows_without_file() -> int:
    return sum(not default_storage.exists(name) for name in _referred())


CHECKS: dict[Inconsistency, Callable[[], int]] = {
    Inconsistency.PROGRESS_DRIFT: progress_drift,
    Inconsistency.PASSED_WITHOUT_CERTIFICATE: passed_without_certificate,
    Inconsistency.CERTIFICATE_WITHOUT_PASS: certificate_without_pass,
    Inconsistency.ATTEMPTS_STUCK: attempts_stuck,
    Inconsistency.SUBMITS_LOST: submits_lost,
    Inconsistency.FILES_WITHOUT_ROW: files_without_row,
    Inconsistency.ROWS_WITHOUT_FILE: rows_without_file,
}


def check(kinds: Iterable[Inconsistency] = tuple(CHECKS)) -> dict[str, int]:
    """Carry out the checks and store what they found; returns it."""
    results = {}
    for kind in kinds:
        try:
            found = CHECKS[kind]()
        except Exception:
            logger.exception("a consistency check failed", extra={"event": "consistency.failed", "check": kind})
            continue
        ConsistencyCheck.objects.update_or_create(kind=kind, defaults={"found": found, "checked_at": timezone.now()})
        results[str(kind)] = found
        if found:
            logger.warning(
                "found what should not be", extra={"event": "consistency.found", "check": kind, "found": found}
            )
    return results


def _count(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


def _file_fields() -> list[models.FileField]:
    return [
        field
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FileField) and field.model is model
    ]


def _referred() -> Iterator[str]:
    for field in _file_fields():
        names = field.model._default_manager.exclude(**{field.name: ""}).values_list(field.name, flat=True)
        yield from names.iterator(chunk_size=FILES_AT_ONCE)


def _stored(directory: str = "") -> Iterator[str]:
    try:
        directories, files = default_storage.listdir(directory)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{directory}/{name}" if directory else name
    for name in sorted(directories):
        yield from _stored(f"{directory}/{name}" if directory else name)
