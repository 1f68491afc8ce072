"""From days of a presentation to times. The data set keeps its dates to itself: B began in February, J in October."""

import datetime

MONTHS = {"B": 2, "J": 10}


def opening(presentation: str) -> datetime.datetime:
    """Midnight UTC of day 0. Raises ValueError for a name other than a year and B or J."""
    year, letter = presentation[:-1], presentation[-1:]
    if not year.isdigit() or letter not in MONTHS:
        raise ValueError(f"a presentation is called {presentation!r}, not a year and B or J")
    return datetime.datetime(int(year), MONTHS[letter], 1, tzinfo=datetime.UTC)


def due_time(start: datetime.datetime, day: int) -> datetime.datetime:
    """The last second of the day: what is handed in on it is on time."""
    return start + datetime.timedelta(days=day + 1, seconds=-1)


def noon(start: datetime.datetime, day: int) -> datetime.datetime:
    """When something that only its day is known of counts as done."""
    return start + datetime.timedelta(days=day, hours=12)
