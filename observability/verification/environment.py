"""Where the parts of the observability stack are, and with which credentials: environment variables only."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from observability.conf import conf

VARIABLES = {
    "base_url": "VERIFY_BASE_URL",
    "prometheus_url": "VERIFY_PROMETHEUS_URL",
    "alertmanager_url": "VERIFY_ALERTMANAGER_URL",
    "grafana_url": "VERIFY_GRAFANA_URL",
    "loki_url": "VERIFY_LOKI_URL",
    "log_files": "VERIFY_LOG_FILES",
    "sentry_url": "VERIFY_SENTRY_URL",
}


class Unset(Exception):
    """Something a step needs is not set; the text names the variable."""


@dataclass(frozen=True)
class Environment:
    """URLs without a slash at the end; "" is unknown. `log_files` is a glob, where a file is the log's store."""

    base_url: str = ""
    prometheus_url: str = ""
    alertmanager_url: str = ""
    grafana_url: str = ""
    loki_url: str = ""
    log_files: str = ""
    sentry_url: str = ""
    sentry_project: str = ""  # organisation/project
    sentry_token: str = field(default="", repr=False)
    grafana_token: str = field(default="", repr=False)
    grafana_user: str = ""
    grafana_password: str = field(default="", repr=False)
    prometheus_token: str = field(default="", repr=False)
    alertmanager_token: str = field(default="", repr=False)
    loki_token: str = field(default="", repr=False)
    prometheus_config: Path = Path()
    alertmanager_config: Path = Path()
    rules: Path = Path()
    dashboards: Path = Path()
    log_receivers: frozenset[str] = frozenset()  # Alertmanager's names of receivers that are the host's own log

    def need(self, name: str) -> str:
        """The value. Raises Unset, naming the variable, where there is none."""
        if value := str(getattr(self, name)):
            return value
        raise Unset(f"{VARIABLES[name]} is not set")


def from_variables(given: Mapping[str, str] = os.environ) -> Environment:
    """What VERIFY_… say. The versioned files are those of the settings unless a variable names others."""

    def url(name: str) -> str:
        return given.get(VARIABLES[name], "").rstrip("/")

    def versioned(name: str) -> Path:
        return Path(given.get(f"VERIFY_{name}") or conf.VERIFY.get(name, ""))

    return Environment(
        base_url=url("base_url"),
        prometheus_url=url("prometheus_url"),
        alertmanager_url=url("alertmanager_url"),
        grafana_url=url("grafana_url"),
        loki_url=url("loki_url"),
        log_files=given.get("VERIFY_LOG_FILES", ""),
        sentry_url=url("sentry_url"),
        sentry_project=given.get("VERIFY_SENTRY_PROJECT", ""),
        sentry_token=given.get("VERIFY_SENTRY_TOKEN", ""),
        grafana_token=given.get("VERIFY_GRAFANA_TOKEN", ""),
        grafana_user=given.get("VERIFY_GRAFANA_USER", ""),
        grafana_password=given.get("VERIFY_GRAFANA_PASSWORD", ""),
        prometheus_token=given.get("VERIFY_PROMETHEUS_TOKEN", ""),
        alertmanager_token=given.get("VERIFY_ALERTMANAGER_TOKEN", ""),
        loki_token=given.get("VERIFY_LOKI_TOKEN", ""),
        prometheus_config=versioned("PROMETHEUS_CONFIG"),
        alertmanager_config=versioned("ALERTMANAGER_CONFIG"),
        rules=versioned("RULES"),
        dashboards=versioned("DASHBOARDS"),
        log_receivers=frozenset(
            filter(None, (given.get("VERIFY_LOG_RECEIVER") or str(conf.VERIFY.get("LOG_RECEIVER", ""))).split(","))
        ),
    )
