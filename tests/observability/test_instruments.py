"""Metrics with closed label sets: at zero from the start, and what a label does not list is `other`."""

from logging.config import dictConfig

import pytest
from django.conf import settings
from django.db import transaction
from django.dispatch import Signal

from core import events
from observability import business, catalog, instruments
from observability.testing import assert_metric_delta, metric_value, scrape

orders = business.Counter("test_orders_total", "Orders.", labels={"kind": ("book", "pen"), "paid": ("yes", "no")})
level = business.Gauge("test_level", "Level.", labels={"kind": ("book",)}, multiprocess_mode="livesum")
plain = business.Gauge("test_plain", "Plain.")
latency = business.Histogram("test_latency_seconds", "Latency.", labels={"kind": ("book",)})


def test_every_label_set_is_exported_at_zero():
    lines = [line for line in scrape().splitlines() if line.startswith("test_orders_total{")]
    assert lines == [
        f'test_orders_total{{kind="{kind}",paid="{paid}"}} 0.0' for kind in ("book", "pen") for paid in ("yes", "no")
    ]


def test_a_listed_value_is_counted_under_its_name():
    with assert_metric_delta("test_orders_total", 2.5, kind="pen", paid="no"):
        orders.inc(2.5, paid="no", kind="pen")


def test_a_value_that_is_not_listed_is_other_and_counted():
    with (
        assert_metric_delta("test_orders_total", 2, kind="other", paid="yes"),
        assert_metric_delta("test_orders_total", 0, kind="book"),
        assert_metric_delta("observability_unknown_label_values_total", 2, metric="test_orders_total"),
    ):
        orders.inc(kind="<script>", paid="yes")
        orders.inc(kind="a person's name", paid="yes")


def test_invented_values_make_one_series():
    before = sum(line.startswith("test_orders_total{") for line in scrape().splitlines())
    for number in range(1000):
        orders.inc(kind=f"invented {number}", paid="no")
    after = sum(line.startswith("test_orders_total{") for line in scrape().splitlines())
    assert after - before <= 1


@pytest.mark.parametrize("labels", [{}, {"kind": "book"}, {"kind": "book", "paid": "no", "more": "x"}])
def test_wrong_label_names_are_a_programming_error(labels: dict[str, str]):
    with pytest.raises(ValueError, match="has the labels"):
        orders.inc(**labels)


def test_a_gauge_and_a_histogram():
    level.set(3, kind="book")
    level.dec(1, kind="book")
    assert metric_value("test_level", kind="book") == 2
    plain.set(7)
    assert metric_value("test_plain") == 7
    with assert_metric_delta("test_latency_seconds_bucket", 1, le="2.0"):
        latency.observe(1.7, kind="book")
    assert metric_value("test_latency_seconds_bucket", le="1.5") == 0


def test_the_default_buckets_hold_the_deadlines_that_alerts_read():
    assert {0.5, 1.0, 1.5, 2.0, 2.5} <= set(instruments.SECONDS_BUCKETS)


def test_what_is_declared_is_catalogued_with_its_budget():
    entry = next(entry for entry in catalog.entries() if entry.name == "test_orders_total")
    assert entry == catalog.Entry(
        "test_orders_total", "counter", "Orders.", {"kind": ("book", "pen"), "paid": ("yes", "no")}, 9
    )


def test_a_name_is_declared_once():
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        business.Counter("test_orders_total", "Others.")
    with pytest.raises(ValueError, match="declared twice"):
        catalog.add(catalog.Entry("test_orders_total", "counter", "Others.", {}, 1))


def test_a_delta_that_is_not_met_fails():
    with (
        pytest.raises(AssertionError, match=r"test_orders_total.* changed by 1\.0, not by 2"),
        assert_metric_delta("test_orders_total", 2, kind="pen", paid="yes"),
    ):
        orders.inc(kind="pen", paid="yes")


shipped = Signal()


def failing_receiver(sender: object, **kwargs: object) -> None:
    raise RuntimeError("the metric is broken")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("configured_again", [False, True])
def test_a_failing_receiver_is_counted_and_reaches_nobody(configured_again):
    if configured_again:  # as Celery does after Django has started
        dictConfig(settings.LOGGING)
    shipped.connect(failing_receiver)
    try:
        with assert_metric_delta("observability_failures_total", 1, part="receiver"), transaction.atomic():
            events.announce(shipped, sender=object)
    finally:
        shipped.disconnect(failing_receiver)
