"""How a believable term goes: pure, deterministic by seed, no database.

The model is simple on purpose. A learner has a diligence in 0..1 and a favourite hour. Each week a learner who has not
given up works through some lessons in order; the chance to give up falls with diligence and is highest in the first
weeks. Some who gave up come back. Times follow the favourite hour, with a tail into the night before the week ends.
"""

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

LATE_NIGHT_SHARE = 0.12
RETURN_SHARE = 0.15


@dataclass(frozen=True)
class Learner:
    diligence: float
    favourite_hour: int


@dataclass
class History:
    """One learner in one course; all times are aware. `done` holds (lesson index, started, completed)."""

    enrolled: datetime.datetime
    done: list[tuple[int, datetime.datetime, datetime.datetime]] = field(default_factory=list)
    changes: list[tuple[str, datetime.datetime]] = field(default_factory=list)
    state: str = "active"

    @property
    def last_activity(self) -> datetime.datetime:
        times = [self.enrolled, *(at for _, at in self.changes)]
        return max(times + [completed for _, _, completed in self.done])


def learner(chooser: random.Random) -> Learner:
    hour = chooser.choices([9, 13, 17, 20, 22], weights=[2, 2, 3, 5, 2])[0]
    return Learner(diligence=chooser.betavariate(3, 2), favourite_hour=hour)


def moment(chooser: random.Random, who: Learner, day: datetime.datetime) -> datetime.datetime:
    """A time of day on `day` (midnight) that fits the learner."""
    if chooser.random() < LATE_NIGHT_SHARE:
        hour = chooser.choice([23, 24, 25, 26])
    else:
        hour = round(chooser.gauss(who.favourite_hour, 1.5))
    return day + datetime.timedelta(hours=max(6, hour), minutes=chooser.randrange(60), seconds=chooser.randrange(60))


def study(
    chooser: random.Random, who: Learner, *, lessons: int, start: datetime.datetime, now: datetime.datetime, weeks: int
) -> History:
    """One learner's way through a course of `lessons` lessons that began at `start`. Nothing happens after `now`."""
    enrolled = min(moment(chooser, who, start + datetime.timedelta(days=chooser.randrange(14))), now)
    history = History(enrolled=enrolled)
    pace = lessons / weeks * (0.5 + who.diligence)
    reached, carried, clock = 0, 0.0, enrolled
    for day in _study_days(chooser, enrolled, weeks):
        if day > now or reached >= lessons:
            break
        if history.state == "dropped":
            if not _comes_back(chooser, history, who, day, now):
                continue
        elif _gives_up(chooser, who, (day - enrolled).days // 7):
            at = max(moment(chooser, who, day), clock)
            if at > now:
                break
            history.changes.append(("dropped", at))
            history.state, clock = "dropped", at
            continue
        carried += chooser.uniform(0.4, 1.6) * pace / 2
        clock = max(moment(chooser, who, day), clock)
        while carried >= 1 and reached < lessons:
            started = clock
            clock += datetime.timedelta(minutes=chooser.lognormvariate(2.3, 0.5))
            if clock > now:
                return history
            history.done.append((reached, started, clock))
            reached, carried = reached + 1, carried - 1
    if reached == lessons:
        history.changes.append(("completed", clock))
        history.state = "completed"
    return history


def _study_days(chooser: random.Random, enrolled: datetime.datetime, weeks: int) -> Iterator[datetime.datetime]:
    """Two days of each week, in order, as midnights."""
    first = enrolled.replace(hour=0, minute=0, second=0, microsecond=0)
    for week in range(weeks + 4):
        for day in sorted(chooser.sample(range(1, 8), 2)):
            yield first + datetime.timedelta(days=7 * week + day)


def _gives_up(chooser: random.Random, who: Learner, week: int) -> bool:
    return chooser.random() < 0.08 * (1.15 - who.diligence) * (1.6 if week < 3 else 0.7)


def _comes_back(
    chooser: random.Random, history: History, who: Learner, day: datetime.datetime, now: datetime.datetime
) -> bool:
    at = moment(chooser, who, day)
    if at > now or chooser.random() > RETURN_SHARE / 4:
        return False
    history.changes.append(("active", at))
    history.state = "active"
    return True
