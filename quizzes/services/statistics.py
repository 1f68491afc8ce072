"""Statistics per question, computed by the database, stored, and read from there.

facility        mean share of the points earned
discrimination  Pearson's correlation of a question's share with the rest of the attempt's points, the question itself
                left out; for questions that earn all or nothing this is the corrected point-biserial correlation
                (Henrysson 1963, Psychometrika 28)
"""

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery

from outbox import services as outbox
from quizzes import clock
from quizzes.models import Attempt, AttemptState, QuestionStatistics, Quiz

STATISTICS_TOPIC = "quizzes.statistics"

_SUMMARY = """
INSERT INTO quizzes_questionstatistics
    (question_id, attempts, mean_points, facility, discrimination, options, computed_at)
SELECT version.question_id, count(*), avg(answer.points), avg(answer.points / NULLIF(version.points, 0)),
       corr((answer.points / NULLIF(version.points, 0))::float8, (attempt.points - answer.points)::float8),
       '{}'::jsonb, clock_timestamp()
FROM quizzes_attempt attempt
JOIN quizzes_answer answer ON answer.attempt_id = attempt.id
JOIN quizzes_questionversion version ON version.id = answer.version_id
WHERE attempt.quiz_id = %s AND attempt.state = 'graded' AND version.question_id IS NOT NULL
GROUP BY version.question_id
ON CONFLICT (question_id) DO UPDATE SET
    attempts = EXCLUDED.attempts, mean_points = EXCLUDED.mean_points, facility = EXCLUDED.facility,
    discrimination = EXCLUDED.discrimination, options = EXCLUDED.options, computed_at = EXCLUDED.computed_at
"""
_OPTIONS = """
WITH picked AS (
    SELECT version.question_id,
           CASE version.kind WHEN 'multiple_choice' THEN answer.response
                             ELSE jsonb_build_array(answer.response) END AS choices,
           count(*) AS times
    FROM quizzes_attempt attempt
    JOIN quizzes_answer answer ON answer.attempt_id = attempt.id
    JOIN quizzes_questionversion version ON version.id = answer.version_id
    WHERE attempt.quiz_id = %s AND attempt.state = 'graded' AND version.question_id IS NOT NULL
      AND version.kind IN ('single_choice', 'multiple_choice', 'true_false')
      AND jsonb_typeof(answer.response) IN ('array', 'string', 'boolean')
    GROUP BY 1, 2
), counted AS (
    SELECT question_id, choice, sum(times) AS times
    FROM picked, jsonb_array_elements_text(choices) AS choice
    GROUP BY question_id, choice
), collected AS (
    SELECT question_id, jsonb_object_agg(choice, times) AS options FROM counted GROUP BY question_id
)
UPDATE quizzes_questionstatistics statistics SET options = collected.options
FROM collected WHERE collected.question_id = statistics.question_id
"""


@transaction.atomic
def compute_statistics(*, quiz: Quiz) -> None:
    """Count all graded attempts of the quiz again."""
    Quiz.objects.select_for_update(no_key=True).get(pk=quiz.pk)
    QuestionStatistics.objects.filter(question__quiz=quiz).delete()
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY, [quiz.pk])
        cursor.execute(_OPTIONS, [quiz.pk])


@transaction.atomic
def request_statistics(*, quiz: Quiz) -> None:
    """Have the statistics counted soon, off the request path."""
    outbox.publish(topic=STATISTICS_TOPIC, key=f"{quiz.pk}:{clock.now().timestamp():.0f}", payload={"quiz": quiz.pk})


def refresh_statistics() -> int:
    """Count the quizzes that graded an attempt since they were last counted. Returns how many."""
    counted = (
        QuestionStatistics.objects.filter(question__quiz=OuterRef("quiz"))
        .order_by("-computed_at")
        .values("computed_at")
    )
    newer = (
        Attempt.objects.filter(quiz=OuterRef("pk"), state=AttemptState.GRADED)
        .annotate(computed=Subquery(counted[:1]))
        .filter(Q(computed__isnull=True) | Q(graded_at__gt=F("computed")))
    )
    quizzes = list(Quiz.objects.filter(Exists(newer), questions__isnull=False).distinct())
    for quiz in quizzes:
        compute_statistics(quiz=quiz)
    return len(quizzes)
