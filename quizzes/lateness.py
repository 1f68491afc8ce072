"""What a late submission is worth: whole days begun, and the share of its points that is kept."""

import datetime
import math
from decimal import Decimal

DAY = datetime.timedelta(days=1)


def days_late(due_at: datetime.datetime | None, at: datetime.datetime) -> int:
    """Days begun since `due_at`; 0 up to and including that moment, or without one."""
    if due_at is None or at <= due_at:
        return 0
    return math.ceil((at - due_at) / DAY)


def share_kept(days: int, penalty_percent: Decimal, floor_percent: Decimal) -> Decimal:
    """0..1: each day begun takes `penalty_percent`, but `floor_percent` always stays."""
    left = Decimal(100) - days * penalty_percent
    return max(left, floor_percent) / 100
