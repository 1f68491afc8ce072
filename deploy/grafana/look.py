"""Look and feel of every panel, in one place: title, unit, description, thresholds and what an empty one says."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.builders import stat as stat_builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

GREEN, YELLOW, RED = "green", "orange", "red"
LOGS = "https://grafana.example.org/explore"
RUNBOOKS = "https://lms.example.org/runbooks"
DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
Query = tuple[str, str]


def thresholds(warning: float | None, critical: float | None) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=GREEN)]
    for value, color in ((warning, YELLOW), (critical, RED)):
        if value is not None:
            steps.append(models.Threshold(value=value, color=color))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _query(expression: str, legend: str, letter: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(DATASOURCE).expr(expression).legend_format(legend).ref_id(letter)


def graph(
    title: str,
    queries: Sequence[Query],
    *,
    unit: str,
    about: str,
    warning: float | None = None,
    critical: float | None = None,
    empty: str = "Nothing has happened yet",
    width: int = 8,
) -> timeseries.Panel:
    """A line for each series. `queries` are (expression, legend)."""
    lines = common_models.GraphThresholdsStyleMode.DASHED if warning or critical else None
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .unit(unit)
        .no_value(empty)
        .datasource(DATASOURCE)
        .thresholds(thresholds(warning, critical))
        .min(0)
        .fill_opacity(8)
        .show_points(common_models.VisibilityMode.NEVER)
        .height(8)
        .span(width)
    )
    if lines:
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(lines))
    for letter, (expression, legend) in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(_query(expression, legend, letter))
    return panel


def number(
    title: str,
    expression: str,
    *,
    unit: str,
    about: str,
    warning: float | None = None,
    critical: float | None = None,
    empty: str = "none yet",
    width: int = 4,
) -> stat_builder.Panel:
    """One number, coloured by its thresholds."""
    return (
        stat_builder.Panel()
        .title(title)
        .description(about)
        .unit(unit)
        .no_value(empty)
        .datasource(DATASOURCE)
        .thresholds(thresholds(warning, critical))
        .height(4)
        .span(width)
        .with_target(_query(expression, title, "A"))
    )


def board(uid: str, title: str, about: str) -> dashboard.Dashboard:
    """An empty dashboard with what all of them share: variables, annotations and links."""
    return (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["lms"])
        .time("now-6h", "now")
        .refresh("30s")
        .timezone("browser")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("instance")
            .label("Instance")
            .datasource(DATASOURCE)
            .query("label_values(up, instance)")
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Alerts")
            .datasource(DATASOURCE)
            .enable(True)
            .icon_color(RED)
            .expr('ALERTS{alertstate="firing", severity=~"critical|warning"}')
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Deployments and restarts")
            .datasource(DATASOURCE)
            .enable(True)
            .icon_color("blue")
            .expr('ALERTS{alertname="ProcessRestarted"}')
        )
        .link(dashboard.DashboardLink("Runbooks").type(models.DashboardLinkType.LINK).url(RUNBOOKS).icon("doc"))
        .link(dashboard.DashboardLink("Logs").type(models.DashboardLinkType.LINK).url(LOGS).icon("external link"))
        .link(
            dashboard.DashboardLink("Other dashboards")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["lms"])
            .as_dropdown(True)
        )
    )
