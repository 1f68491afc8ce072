"""App configuration of maintenance."""

from django.apps import AppConfig


class MaintenanceConfig(AppConfig):
    name = "maintenance"
    verbose_name = "Scheduled maintenance"

    def ready(self) -> None:
        from maintenance import event_log

        event_log.connect()
