"""How well the engagement score tells who will pass, on what learners really did, beside simpler scores."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.engagement import formula
from analytics.engagement.formula import Components, Item
from lms.oulad.calendar import due_time, noon, opening
from lms.oulad.reader import Assessment, Dataset, Learner, Presentation

SHARES = (0.3, 0.5)
SUCCESS = ("Pass", "Distinction")
BANDS = ("at_risk", "watch", "on_track")


@dataclass(frozen=True)
class Row:
    """A learner who has not withdrawn, at one moment of the presentation."""

    components: Components
    idle_days: float
    on_time_banked_too: float
    passed: bool


def draft(row: Row) -> float:
    """The score that this one is measured against: 100·(0.50·S + 0.30·O + 0.20·2^(-idle days / 14))."""
    return 100 * (0.5 * row.components.submitted + 0.3 * row.on_time_banked_too + 0.2 * 2 ** (-row.idle_days / 14))


SCORES: dict[str, Callable[[Row], float]] = {
    "score": lambda row: row.components.score,
    "draft": draft,
    "submitted": lambda row: row.components.submitted,
}


def report(data: Dataset, *, year: str) -> list[dict[str, Any]]:
    """One entry a moment: rows, AUC of each score, learners and share of successes by band."""
    return [_at(list(rows(data, year=year, share=share)), share) for share in SHARES]


def rows(data: Dataset, *, year: str, share: float) -> Iterator[Row]:
    """Of presentations in `year`, at `share` of their length: learners registered, not withdrawn, and scored."""
    dated: dict[Presentation, list[Assessment]] = {}
    for assessment in data.assessments.values():
        if assessment.due is not None:
            dated.setdefault(assessment.presentation, []).append(assessment)
    for learner in data.learners.values():
        if not learner.presentation[1].startswith(year):
            continue
        row = _row(learner, dated.get(learner.presentation, []), share * data.lengths[learner.presentation])
        if row is not None:
            yield row


def _row(learner: Learner, assessments: Sequence[Assessment], day: float) -> Row | None:
    unknown_exit = learner.result == "Withdrawn" and learner.left is None
    if unknown_exit or (learner.left is not None and learner.left <= day):
        return None
    start = opening(learner.presentation[1])
    at = noon(start, 0) + datetime.timedelta(days=day)
    registered = noon(start, learner.registered) if learner.registered is not None else start
    items = [
        Item(
            due_time(start, assessment.due),
            noon(start, handed_in.day) if (handed_in := learner.submissions.get(assessment.key)) else None,
        )
        for assessment in assessments
        if assessment.due is not None
    ]
    actions = [item.done_at for item in items if item.done_at and start <= item.done_at <= at]
    last = max([start, registered, *actions])
    components = formula.components(items=items, opened_at=start, enrolled_at=registered, last_action_at=last, at=at)
    if components is None:
        return None
    due = [item for item in items if item.due_at <= at]
    on_time = sum(item.done_at is not None and item.done_at <= item.due_at for item in due) / len(due)
    idle = (at - last) / datetime.timedelta(days=1)
    return Row(components, idle, on_time, learner.result in SUCCESS)


def auc(scores: Sequence[float], passed: Sequence[bool]) -> float:
    """The chance that a success scores above a failure, ties halved (Mann and Whitney 1947; Hanley, McNeil 1982).

    Raises ValueError without a success or without a failure.
    """
    good = sum(passed)
    bad = len(passed) - good
    if not good or not bad:
        raise ValueError("the area under the curve needs successes and failures")
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks, first = 0.0, 0
    while first < len(order):
        last = first
        while last < len(order) and scores[order[last]] == scores[order[first]]:
            last += 1
        ranks += (first + 1 + last) / 2 * sum(passed[order[index]] for index in range(first, last))
        first = last
    return (ranks - good * (good + 1) / 2) / (good * bad)


def _at(some: list[Row], share: float) -> dict[str, Any]:
    passed = [row.passed for row in some]
    by_band = {band: [row.passed for row in some if row.components.band == band] for band in BANDS}
    return {
        "share": share,
        "learners": len(some),
        "auc": {name: auc([score(row) for row in some], passed) for name, score in SCORES.items()},
        "bands": {
            band: {"learners": len(found), "success": sum(found) / len(found) if found else None}
            for band, found in by_band.items()
        },
    }
