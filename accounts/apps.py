"""App configurations: accounts itself, and the admin with our login."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.module_loading import autodiscover_modules


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True

    def ready(self) -> None:
        from accounts import (  # noqa: F401  registers by being imported
            authentication,
            checks,
            event_log,
            receivers,
            service_tokens,
            session_list,
        )

        event_log.connect()
        session_list.replace_allauths_receiver()
        autodiscover_modules("personal_data")


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "accounts.admin_site.AdminSite"
