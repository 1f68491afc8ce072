"""What analytics stores about a person. Erasing keeps it with the enrollment, which then belongs to nobody known."""

from typing import Any

from accounts.models import User
from accounts.personal_data import Part, register
from analytics.models import Engagement

COLUMNS = (
    "course__slug",
    "score",
    "band",
    "items_due",
    "submitted",
    "on_time",
    "prompt",
    "recency",
    "formula_version",
)


def _export(person: User) -> dict[str, Any]:
    rows = Engagement.objects.filter(enrollment__user=person).order_by("course__slug")
    return {
        "engagement": [
            {**dict(zip(COLUMNS, values, strict=False)), "computed_at": values[-1].isoformat()}
            for values in rows.values_list(*COLUMNS, "computed_at")
        ]
    }


def _erase(person: User) -> int:
    return 0


register(Part("analytics", _export, _erase))
