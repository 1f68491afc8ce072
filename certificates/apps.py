"""App configuration of certificates."""

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    name = "certificates"

    def ready(self) -> None:
        from certificates import checks, event_log, receivers  # noqa: F401

        event_log.connect()
        receivers.connect()
