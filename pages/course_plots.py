"""What the pages of a course plot, from what the selectors say of it."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from analytics.models import Band
from courses.models import EnrollmentState, LessonKind
from pages.plots import Plot, Row, bars, columns
from quizzes.models import QuestionStatistics, Quiz


def of_course(facts: Mapping[str, Any]) -> list[Plot]:
    """`facts` are those of analytics.selectors.course_analytics."""
    people, share = _("People"), _("Share")
    states = [_counted(EnrollmentState(state).label, number) for state, number in facts["enrollments"].items()]
    tenths = [
        (f"{tenth * 10}–{tenth * 10 + 10}", number, str(number))
        for tenth, number in enumerate(facts["progress_distribution"])
    ]
    bands = [_counted(Band(band).label, number) for band, number in facts["engagement"].items()]
    kinds = [
        _share(_(LessonKind(row["kind"]).label), row["completion_rate"])
        for row in facts["lesson_kinds"]
        if row["completion_rate"] is not None
    ]
    plots = [
        bars("states", _("Enrollments"), (_("State"), people), states),
        columns("progress", _("Progress in percent"), (_("Percent"), people), tenths),
        bars("bands", _("Engagement"), (_("Band"), people), bands, note=_("As last counted.")),
    ]
    if kinds:
        plots.append(bars("kinds", _("Completed lessons by kind"), (_("Kind"), share), kinds, most=1.0))
    return plots


def of_attempts(by_day: Mapping[datetime.date, int]) -> Plot:
    rows = [(formats.date_format(day, "MONTH_DAY_FORMAT"), number, str(number)) for day, number in by_day.items()]
    return columns("attempts", _("Quiz attempts started, by day"), (_("Day"), _("Attempts")), rows)


def of_results(quizzes: Iterable[Quiz]) -> list[Plot]:
    """`quizzes` are those of quizzes.course_selectors.quiz_results."""
    graded: list[Any] = [quiz for quiz in quizzes if quiz.graded]  # type: ignore[attr-defined]  # an annotation
    rows = [_share(quiz.lesson.title, float(quiz.mean_percent) / 100) for quiz in graded]
    title = _("Mean result of each quiz")
    return [bars("results", title, (_("Quiz"), _("Mean result")), rows, most=1.0)] if rows else []


def of_questions(rows: Sequence[QuestionStatistics]) -> list[Plot]:
    shares = [
        _share(f"{number}. {row.question.current.title if row.question.current else ''}".rstrip(), row.facility)
        for number, row in enumerate(rows, start=1)
        if row.facility is not None
    ]
    if not shares:
        return []
    note = _("Mean share of the points: the longer, the easier.")
    return [
        bars("facility", _("Facility of each question"), (_("Question"), _("Facility")), shares, most=1.0, note=note)
    ]


def _counted(label: str, number: int) -> Row:
    return _(label), number, str(number)


def _share(label: str, share: float) -> Row:
    return label, share, f"{formats.number_format(share * 100, 0)} %"
