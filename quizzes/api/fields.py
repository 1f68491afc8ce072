"""What attempts and questions look like to the one who asks. Students' views are built from what they may see."""

from typing import Any

from quizzes import clock
from quizzes.content import presented, revealed
from quizzes.models import Answer, Attempt, AttemptState, Question
from quizzes.selectors import shows_feedback


def number(value: Any) -> str | None:
    """Decimals as plain text: 1.5, not 1.5000 or 1.5E+0."""
    return None if value is None else f"{value.normalize():f}"


def receipt(attempt: Attempt, answered: int, questions: int) -> dict[str, Any]:
    """What submitting fixed: the same for every caller, whatever has happened to the attempt since."""
    return {
        "id": attempt.public_id,
        "quiz": attempt.quiz.public_id,
        "number": attempt.number,
        "closed_as": attempt.closed_as,
        "started_at": attempt.started_at,
        "closed_at": attempt.closed_at,
        "answered": answered,
        "questions": questions,
    }


def attempt_summary(attempt: Attempt, *, staff: bool) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "id": attempt.public_id,
        "quiz": attempt.quiz.public_id,
        "title": attempt.quiz.lesson.title,
        "number": attempt.number,
        "state": attempt.state,
        "started_at": attempt.started_at,
        "deadline_at": attempt.deadline_at,
        "closed_at": attempt.closed_at,
        "closed_as": attempt.closed_as or None,
        "graded_at": attempt.graded_at,
        "points": number(attempt.points),
        "maximum": number(attempt.maximum),
        "percent": number(attempt.percent),
        "passed": attempt.passed,
    }
    if staff:
        summary["person"] = {"id": attempt.enrollment.user.public_id, "name": attempt.enrollment.user.name}
    return summary


def attempt_detail(attempt: Attempt, *, staff: bool) -> dict[str, Any]:
    """The attempt with its questions; what was right only where policy, or the caller's role, allows it."""
    open_book = staff or shows_feedback(attempt)
    moment = clock.now()
    left = (attempt.deadline_at - moment).total_seconds() if attempt.deadline_at else None
    running = attempt.state == AttemptState.IN_PROGRESS
    return attempt_summary(attempt, staff=staff) | {
        "server_time": moment,
        "seconds_left": round(max(0.0, left), 3) if running and left is not None else None,
        "feedback_visible": open_book,
        "answers": [_answer(attempt, answer, open_book) for answer in attempt.answers.all()],
    }


def _answer(attempt: Attempt, answer: Answer, open_book: bool) -> dict[str, Any]:
    version = answer.version
    seed = f"{attempt.seed}:{answer.position}"
    shuffles = attempt.quiz.shuffle_choices
    shown: dict[str, Any] = {
        "position": answer.position,
        "kind": version.kind,
        "prompt": version.prompt,
        "points": number(version.points),
        "parts": presented(version.kind, version.content, seed=seed if shuffles else None),
        **saved(answer),
        "files": [{"id": file.public_id, "name": file.name, "size": file.size} for file in answer.files.all()],
    }
    if open_book:
        shown["feedback"] = {
            "points": number(answer.points),
            "comment": answer.comment,
            "rubric_points": answer.rubric,
            "overridden": answer.overridden,
            "explanation": version.explanation,
            **revealed(version.kind, version.content),
        }
    return shown


def saved(answer: Answer) -> dict[str, Any]:
    return {"response": answer.response, "revision": answer.revision, "saved_at": answer.saved_at}


def question_detail(question: Question) -> dict[str, Any]:
    """For those who teach: everything."""
    version = question.current
    assert version is not None
    return {
        "id": question.public_id,
        "position": question.position,
        "pool": question.pool.name if question.pool else None,
        "version": version.number,
        "kind": version.kind,
        "title": version.title,
        "prompt": version.prompt,
        "points": number(version.points),
        "content": version.content,
        "explanation": version.explanation,
    }


def queue_entry(answer: Answer) -> dict[str, Any]:
    """An answer that waits for a grade, with what the grader needs."""
    attempt = answer.attempt
    return {
        "attempt": attempt.public_id,
        "position": answer.position,
        "quiz": attempt.quiz.public_id,
        "submission": None,
        "assignment": None,
        "title": attempt.quiz.lesson.title,
        "person": {"id": attempt.enrollment.user.public_id, "name": attempt.enrollment.user.name},
        "kind": answer.version.kind,
        "prompt": answer.version.prompt,
        "points": number(answer.version.points),
        "rubric": answer.version.content.get("rubric", []),
        "response": answer.response,
        "files": [{"id": file.public_id, "name": file.name, "size": file.size} for file in answer.files.all()],
        "waiting_since": attempt.closed_at,
        "claimed_until": answer.claimed_until,
        "claimed_by": answer.claimed_by.name if answer.claimed_by else None,
    }
