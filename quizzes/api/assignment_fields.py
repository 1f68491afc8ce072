"""What the assignments API shows, to whom; and the one shape of the grading queue."""

from typing import Any

from quizzes.api import fields
from quizzes.models import Accepts, Answer, Submission, SubmissionState


def submission_detail(submission: Submission, *, staff: bool) -> dict[str, Any]:
    """Grader and claim are for staff; the student sees the grade and its comment."""
    shown = {
        "id": submission.public_id,
        "assignment": submission.assignment.public_id,
        "version": submission.number,
        "state": submission.state,
        "submitted_at": submission.submitted_at,
        "days_late": submission.days_late,
        "share_kept": submission.share_kept,
        "text": submission.text,
        "files": _files(submission),
        "points": submission.points,
        "percent": submission.percent,
        "passed": submission.passed,
        "comment": submission.comment if submission.state == SubmissionState.GRADED else "",
        "rubric": submission.rubric,
        "person": None,
    }
    if staff:
        shown["person"] = {"id": submission.enrollment.user.public_id, "name": submission.enrollment.user.name}
    return shown


def queue_entry(item: Answer | Submission) -> dict[str, Any]:
    """An answer or a submission that waits for a grade, with what the grader needs."""
    if isinstance(item, Answer):
        return fields.queue_entry(item)
    assignment = item.assignment
    return {
        "attempt": None,
        "position": None,
        "quiz": None,
        "submission": item.public_id,
        "assignment": assignment.public_id,
        "title": assignment.lesson.title,
        "person": {"id": item.enrollment.user.public_id, "name": item.enrollment.user.name},
        "kind": "essay" if assignment.accepts == Accepts.TEXT else "file_upload",
        "prompt": assignment.instructions,
        "points": fields.number(assignment.max_points),
        "rubric": assignment.rubric,
        "response": item.text or None,
        "files": _files(item),
        "waiting_since": item.submitted_at,
        "claimed_until": item.claimed_until,
        "claimed_by": item.claimed_by.name if item.claimed_by else None,
    }


def _files(submission: Submission) -> list[dict[str, Any]]:
    return [
        {"id": file.public_id, "name": file.name, "size": file.size, "quarantined": file.quarantined}
        for file in submission.files.all()
    ]
