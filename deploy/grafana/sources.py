"""Where panels get their data from: every source is a variable of the dashboard, so that no name is fixed in it."""

from typing import Any

from grafana_foundation_sdk.builders import loki, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

METRICS = DataSourceRef(type_val="prometheus", uid="${datasource}")
REPORTING = DataSourceRef(type_val="grafana-postgresql-datasource", uid="${reporting}")
LOGS = DataSourceRef(type_val="loki", uid="${logs}")


class Statement(Builder[Dataquery]):
    """An SQL statement; the SDK has no builder for PostgreSQL."""

    def __init__(self, sql: str) -> None:
        self._sql = " ".join(sql.split())

    def build(self) -> Dataquery:
        data: dict[str, Any] = {
            "datasource": REPORTING.to_json(),
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": self._sql,
            "refId": "A",
        }
        return UnknownDataquery(data)


def promql(expression: str, legend: str, letter: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(METRICS).expr(expression).legend_format(legend).ref_id(letter)


def logql(expression: str) -> loki.Dataquery:
    return loki.Dataquery().datasource(LOGS).expr(expression).max_lines(200).ref_id("A")
