"""The time zones that a person may choose."""

import zoneinfo
from functools import cache

from accounts.models import User

REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


@cache
def time_zones() -> tuple[str, ...]:
    """Names of the IANA database: places by their region, and UTC; abbreviations and countries are historic there."""
    places = (name for name in zoneinfo.available_timezones() if name.split("/")[0] in REGIONS)
    return ("UTC", *sorted(places))


def zone_of(person: User) -> zoneinfo.ZoneInfo | None:
    """None when `person` has chosen none, or one that the installed database doesn't know any more."""
    if not person.time_zone or person.time_zone not in time_zones():
        return None
    return zoneinfo.ZoneInfo(person.time_zone)
