"""How busy each hour of a week is, and how long a person waits for the next visit: pure, no clock of its own."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

DAY = 86_400.0
# Share of the busiest hour. Learners read before work, at lunch and above all in the evening; hardly anybody at night.
HOURS: Sequence[float] = (
    0.10, 0.05, 0.03, 0.02, 0.02, 0.04, 0.10, 0.25, 0.45, 0.55, 0.60, 0.60,
    0.55, 0.60, 0.65, 0.65, 0.65, 0.70, 0.75, 0.90, 1.00, 0.95, 0.60, 0.25,
)  # fmt: skip
WEEKDAYS: Sequence[float] = (1.0, 1.0, 1.0, 0.95, 0.70, 0.55, 0.90)  # the week begins on a Monday


def activity(second: float) -> float:
    """Activity in 0..1 at a simulated second since a Monday's midnight."""
    day, rest = divmod(second, DAY)
    return HOURS[int(rest // 3600)] * WEEKDAYS[int(day) % 7]


MEAN = sum(activity(hour * 3600.0) for hour in range(7 * 24)) / (7 * 24)


def next_visit(chooser: random.Random, *, now: float, per_day: float) -> float:
    """The simulated second of the next visit after `now`, of a person with `per_day` visits on an average day.

    An inhomogeneous Poisson process by thinning: Lewis and Shedler, 1979, doi:10.1002/nav.3800260304.
    """
    peak = per_day / DAY / MEAN
    while True:
        now += chooser.expovariate(peak)
        if chooser.random() < activity(now):
            return now


@dataclass(frozen=True)
class Term:
    """Simulated time: it begins on a Monday at `hour` o'clock and runs `speed` times as fast as the clock."""

    began: float  # seconds, monotonic
    speed: float
    hour: float = 8.0

    def now(self, clock: float) -> float:
        """Simulated seconds since the Monday's midnight at a monotonic time."""
        return self.hour * 3600 + (clock - self.began) * self.speed

    def real(self, simulated: float) -> float:
        """Real seconds that simulated seconds take."""
        return simulated / self.speed

    def said(self, clock: float) -> str:
        """'day 3, 14:20'"""
        day, rest = divmod(self.now(clock), DAY)
        return f"day {int(day) + 1}, {int(rest // 3600):02}:{int(rest % 3600 // 60):02}"
