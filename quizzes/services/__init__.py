"""Everything that changes quizzes, attempts and grades."""

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
from quizzes.services.grading import claim, claim_next, grade_answer, grade_attempt, release
from quizzes.services.importing import adopt_problems, export_questions, store_questions
from quizzes.services.regrading import Change, override_points, preview_regrade, regrade
from quizzes.services.statistics import compute_statistics, refresh_statistics, request_statistics

__all__ = [
    "Change",
    "accommodate",
    "add_answer_file",
    "add_question",
    "adopt_problems",
    "claim",
    "claim_next",
    "compute_statistics",
    "create_quiz",
    "delete_question",
    "delete_quiz",
    "expire_attempts",
    "export_questions",
    "grade_answer",
    "grade_attempt",
    "override_points",
    "preview_regrade",
    "refresh_statistics",
    "regrade",
    "release",
    "remove_answer_file",
    "request_statistics",
    "revise_question",
    "save_answer",
    "set_pool",
    "start_attempt",
    "store_questions",
    "submit_attempt",
    "sweep",
    "update_quiz",
]
