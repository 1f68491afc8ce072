"""Statistics per question, computed by the database, stored, and read from there.

facility        mean share of the points earned
discrimination  Pearson's correlation of a question's share with the rest of the attempt's points, the question itself
                left out; for questions that earn all or nothing this is the corrected point-biserial correlation
                (Henrysson 1963, Psychometrika 28)
"""

from collections import defaultdict
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery

from outbox import services as outbox
from quizzes import clock
from quizzes.models import Attempt, AttemptState, QuestionStatistics, Quiz

STATISTICS_TOPIC = "quizzes.statistics"

# SELECT alone, stored in a second step: only so the database may use several workers.
_ANSWERS = """
FROM quizzes_attempt attempt
JOIN quizzes_answer answer ON answer.attempt_id = attempt.id
JOIN quizzes_questionversion version ON version.id = answer.version_id
WHERE attempt.quiz_id = %s AND attempt.state = 'graded' AND version.question_id IS NOT NULL
"""
_SUMMARY = f"""
SELECT version.question_id, count(*), avg(answer.points::float8),
       avg(answer.points::float8 / NULLIF(version.points::float8, 0)),
       corr(answer.points::float8 / NULLIF(version.points::float8, 0), attempt.points::float8 - answer.points::float8)
{_ANSWERS}
GROUP BY version.question_id
"""
_OPTIONS = f"""
WITH picked AS (
    SELECT version.question_id, answer.response::text AS response, count(*) AS times
    {_ANSWERS} AND version.kind IN ('single_choice', 'multiple_choice', 'true_false')
    GROUP BY 1, 2
), choices AS (
    SELECT question_id, times, CASE jsonb_typeof(response::jsonb) WHEN 'array' THEN response::jsonb
                               ELSE jsonb_build_array(response::jsonb) END AS picks
    FROM picked WHERE response <> 'null'
)
SELECT question_id, choice, sum(times)::int
FROM choices, jsonb_array_elements_text(picks) AS choice
GROUP BY question_id, choice
"""


@transaction.atomic
def compute_statistics(*, quiz: Quiz) -> None:
    """Count all graded attempts of the quiz again."""
    Quiz.objects.select_for_update(no_key=True).get(pk=quiz.pk)
    moment = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARY, [quiz.pk])
        summaries = cursor.fetchall()
        cursor.execute(_OPTIONS, [quiz.pk])
        options: dict[int, dict[str, int]] = defaultdict(dict)
        for question_id, choice, times in cursor.fetchall():
            options[question_id][choice] = times
    QuestionStatistics.objects.filter(question__quiz=quiz).delete()
    QuestionStatistics.objects.bulk_create(
        QuestionStatistics(
            question_id=question_id,
            attempts=attempts,
            mean_points=round(Decimal(mean), 4),
            facility=facility,
            discrimination=discrimination,
            options=options[question_id],
            computed_at=moment,
        )
        for question_id, attempts, mean, facility, discrimination in summaries
    )


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
