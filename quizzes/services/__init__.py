"""Everything that changes quizzes, attempts and grades."""

from quizzes.services.assignments import (
    claim_submission,
    create_assignment,
    grade_submission,
    override_submission,
    release_submission,
    update_assignment,
)
from quizzes.services.attempts import expire_attempts, save_answer, start_attempt, submit_attempt, sweep
from quizzes.services.authoring import (
    accommodate,
    add_question,
    create_quiz,
    delete_question,
    delete_quiz,
    revise_question,
    set_pool,
    update_quiz,
)
from quizzes.services.files import add_answer_file, remove_answer_file
from quizzes.services.grading import claim, grade_answer, grade_attempt, release
from quizzes.services.importing import adopt_problems, export_questions, store_questions
from quizzes.services.queue import claim_next
from quizzes.services.regrading import Change, override_points, preview_regrade, regrade
from quizzes.services.statistics import compute_statistics, refresh_statistics, request_statistics
from quizzes.services.submitting import quarantine_file, submit_assignment

__all__ = [
    "Change",
    "accommodate",
    "add_answer_file",
    "add_question",
    "adopt_problems",
    "claim",
    "claim_next",
    "claim_submission",
    "compute_statistics",
    "create_assignment",
    "create_quiz",
    "delete_question",
    "delete_quiz",
    "expire_attempts",
    "export_questions",
    "grade_answer",
    "grade_attempt",
    "grade_submission",
    "override_points",
    "override_submission",
    "preview_regrade",
    "quarantine_file",
    "refresh_statistics",
    "regrade",
    "release",
    "release_submission",
    "remove_answer_file",
    "request_statistics",
    "revise_question",
    "save_answer",
    "set_pool",
    "start_attempt",
    "store_questions",
    "submit_assignment",
    "submit_attempt",
    "sweep",
    "update_assignment",
    "update_quiz",
]
