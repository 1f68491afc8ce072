"""HTTP metrics: django-prometheus' names from one observation a request, every label a closed set.

Two metrics are counted, django_http_responses_total_by_status_view_method and
django_http_requests_latency_seconds_by_view_method; those of django-prometheus that are sums of them are added up at
the scrape. The README has the table of what changed.
"""

import builtins
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from time import perf_counter
from typing import Any

import prometheus_client
from django.core import exceptions as django_exceptions
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template import engines
from django.urls import ResolverMatch, URLPattern, URLResolver, get_resolver
from django_prometheus.middleware import Metrics as StockMetrics
from django_prometheus.middleware import PrometheusBeforeMiddleware
from prometheus_client import Metric
from prometheus_client.samples import Sample

from observability import catalog
from observability.catalog import OTHER
from observability.failures import failures
from observability.multiprocess.values import SlotValue, observe

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
STATUSES = frozenset(str(status.value) for status in HTTPStatus)
NO_VIEW = "<unnamed view>"

RESPONSES = "django_http_responses_total_by_status_view_method"
LATENCY = "django_http_requests_latency_seconds_by_view_method"
EXCEPTIONS_BY_TYPE = "django_http_exceptions_total_by_type"
EXCEPTIONS_BY_VIEW = "django_http_exceptions_total_by_view"
TEMPLATES = "django_http_responses_total_by_templatename"
STREAMING = "django_http_responses_streaming_total"
KEPT = {
    RESPONSES: ("status", "view", "method"),
    LATENCY: ("view", "method"),
    EXCEPTIONS_BY_TYPE: ("type",),
    EXCEPTIONS_BY_VIEW: ("view",),
    TEMPLATES: ("templatename",),
    STREAMING: (),
}
LABEL_VALUES = {
    "status": ("<HTTP status>",),
    "view": ("<view name>",),
    "method": tuple(sorted(METHODS)),
    "type": ("<exception class>",),
    "templatename": ("<template>",),
}
# What an ordinary site uses of views × methods × statuses.
BUDGETS = {
    RESPONSES: 1500,
    LATENCY: 4000,
    EXCEPTIONS_BY_TYPE: 50,
    EXCEPTIONS_BY_VIEW: 100,
    TEMPLATES: 100,
    STREAMING: 1,
}


@dataclass(frozen=True)
class Derived:
    """A metric of django-prometheus that is the sum of another over all labels but `keep`."""

    name: str
    documentation: str
    source: str
    keep: tuple[str, ...]

    def of(self, samples: Iterable[Sample]) -> Metric:
        histogram = self.source == LATENCY
        totals: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for sample in samples:
            name = self.name.removesuffix("_total") + sample.name.removeprefix(self.source)
            labels = tuple((label, value) for label, value in sample.labels.items() if label in (*self.keep, "le"))
            totals[name, labels] = totals.get((name, labels), 0.0) + sample.value
        metric = Metric(self.name.removesuffix("_total"), self.documentation, "histogram" if histogram else "counter")
        for (name, labels), value in totals.items():
            metric.add_sample(name, dict(labels), value)
        return metric


DERIVED = (
    Derived("django_http_requests_before_middlewares_total", "Requests answered.", RESPONSES, ()),
    Derived("django_http_responses_before_middlewares_total", "Responses sent.", RESPONSES, ()),
    Derived("django_http_requests_total_by_method", "Requests answered, by method.", RESPONSES, ("method",)),
    Derived("django_http_responses_total_by_status", "Responses sent, by status.", RESPONSES, ("status",)),
    Derived(
        "django_http_requests_latency_including_middlewares_seconds", "Time to the response, in seconds.", LATENCY, ()
    ),
)
SOURCES = frozenset(derived.source for derived in DERIVED)


def derive(samples: Mapping[str, Iterable[Sample]]) -> list[Metric]:
    """The derived metrics, from the samples of those that are counted."""
    return [derived.of(samples[derived.source]) for derived in DERIVED if derived.source in samples]


def derived_rows() -> list[dict[str, Any]]:
    """The derived metrics, as the catalogue prints them."""
    return [
        {
            "name": metric.name if metric.source == LATENCY else metric.name.removesuffix("_total") + "_total",
            "type": "histogram" if metric.source == LATENCY else "counter",
            "labels": {label: list(LABEL_VALUES[label]) for label in metric.keep},
            "budget": len(BUCKETS) + 3 if metric.source == LATENCY else 20 if metric.keep else 1,
            "help": metric.documentation,
        }
        for metric in DERIVED
    ]


class Off:
    """In the place of a metric of django-prometheus that is not counted."""

    def labels(self, *args: Any, **kwargs: Any) -> "Off":
        return self

    def inc(self, *args: Any, **kwargs: Any) -> None: ...

    def observe(self, *args: Any, **kwargs: Any) -> None: ...


class Metrics(StockMetrics):
    """django-prometheus' metrics, reduced to those of `KEPT`."""

    _instance = None

    def register_metric(
        self, metric_cls: Any, name: str, documentation: str, labelnames: Iterable[str] = (), **kwargs: Any
    ) -> Any:
        if name not in KEPT:
            return Off()
        if name == LATENCY:
            kwargs["buckets"] = BUCKETS
        metric = super().register_metric(metric_cls, name, documentation, labelnames, **kwargs)
        exported = f"{name.removesuffix('_total')}_total" if metric_cls is prometheus_client.Counter else name
        labels = {label: LABEL_VALUES[label] for label in KEPT[name]}
        kind = "counter" if metric_cls is prometheus_client.Counter else "histogram"
        catalog.add(catalog.Entry(exported, kind, documentation, labels, BUDGETS[name]))
        return metric


class Cell:
    """The series of one view, method and status."""

    __slots__ = ("_buckets", "_count", "_stored", "_sum")

    def __init__(self, responses: Any, latency: Any) -> None:
        self._count = responses._value
        self._sum = latency._sum
        self._buckets = latency._buckets
        self._stored = isinstance(self._count, SlotValue)

    def observe(self, seconds: float) -> None:
        bucket = self._buckets[bisect_left(BUCKETS, seconds)]
        if self._stored:
            observe(self._count, self._sum, bucket, seconds)
            return
        self._count.inc(1)
        self._sum.inc(seconds)
        bucket.inc(1)


class MetricsMiddleware(PrometheusBeforeMiddleware):
    """One observation for each response, under WSGI and ASGI; for a stream, when it starts.

    Whatever goes wrong in here, the response goes out.
    """

    metrics_cls = Metrics

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        super().__init__(get_response)
        self._cells: dict[tuple[str, str | None, int], Cell] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.async_mode:
            return self.__acall__(request)
        started = perf_counter()
        response: HttpResponseBase = self.get_response(request)
        self._observe(request, response, perf_counter() - started)
        return response

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        response: HttpResponseBase = await self.get_response(request)
        self._observe(request, response, perf_counter() - started)
        return response

    def _observe(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        try:
            match = request.resolver_match
            view = match.view_name if match is not None else NO_VIEW
            cell = self._cells.get((view, request.method, response.status_code))
            if cell is None:
                cell = self._cell(view, request.method, response.status_code)
            cell.observe(seconds)
            if response.streaming:
                self.metrics.responses_streaming.inc()
            template = getattr(response, "template_name", None)
            if template is not None:
                self.metrics.responses_by_templatename.labels(template_label(template)).inc()
        except Exception:
            failures.inc(part="http")

    def _cell(self, view: str, method: str | None, status: int) -> Cell:
        known_method = method if method in METHODS else OTHER
        # One histogram for whoever invents methods, and not one for each view that they try.
        known_view = view if view in view_names() and known_method != OTHER else OTHER
        known_status = str(status) if str(status) in STATUSES else OTHER
        for code in {known_status, "500"}:
            # At zero before the first error: the first sample of a series is invisible to increase().
            responses = self.metrics.responses_by_status_view_method.labels(code, known_view, known_method)
            if code == known_status:
                found = responses
        cell = Cell(found, self.metrics.requests_latency_by_view_method.labels(known_view, known_method))
        if OTHER not in (known_view, known_method, known_status):
            self._cells[view, method, status] = cell
        return cell

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        try:
            match = request.resolver_match
            view = match.view_name if match is not None else NO_VIEW
            self.metrics.exceptions_by_type.labels(exception_label(exception)).inc()
            self.metrics.exceptions_by_view.labels(view if view in view_names() else OTHER).inc()
        except Exception:
            failures.inc(part="http")


def declare() -> None:
    """Create the 500 counter of every view and method at zero, for this process."""
    counter = Metrics.get_instance().responses_by_status_view_method
    for view, methods in view_methods().items():
        for method in methods:
            counter.labels("500", view, method)


@cache
def view_names() -> frozenset[str]:
    """The names of all views of the root URLconf."""
    return frozenset(view_methods()) | {NO_VIEW}


@cache
def view_methods() -> dict[str, frozenset[str]]:
    """View name to the methods that it handles; GET and POST for a function that doesn't say."""
    found: dict[str, frozenset[str]] = {}
    for name, callback in _views(get_resolver(), ()):
        found[name] = found.get(name, frozenset()) | _methods(callback)
    return found


def _views(resolver: URLResolver, namespaces: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _views(pattern, (*namespaces, pattern.namespace) if pattern.namespace else namespaces)
        elif isinstance(pattern, URLPattern):
            match = ResolverMatch(pattern.callback, (), {}, pattern.name, None, list(namespaces))
            yield match.view_name, pattern.callback


def _methods(callback: Any) -> frozenset[str]:
    actions = getattr(callback, "actions", None)
    if actions:
        return METHODS & {method.upper() for method in actions}
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    if view_class is None:
        return frozenset({"GET", "POST"})
    handled = {method.upper() for method in view_class.http_method_names if hasattr(view_class, method)}
    return (METHODS & handled) - {"OPTIONS", "HEAD"}


@cache
def exception_names() -> frozenset[str]:
    """Exception classes of Python, of Django, and of Django REST framework when it is there."""
    found: list[Any] = [*vars(builtins).values(), *vars(django_exceptions).values(), Http404]
    found += [DatabaseError, *DatabaseError.__subclasses__()]
    found += [child for error in DatabaseError.__subclasses__() for child in error.__subclasses__()]
    try:
        from rest_framework import exceptions as api_exceptions
    except ImportError:
        pass
    else:
        found += vars(api_exceptions).values()
    return frozenset(item.__name__ for item in found if isinstance(item, type) and issubclass(item, Exception))


def exception_label(exception: BaseException) -> str:
    """The nearest class of the exception that is in the closed set."""
    for ancestor in type(exception).__mro__:
        if ancestor.__name__ in exception_names() and ancestor is not Exception:
            return ancestor.__name__
    return OTHER


@cache
def template_names() -> frozenset[str]:
    """Every template file in the directories of the Django template engines."""
    found = set()
    for engine in engines.all():
        for directory in getattr(engine, "template_dirs", ()):
            root = Path(directory)
            found |= {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    return frozenset(found)


def template_label(template: Any) -> str:
    names = [template] if isinstance(template, str) else template if isinstance(template, (list, tuple)) else []
    return next((name for name in names if name in template_names()), OTHER)
