"""One INFO line for each thing that happens."""

import logging
from typing import Any

from maintenance import signals
from maintenance.models import MaintenanceWindow

logger = logging.getLogger("maintenance.events")


def _write(event: str, window: MaintenanceWindow) -> None:
    logger.info(
        event,
        extra={
            "event": event,
            "maintenance": str(window.public_id),
            "starts_at": window.starts_at.isoformat(),
            "ends_at": window.over_at.isoformat(),
        },
    )


def on_silenced(sender: Any, *, window: MaintenanceWindow, **kwargs: Any) -> None:
    _write("maintenance.silenced", window)


def on_over(sender: Any, *, window: MaintenanceWindow, **kwargs: Any) -> None:
    _write("maintenance.over", window)


def connect() -> None:
    signals.maintenance_silenced.connect(on_silenced, dispatch_uid="maintenance.event_log.silenced")
    signals.maintenance_over.connect(on_over, dispatch_uid="maintenance.event_log.over")
