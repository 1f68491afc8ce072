"""Handing in an assignment: checks, versions, files."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import PurePosixPath

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from core.errors import Conflict, DomainError, Forbidden, NotFound, Unprocessable
from core.events import announce
from courses.files.sniff import content_type_of
from courses.models import CourseState, Enrollment
from courses.permissions import opens_at
from courses.services.files import measure
from quizzes import clock, signals
from quizzes.lateness import days_late, share_kept
from quizzes.models import Accepts, Assignment, LatePolicy, Submission, SubmissionFile, SubmissionState
from quizzes.services.attempts import TAKING
from quizzes.services.files import file_name

LONGEST_TEXT = 100_000


def loaded_submission(key: int) -> Submission:
    """The submission as it is now, with everything that receivers of signals look at."""
    return Submission.objects.select_related(
        "enrollment__user", "enrollment__course", "assignment__lesson__section__course"
    ).get(pk=key)


def submit_assignment(
    *, user: User, assignment: Assignment, text: str = "", files: Sequence[UploadedFile] = ()
) -> Submission:
    """A new version, which replaces an ungraded one in the queue.

    Raises NotFound outside of the course, Forbidden `lesson_not_open`, Conflict `enrollment_not_active`, `past_due` or
    `versions_used_up`, Unprocessable `nothing_submitted`, `text_not_accepted`, `text_too_long`, `files_not_accepted`,
    `too_many_files`, `file_empty`, `file_too_large` or `file_type_refused`.
    """
    stored: list[SubmissionFile] = []
    try:
        with transaction.atomic():
            submission = _submit(user, assignment, text, files, stored)
    except BaseException as error:
        # The rows went with the transaction; storage knows nothing of it.
        for file in stored:
            file.content.delete(save=False)
        if files and isinstance(error, Exception):
            refused = isinstance(error, DomainError)
            signal = signals.submission_files_refused if refused else signals.submission_files_failed
            announce(signal, Submission, files=len(files))
        raise
    return submission


def _submit(
    user: User, assignment: Assignment, text: str, files: Sequence[UploadedFile], stored: list[SubmissionFile]
) -> Submission:
    enrollment = _locked_enrollment(user, assignment)
    _check_content(assignment, text, files)
    moment = clock.now()
    opening = opens_at(assignment.lesson)
    if opening and moment < opening:
        raise Forbidden(_("This lesson opens later."), code="lesson_not_open", opens_at=opening.isoformat())
    late = days_late(assignment.due_at, moment)
    if late and assignment.due_at and assignment.late_policy == LatePolicy.REFUSE:
        raise Conflict(_("The due date has passed."), code="past_due", due_at=assignment.due_at.isoformat())
    versions = Submission.objects.filter(enrollment=enrollment, assignment=assignment)
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    if assignment.max_versions is not None and number > assignment.max_versions:
        raise Conflict(
            _("No more versions are accepted."), code="versions_used_up", max_versions=assignment.max_versions
        )
    versions.filter(state=SubmissionState.WAITING).update(
        state=SubmissionState.SUPERSEDED, claimed_by=None, claimed_until=None
    )
    submission = Submission.objects.create(
        assignment=assignment,
        enrollment=enrollment,
        number=number,
        text=text,
        submitted_at=moment,
        days_late=late,
        share_kept=share_kept(late, assignment.late_penalty_percent, assignment.late_floor_percent)
        if late
        else Decimal(1),
    )
    for upload in files:
        _store(submission, upload, stored)
    announce(
        signals.submission_received,
        Submission,
        submission=loaded_submission(submission.pk),
        files=len(stored),
        bytes=sum(file.size for file in stored),
        quarantined=sum(file.quarantined for file in stored),
    )
    return submission


def _locked_enrollment(user: User, assignment: Assignment) -> Enrollment:
    course = assignment.lesson.section.course
    enrollment = (
        Enrollment.objects.select_for_update(of=("self",), no_key=True).filter(user=user, course=course).first()
    )
    if enrollment is None or not assignment.lesson.published or course.state == CourseState.DRAFT:
        raise NotFound(_("There is no such assignment, or you are not enrolled in its course."))
    if enrollment.state not in TAKING:
        raise Conflict(_("The enrollment is not active."), code="enrollment_not_active")
    return enrollment


def _check_content(assignment: Assignment, text: str, files: Sequence[UploadedFile]) -> None:
    if not text.strip() and not files:
        raise Unprocessable(_("There is neither text nor a file."), code="nothing_submitted")
    if text and assignment.accepts == Accepts.FILES:
        raise Unprocessable(_("This assignment takes files only."), code="text_not_accepted")
    if files and assignment.accepts == Accepts.TEXT:
        raise Unprocessable(_("This assignment takes text only."), code="files_not_accepted")
    if len(text) > LONGEST_TEXT:
        raise Unprocessable(_("A text has at most %(most)s characters.") % {"most": LONGEST_TEXT}, code="text_too_long")
    if len(files) > assignment.max_files:
        said = ngettext("At most %(most)s files.", "At most %(most)s files.", assignment.max_files)
        raise Unprocessable(said % {"most": assignment.max_files}, code="too_many_files")
    for file in files:
        if not file.size:
            raise Unprocessable(_("A file is empty."), code="file_empty")
        if file.size > assignment.max_file_bytes:
            raise Unprocessable(
                _("A file has at most %(most)s bytes.") % {"most": assignment.max_file_bytes}, code="file_too_large"
            )
        if PurePosixPath(file_name(file)).suffix.lower() not in assignment.endings:
            raise Unprocessable(_("Files with this ending are not accepted."), code="file_type_refused")


def _store(submission: Submission, upload: UploadedFile, stored: list[SubmissionFile]) -> None:
    size, digest, head = measure(upload.chunks())
    upload.seek(0)
    name = file_name(upload)
    content_type = content_type_of(name, head)
    file = SubmissionFile(
        submission=submission,
        name=name,
        content_type=content_type or "",
        size=size,
        sha256=digest,
        # Refusing it would cost an honest student the due date; serving it would put a grader at risk.
        quarantined=content_type is None,
    )
    file.content.save(name, upload, save=False)
    stored.append(file)
    file.save()


def quarantine_file(*, file: SubmissionFile, quarantined: bool) -> None:
    """Keep a file from everybody, or let it out again."""
    SubmissionFile.objects.filter(pk=file.pk).update(quarantined=quarantined)
