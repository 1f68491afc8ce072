"""What happens in quizzes, in the past tense, sent after commit. Arguments beside `sender` in the comments.

`attempt` comes with its enrollment, user, course, quiz and lesson loaded; `submission` with its
enrollment, user, course, assignment and lesson.
"""

from django.dispatch import Signal

attempt_started = Signal()  # attempt
attempt_submitted = Signal()  # attempt, seconds (since it started)
attempt_expired = Signal()  # attempt, seconds (since it started)
attempt_graded = Signal()  # attempt, by ("machine" or "person"), seconds (since it closed)
attempt_passed = Signal()  # attempt
attempt_failed = Signal()  # attempt
attempt_regraded = Signal()  # attempt, reason_kind ("regrade" or "override")
questions_imported = Signal()  # quiz, format, imported, not_imported (numbers)
submission_received = Signal()  # submission, files, bytes, quarantined (numbers)
submission_files_refused = Signal()  # files (how many came)
submission_files_failed = Signal()  # files (how many came): the fault is the server's
submission_file_served = Signal()  # file, bytes
submission_graded = Signal()  # submission, seconds (since it was handed in)
submission_regraded = Signal()  # submission: its points were overridden
answer_file_received = Signal()  # bytes
answer_file_refused = Signal()  # nothing
answer_file_failed = Signal()  # nothing: the fault is the server's
answer_file_served = Signal()  # bytes
