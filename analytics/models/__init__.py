"""The tables of analytics: what was counted, as of when."""

from analytics.models.consistency import ConsistencyCheck, Inconsistency
from analytics.models.workload import InstructorWorkload

__all__ = ["ConsistencyCheck", "Inconsistency", "InstructorWorkload"]
