"""App configuration: finds every installed app's `metrics.py`, starts Sentry when a DSN is set."""

import logging
from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps
from django.utils.module_loading import module_has_submodule

logger = logging.getLogger(__name__)


class ObservabilityConfig(AppConfig):
    name = "observability"

    def ready(self) -> None:
        from observability import checks as metric_checks  # noqa: F401  registers the system checks
        from observability import (
            metrics,
            multiprocess,
            receivers,
            sentry,
            sql_comments,  # noqa: F401  connects itself to new database connections
        )
        from observability.health import metrics as health_metrics  # noqa: F401  its series exist in every process
        from observability.logs import metrics as log_metrics
        from observability.policy import current_policy
        from observability.sentry import checks  # noqa: F401

        current_policy()
        multiprocess.refuse_uncounted_workers()
        log_metrics.install()
        receivers.install()
        metrics.install()
        if find_spec("celery"):
            import_module("observability.celery_context")
        sentry.start()
        for app in apps.get_app_configs():
            if app.name != self.name and app.module and module_has_submodule(app.module, "metrics"):
                import_module(f"{app.name}.metrics")
