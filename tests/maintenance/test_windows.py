"""Maintenance windows in the admin, in the log and among the metrics."""

import datetime

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, User
from maintenance import selectors, services
from maintenance.models import MaintenanceWindow

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)
LIST = reverse("admin:maintenance_maintenancewindow_changelist")


@pytest.fixture
def admin(client):
    person = User.objects.create_user(
        email="admin@example.org", password="correct-horse-battery", role=Role.ADMIN, is_superuser=True
    )
    client.force_login(person)
    return client


def plan(after=datetime.timedelta(0)):
    starts = timezone.now() + after
    return services.schedule_window(title="Move the database", starts_at=starts, ends_at=starts + HOUR)


def test_a_window_is_planned_and_ended_in_the_admin(admin):
    now = timezone.localtime()
    times = {
        f"{name}_{part}": f"{moment:{form}}"
        for name, moment in (("starts_at", now), ("ends_at", now + HOUR))
        for part, form in ((0, "%Y-%m-%d"), (1, "%H:%M:%S"))
    }
    answer = admin.post(reverse("admin:maintenance_maintenancewindow_add"), {"title": "Move the database", **times})
    assert answer.status_code == 302, answer.context["adminform"].errors
    (window,) = selectors.open_windows()
    assert "open" in admin.get(LIST).content.decode()
    admin.post(LIST, {"action": "end_now", "_selected_action": [window.pk]})
    assert not selectors.open_windows().exists()
    assert "over" in admin.get(LIST).content.decode()


def test_an_end_before_the_start_is_an_error_of_the_form(admin):
    times = {"starts_at_0": "2099-01-02", "starts_at_1": "10:00", "ends_at_0": "2099-01-02", "ends_at_1": "09:00"}
    answer = admin.post(reverse("admin:maintenance_maintenancewindow_add"), {"title": "x", **times})
    assert answer.context["adminform"].errors == {"ends_at": ["The end must come after the start."]}
    assert not MaintenanceWindow.objects.exists()


def test_what_is_over_can_neither_be_changed_nor_deleted(admin):
    window = plan()
    page = reverse("admin:maintenance_maintenancewindow_change", args=[window.pk])
    assert 'name="title"' in admin.get(page).content.decode()
    services.end_window(window=window)
    assert 'name="title"' not in admin.get(page).content.decode()
    assert admin.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert MaintenanceWindow.objects.count() == 1


def test_open_and_planned_windows_are_told_apart():
    now, later = plan(), plan(after=HOUR)
    assert list(selectors.open_windows()) == [now]
    assert list(selectors.planned_windows()) == [later]
    assert list(selectors.open_windows(timezone.now() + HOUR + datetime.timedelta(minutes=1))) == [later]
    services.end_window(window=later)
    assert not selectors.planned_windows().exists()


@pytest.mark.observability
def test_open_windows_are_counted():
    from observability import facts
    from observability.testing import metric_value as value

    plan(after=HOUR)
    facts.refresh(force=True)
    assert value("lms_maintenance_active") == 0
    plan()
    facts.refresh(force=True)
    assert value("lms_maintenance_active") == 1


def test_without_an_alertmanager_nothing_is_carried_out(monkeypatch):
    monkeypatch.setitem(settings.OPERATIONS, "ALERTMANAGER", "")
    plan()
    assert services.carry_out() == 0
