"""The content of a question: one JSON shape per kind (content.schema), what a student may see of it
(content.presentation), and what may be answered (content.responses).
"""

from quizzes.content.presentation import presented, revealed
from quizzes.content.responses import check_response
from quizzes.content.schema import ContentError, normalise

__all__ = ["ContentError", "check_response", "normalise", "presented", "revealed"]
