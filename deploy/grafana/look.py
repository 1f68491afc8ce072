"""Look and feel of every panel, in one place: title, unit, description, thresholds and what an empty one says."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from grafana_foundation_sdk.builders import common, dashboard, timeseries
from grafana_foundation_sdk.builders import logs as logs_builder
from grafana_foundation_sdk.builders import stat as stat_builder
from grafana_foundation_sdk.builders import table as table_builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.sources import LOGS, METRICS, REPORTING, Statement, logql, promql

GREEN, YELLOW, RED = "green", "orange", "red"
RUNBOOKS = "https://lms.example.org/runbooks"
TRACES = "https://sentry.example.org/explore/traces/"
# Grafana fills in the variable, so it stays readable inside of the encoded address.
EXPLORE = "/explore?schemaVersion=1&panes=" + quote(
    '{"logs":{"datasource":"${logs}","queries":[{"refId":"A","expr":"{service_name=\\"lms\\"} | json"}],'
    '"range":{"from":"now-1h","to":"now"}}}',
    safe="${}",
)
Query = tuple[str, str]
COLUMNS = 24
Panel = timeseries.Panel | stat_builder.Panel | table_builder.Panel | logs_builder.Panel
Variable = dashboard.QueryVariable | dashboard.TextBoxVariable


def thresholds(warning: float | None, critical: float | None) -> dashboard.ThresholdsConfig:
    """Values from which on it is worse; a critical one below the warning means that less is worse."""
    if warning is not None and critical is not None and critical < warning:
        falling = [(None, RED), (critical, YELLOW), (warning, GREEN)]
        steps = [models.Threshold(value=value, color=color) for value, color in falling]
        return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
    steps = [models.Threshold(value=None, color=GREEN)]
    for value, color in ((warning, YELLOW), (critical, RED)):
        if value is not None:
            steps.append(models.Threshold(value=value, color=color))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


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
    since: str = "",
) -> timeseries.Panel:
    """A line for each series. `queries` are (expression, legend); `since` is a time range of the panel's own ("7d")."""
    lines = common_models.GraphThresholdsStyleMode.DASHED if warning or critical else None
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .unit(unit)
        .no_value(empty)
        .datasource(METRICS)
        .thresholds(thresholds(warning, critical))
        .min(0)
        .fill_opacity(8)
        .show_points(common_models.VisibilityMode.NEVER)
        .height(8)
        .span(width)
    )
    if lines:
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(lines))
    if since:
        panel = panel.time_from(since)
    for letter, (expression, legend) in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(promql(expression, legend, letter))
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
        .datasource(METRICS)
        .thresholds(thresholds(warning, critical))
        .height(4)
        .span(width)
        .with_target(promql(expression, title, "A"))
    )


def table(
    title: str, sql: str, *, about: str, units: Mapping[str, str] = {}, empty: str = "nobody yet", width: int = 24
) -> table_builder.Panel:
    """The rows of a statement on the reporting schema. `units` are those of columns."""
    panel = (
        table_builder.Panel()
        .title(title)
        .description(about)
        .unit("string")
        .no_value(empty)
        .datasource(REPORTING)
        .thresholds(thresholds(None, None))
        .height(9)
        .span(width)
        .align(common_models.FieldTextAlignment.AUTO)
        .inspect(False)
        .with_target(Statement(sql))
    )
    for column, unit in units.items():
        panel = panel.override_by_name(column, [models.DynamicConfigValue(id_val="unit", value=unit)])
    return panel


def lines(
    title: str, expression: str, *, about: str, empty: str = "no such line", width: int = 24
) -> logs_builder.Panel:
    """Log lines, newest first. `expression` is LogQL."""
    return (
        logs_builder.Panel()
        .title(title)
        .description(about)
        .unit("string")
        .no_value(empty)
        .datasource(LOGS)
        .thresholds(thresholds(None, None))
        .height(9)
        .span(width)
        .show_time(True)
        .wrap_log_message(True)
        .enable_log_details(True)
        .with_target(logql(expression))
    )


def courses() -> dashboard.QueryVariable:
    """The variable `course` of boards that read the reporting schema."""
    return (
        dashboard.QueryVariable("course")
        .label("Course")
        .datasource(REPORTING)
        .query("SELECT DISTINCT course FROM reporting.lesson_completion ORDER BY course")
        .multi(True)
        .include_all(True)
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
        .current(models.VariableOption(text="All", value="$__all", selected=True))
    )


def learner() -> dashboard.TextBoxVariable:
    return dashboard.TextBoxVariable("learner").label("Learner (public id)").default_value("")


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
            dashboard.DatasourceVariable("reporting").label("Reporting").type("grafana-postgresql-datasource")
        )
        .with_variable(dashboard.DatasourceVariable("logs").label("Loki").type("loki"))
        .with_variable(
            dashboard.QueryVariable("instance")
            .label("Instance")
            .datasource(METRICS)
            .query("label_values(up, instance)")
            .multi(True)
            .include_all(True)
            .all_value(".*")
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Alerts")
            .datasource(METRICS)
            .enable(True)
            .icon_color(RED)
            .expr('ALERTS{alertstate="firing", severity=~"critical|warning"}')
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Deployments and restarts")
            .datasource(METRICS)
            .enable(True)
            .icon_color("blue")
            .expr('ALERTS{alertname="ProcessRestarted"}')
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name("Maintenance")
            .datasource(LOGS)
            .enable(True)
            .icon_color("purple")
            .expr('{service_name="lms"} |= "ScheduledMaintenance" | json | event="alert"')
        )
        .link(dashboard.DashboardLink("Runbooks").type(models.DashboardLinkType.LINK).url(RUNBOOKS).icon("doc"))
        .link(dashboard.DashboardLink("Logs").type(models.DashboardLinkType.LINK).url(EXPLORE).icon("external link"))
        .link(dashboard.DashboardLink("Traces").type(models.DashboardLinkType.LINK).url(TRACES).icon("external link"))
        .link(
            dashboard.DashboardLink("Other dashboards")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["lms"])
            .as_dropdown(True)
        )
    )


def with_panels(
    uid: str, title: str, about: str, panels: Sequence[Panel], *, variables: Sequence[Variable] = ()
) -> dashboard.Dashboard:
    built = board(uid, title, about)
    for variable in variables:
        built = built.with_variable(variable)
    x = y = height = 0
    for panel in panels:
        grid = panel.build().grid_pos
        assert grid is not None
        # The SDK goes on in a row until it is full, over the edge too; panels of one height share a row.
        if x + grid.w > COLUMNS or (x and grid.h != height):
            x, y = 0, y + height
        built = built.with_panel(panel.grid_pos(models.GridPos(h=grid.h, w=grid.w, x=x, y=y)))
        x, height = x + grid.w, grid.h
    return built
