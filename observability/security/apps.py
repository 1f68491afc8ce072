"""App configuration."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "observability.security"
    label = "security"
    verbose_name = "Security events"
    default_auto_field = "django.db.models.BigAutoField"
