"""Dates and settings of a course, from the attributes of its element and its policy.json, which wins."""

import datetime
import json
from typing import Any

from django.utils.dateparse import parse_datetime

from courses.olx.archive import Export
from courses.olx.blocks import OlxError

DATES = {
    "start": "starts_at",
    "end": "ends_at",
    "enrollment_start": "enrollment_opens_at",
    "enrollment_end": "enrollment_closes_at",
}
# What Open edX writes for "no date set"; a course that starts then would never start.
NO_DATE = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


def read_policy(export: Export, run: str) -> dict[str, Any]:
    """The course's entry in policies/RUN/policy.json, empty without one. Raises OlxError when it isn't JSON."""
    entry = _json_object(export, f"policies/{run}/policy.json").get(f"course/{run}", {})
    return entry if isinstance(entry, dict) else {}


def read_grading_policy(export: Export, run: str) -> dict[str, Any]:
    """{graders, cutoffs} of policies/RUN/grading_policy.json as they are. Raises OlxError when it isn't JSON."""
    policy = _json_object(export, f"policies/{run}/grading_policy.json")
    return {"graders": policy.get("GRADER", []), "cutoffs": policy.get("GRADE_CUTOFFS", {})} if policy else {}


def _json_object(export: Export, name: str) -> dict[str, Any]:
    if name not in export:
        return {}
    try:
        value = json.loads(export.text(name))
    except (ValueError, RecursionError):
        raise OlxError(f"{name!r} is not JSON") from None
    return value if isinstance(value, dict) else {}


def course_settings(attributes: dict[str, Any]) -> dict[str, Any]:
    """Fields of a course. Impossible pairs of dates are left out."""
    settings: dict[str, Any] = {
        field: date for name, field in DATES.items() if (date := as_date(attributes.get(name))) is not None
    }
    for first, last in (("starts_at", "ends_at"), ("enrollment_opens_at", "enrollment_closes_at")):
        if first in settings and last in settings and settings[last] <= settings[first]:
            del settings[last]
    settings["self_paced"] = as_bool(attributes.get("self_paced"))
    settings["requires_approval"] = as_bool(attributes.get("invitation_only"))
    return settings


def as_date(value: Any) -> datetime.datetime | None:
    """A date as exports write it: ISO 8601, at times in JSON quotes, `null` for none."""
    if not isinstance(value, str):
        return None
    try:
        moment = parse_datetime(value.strip().strip('"'))
    except ValueError:
        return None
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return None if moment == NO_DATE else moment


def as_bool(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
