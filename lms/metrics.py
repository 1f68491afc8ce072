"""How old the newest backup is."""

import datetime
import math
from pathlib import Path

from django.conf import settings

from lms.backup import archive
from observability import business


def backup_age_seconds() -> float:
    """Not a number where nobody said where backups are; infinite where there is none."""
    if not settings.BACKUP_DIR:
        return math.nan
    taken_at = archive.newest(Path(settings.BACKUP_DIR))
    if taken_at is None:
        return math.inf
    return max(0.0, (datetime.datetime.now(datetime.UTC) - taken_at).total_seconds())


business.fact(
    "lms_backup_age_seconds",
    "Age of the newest complete backup in LMS_BACKUP_DIR; infinite without one.",
    backup_age_seconds,
    every=15,
)
