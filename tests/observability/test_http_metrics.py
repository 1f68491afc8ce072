"""HTTP metrics: one observation a request, closed label sets, and never in the way of the response."""

import asyncio
import random
import string
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import include, path
from django.views import View

from observability.failures import failures  # noqa: F401  its series exist
from observability.metrics import http
from observability.testing import assert_metric_delta, metric_value, scrape

RESPONSES = f"{http.RESPONSES}_total"
COUNT = f"{http.LATENCY}_count"


def ok(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


async def async_ok(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def crash(request: HttpRequest) -> HttpResponse:
    raise LookupError("crash")


class InventedError(KeyError):
    pass


def crash_oddly(request: HttpRequest) -> HttpResponse:
    raise InventedError("crash")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([b"a", b"b"]))


def odd_status(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=599)


def template(request: HttpRequest, name: str) -> TemplateResponse:
    return TemplateResponse(request, ["admin/color_theme_toggle.html", name])


class Item(View):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponse("ok")

    def delete(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponse("ok")


urlpatterns: list[Any] = [
    path("ok", ok, name="ok"),
    path("async", async_ok, name="async"),
    path("crash", crash, name="crash"),
    path("crash-oddly", crash_oddly, name="crash-oddly"),
    path("forbidden", forbidden, name="forbidden"),
    path("stream", stream, name="stream"),
    path("odd-status", odd_status, name="odd-status"),
    path("template/<str:name>", template, name="template"),
    path("nested/", include(([path("item/<int:pk>", Item.as_view(), name="item")], "things"), namespace="shop")),
    path("unnamed", Item.as_view(), {"pk": 1}),
]


@pytest.fixture(autouse=True)
def _urls():
    caches = (http.view_names, http.view_methods)
    with override_settings(
        ROOT_URLCONF=__name__, MIDDLEWARE=["observability.metrics.http.MetricsMiddleware"], ALLOWED_HOSTS=["*"]
    ):
        for cached in caches:
            cached.cache_clear()
        yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def web() -> Client:
    return Client(raise_request_exception=False)


def test_a_request_is_observed_once(web: Client):
    with (
        assert_metric_delta(RESPONSES, 1, view="ok", method="GET", status="200"),
        assert_metric_delta(COUNT, 1, view="ok", method="GET"),
        assert_metric_delta(COUNT, 1),
    ):
        web.get("/ok")


def test_an_exception_is_observed_once_and_named(web: Client):
    with (
        assert_metric_delta(RESPONSES, 1, view="crash", method="GET", status="500"),
        assert_metric_delta(COUNT, 1),
        assert_metric_delta(f"{http.EXCEPTIONS_BY_TYPE}_total", 1, type="LookupError"),
        assert_metric_delta(f"{http.EXCEPTIONS_BY_VIEW}_total", 1, view="crash"),
    ):
        assert web.get("/crash").status_code == 500


def test_an_exception_class_of_the_hosts_own_counts_as_the_nearest_known(web: Client):
    with assert_metric_delta(f"{http.EXCEPTIONS_BY_TYPE}_total", 1, type="KeyError"):
        web.get("/crash-oddly")
    assert http.exception_label(type("Odd", (Exception,), {})()) == "other"


def test_names_are_those_of_the_urlconf(web: Client):
    with (
        assert_metric_delta(RESPONSES, 1, view="shop:item", method="DELETE", status="200"),
        assert_metric_delta(RESPONSES, 1, view="shop:item", method="PUT", status="405"),
        assert_metric_delta(RESPONSES, 1, view="<unnamed view>", method="GET", status="404"),
        assert_metric_delta(RESPONSES, 1, view=f"{__name__}.Item", method="GET", status="200"),
    ):
        web.delete("/nested/item/3")
        web.put("/nested/item/3")
        web.get("/no/such/path")
        web.get("/unnamed")


def test_an_unknown_status_is_other(web: Client):
    with assert_metric_delta(RESPONSES, 1, view="odd-status", status="other"):
        web.get("/odd-status")


def test_the_500_counter_is_there_before_the_first_error(web: Client):
    http.declare()
    lines = {line for line in scrape().splitlines() if line.startswith(f"{RESPONSES}{{")}
    expected = {f'{RESPONSES}{{method="{method}",status="500",view="shop:item"}} 0.0' for method in ("GET", "DELETE")}
    assert expected <= lines
    assert http.view_methods()["shop:item"] == {"GET", "DELETE"}


def test_latency_has_the_buckets_that_alerts_read():
    assert {0.5, 1.0, 1.5, 2.0, 2.5} <= set(http.BUCKETS)


def test_a_stream_is_counted_and_left_alone(web: Client):
    with assert_metric_delta("django_http_responses_streaming_total", 1), assert_metric_delta(COUNT, 1, view="stream"):
        assert b"".join(web.get("/stream")) == b"ab"


def test_templates_are_a_closed_set(web: Client):
    name = f"{http.TEMPLATES}_total"
    with assert_metric_delta(name, 1, templatename="admin/color_theme_toggle.html"), assert_metric_delta(name, 1):
        web.get("/template/x")
    assert http.template_label("no/such/template.html") == "other"
    assert http.template_label(["no/such/one.html", "admin/base.html"]) == "admin/base.html"
    assert http.template_label(object()) == "other"


@pytest.mark.parametrize("length", ["abc", "-1", "1e9", "99999999999999999999", "", "1, 1", "\x00"])
def test_a_hostile_content_length_is_harmless(web: Client, length: str):
    assert web.get("/ok", CONTENT_LENGTH=length).status_code == 200


def test_async_views_and_handlers_are_observed():
    async def ask() -> int:
        client = AsyncClient(raise_request_exception=False)
        return sum([(await client.get(f"/{name}")).status_code for name in ("async", "ok", "crash")])

    with (
        assert_metric_delta(COUNT, 1, view="async"),
        assert_metric_delta(COUNT, 1, view="ok"),
        assert_metric_delta(RESPONSES, 1, view="crash", status="500"),
        assert_metric_delta(f"{http.EXCEPTIONS_BY_VIEW}_total", 1, view="crash"),
        assert_metric_delta(COUNT, 3),
    ):
        assert asyncio.run(ask()) == 200 + 200 + 500


def test_hostile_requests_make_few_series(web: Client):
    for path_ in ("/ok", "/x"):
        web.get(path_)
    before = len(scrape().splitlines())
    generator = random.Random(5)

    def text(alphabet: str = string.ascii_uppercase) -> str:
        return "".join(generator.choices(alphabet, k=generator.randrange(3, 20)))

    invented = metric_value(COUNT, view="other", method="other")
    for _ in range(1000):
        web.generic(text(), generator.choice(("/ok", "/crash", "/stream", "/x", "/nested/item/3")))
        web.get(
            f"/{text(string.ascii_letters)}",
            HTTP_HOST=f"{text(string.ascii_lowercase)}.example",
            HTTP_USER_AGENT=text(),
            HTTP_X_REQUEST_ID=text(),
            REMOTE_ADDR=f"10.{generator.randrange(256)}.{generator.randrange(256)}.1",
        )
    for number in range(9000):
        web.get(f"/unknown/{number}")
    after = scrape()
    series = len(after.splitlines()) - before
    assert metric_value(COUNT, view="other", method="other") - invented == 1000
    assert 0 < series <= 40
    assert len(after) <= 2 * 1024 * 1024


def test_a_broken_metric_changes_no_response(web: Client, monkeypatch: pytest.MonkeyPatch):
    def broken(*args: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(http.Cell, "observe", broken)
    monkeypatch.setattr(http, "exception_label", broken)
    with assert_metric_delta("observability_failures_total", 3, part="http"):
        assert web.get("/ok").status_code == 200
        assert web.get("/crash").status_code == 500


def test_stock_names_that_are_sums_are_derived(web: Client):
    def derived(line: str) -> float:
        return next((float(text.rpartition(" ")[2]) for text in scrape().splitlines() if text.startswith(line)), 0.0)

    names = (
        "django_http_requests_before_middlewares_total ",
        "django_http_responses_before_middlewares_total ",
        'django_http_requests_total_by_method_total{method="GET"} ',
        'django_http_responses_total_by_status_total{status="403"} ',
        'django_http_requests_latency_including_middlewares_seconds_bucket{le="+Inf"} ',
        "django_http_requests_latency_including_middlewares_seconds_count ",
    )
    before = {name: derived(name) for name in names}
    web.get("/ok")
    web.get("/forbidden")
    assert [derived(name) - before[name] for name in names] == [2, 2, 2, 1, 2, 2]
    assert metric_value(COUNT) == derived("django_http_requests_latency_including_middlewares_seconds_count ")
