"""App configuration of the composition root."""

from django.apps import AppConfig
from django.conf import settings


class LmsConfig(AppConfig):
    name = "lms"
    verbose_name = "LMS"

    def ready(self) -> None:
        from lms import checks  # noqa: F401  registers the system checks

        if settings.OBSERVABILITY_ENABLED:
            from lms import security
            from observability import context
            from outbox import services as outbox

            security.connect()
            outbox.capture_context = context.capture
            outbox.continue_context = context.continued
