"""The engagement score of a learner in a course, 0 to 100, without marks. Pure. docs/engagement.md says why.

E = 100 · (0.50·S + 0.10·O + 0.25·P + 0.15·R), each component in 0..1, over the items due so far:

S  submitted  items done / items due
O  on time    items done since the course began and by their due time / items due
P  prompt     mean of 1 - 2^(-days before the due time / 3) over the items due; 0 for an item late, not done, or done
              before the course began
R  recency    2^(-days since the last learning action / 28)
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

VERSION = 1
SUBMITTED, ON_TIME, PROMPT, RECENCY = 0.50, 0.10, 0.25, 0.15
PROMPT_HALF_LIFE = 3.0  # days
RECENCY_HALF_LIFE = 28.0  # days
SETTLING = datetime.timedelta(days=3)
AT_RISK_BELOW = 40.0
ON_TRACK_ABOVE = 60.0
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Item:
    """A required lesson with a due time, and when the learner completed it, if so."""

    due_at: datetime.datetime
    done_at: datetime.datetime | None = None


@dataclass(frozen=True)
class Components:
    """Shares, 0..1."""

    submitted: float
    on_time: float
    prompt: float
    recency: float

    @property
    def score(self) -> float:
        return 100 * (
            SUBMITTED * self.submitted + ON_TIME * self.on_time + PROMPT * self.prompt + RECENCY * self.recency
        )

    @property
    def band(self) -> str:
        return band(self.score)


def band(score: float) -> str:
    """At risk below 40, watch from 40 to 60, on track above 60 (values of analytics.models.Band)."""
    if score < AT_RISK_BELOW:
        return "at_risk"
    return "watch" if score <= ON_TRACK_ABOVE else "on_track"


def components(
    *,
    items: Iterable[Item],
    opened_at: datetime.datetime | None,
    enrolled_at: datetime.datetime,
    last_action_at: datetime.datetime,
    at: datetime.datetime,
) -> Components | None:
    """None until one item is due and three days have passed since enrolling and since the course opened."""
    due = [item for item in items if item.due_at <= at]
    begun = max(enrolled_at, opened_at) if opened_at else enrolled_at
    if not due or at < begun + SETTLING:
        return None
    done = [(item.due_at, item.done_at) for item in due if item.done_at is not None and item.done_at <= at]
    timely = [due_at - when for due_at, when in done if when <= due_at and (opened_at is None or when >= opened_at)]
    idle = max(at - last_action_at, datetime.timedelta()) / DAY
    return Components(
        submitted=len(done) / len(due),
        on_time=len(timely) / len(due),
        prompt=sum(1 - 2 ** (-(early / DAY) / PROMPT_HALF_LIFE) for early in timely) / len(due),
        recency=2 ** (-idle / RECENCY_HALF_LIFE),
    )
