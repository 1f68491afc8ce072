"""The tables of analytics: what was counted, as of when."""

from analytics.models.consistency import ConsistencyCheck, Inconsistency
from analytics.models.engagement import Band, CourseTally, Engagement, Measure, RefreshMark
from analytics.models.workload import InstructorWorkload

__all__ = [
    "Band",
    "ConsistencyCheck",
    "CourseTally",
    "Engagement",
    "Inconsistency",
    "InstructorWorkload",
    "Measure",
    "RefreshMark",
]
