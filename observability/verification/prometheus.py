"""What Prometheus knows of its targets, rules and series."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from observability.verification.client import bearer, get_json
from observability.verification.environment import Environment


@dataclass(frozen=True)
class Prometheus:
    """Every method raises Unreachable when Prometheus has no usable answer."""

    url: str
    token: str = ""

    @classmethod
    def of(cls, environment: Environment) -> "Prometheus":
        """Raises Unset."""
        return cls(environment.need("prometheus_url"), environment.prometheus_token)

    def data(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return get_json(f"{self.url}/api/v1/{path}{query}", headers=bearer(self.token))["data"]

    def targets(self) -> list[dict[str, Any]]:
        return list(self.data("targets", {"state": "active"})["activeTargets"])

    def groups(self) -> list[dict[str, Any]]:
        return list(self.data("rules")["groups"])

    def alerts(self) -> list[dict[str, Any]]:
        """Those that are pending or firing."""
        return list(self.data("alerts")["alerts"])

    def vector(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """(labels, value) of each series of an instant query."""
        result = self.data("query", {"query": expression})["result"]
        return [(dict(one["metric"]), float(one["value"][1])) for one in result]

    def number(self, expression: str) -> float | None:
        """The first value; None where there is none."""
        found = self.vector(expression)
        return found[0][1] if found else None
