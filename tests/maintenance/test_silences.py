"""Maintenance windows against a real Alertmanager: what is silent, until when, and what survives an outage."""

import datetime
import json
import subprocess
import threading
import urllib.request

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from lms import monitoring
from lms.embedded import end_with_parent, free_port
from maintenance import alertmanager, services, tasks
from maintenance.models import MaintenanceWindow
from tests.faults import Proxy, end
from tests.system import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
HOUR = datetime.timedelta(hours=1)
CONFIGURATION = "route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """The real one on a free port; `start` after `stop` comes back without its data."""

    def __init__(self, directory):
        self.directory, self.port, self.starts = directory, free_port(), 0
        self.base = f"http://127.0.0.1:{self.port}"
        (directory / "alertmanager.yml").write_text(CONFIGURATION)

    def start(self):
        self.starts += 1
        with (self.directory / "log").open("ab") as output:
            self.process = subprocess.Popen(
                [
                    monitoring.find("prometheus-alertmanager"),
                    f"--config.file={self.directory / 'alertmanager.yml'}",
                    f"--storage.path={self.directory / str(self.starts)}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--cluster.listen-address=",
                ],
                cwd=monitoring.tools_directory(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,
            )
        wait_for(lambda: self.ask("/-/ready", parse=False), what="Alertmanager")

    def stop(self):
        end(self.process)

    def ask(self, path, body=None, *, parse=True):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            text = answer.read()
        return json.loads(text) if parse and text else text

    def raise_alerts(self):
        self.ask("/api/v2/alerts", [{"labels": {"alertname": name, "severity": name}} for name in STATES])

    def states(self):
        found = {alert["labels"]["severity"]: alert["status"]["state"] for alert in self.ask("/api/v2/alerts")}
        return [found.get(severity) for severity in STATES]

    def silences(self):
        return [item for item in self.ask("/api/v2/silences") if item["status"]["state"] != "expired"]


STATES = ("warning", "critical")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    try:
        monitoring.fetch()
    except (RuntimeError, OSError) as error:
        pytest.skip(f"no Alertmanager, and none to be had: {error}")
    alerting = Alertmanager(tmp_path_factory.mktemp("alertmanager"))
    alerting.start()
    yield alerting
    alerting.stop()


@pytest.fixture
def alerting(running, monkeypatch):
    for left in running.silences():
        alertmanager.expire(running.base, left["id"])
    monkeypatch.setitem(settings.OPERATIONS, "ALERTMANAGER", running.base)
    return running


def plan(*, after=datetime.timedelta(0), lasting=HOUR, title="Move the database"):
    starts = timezone.now() + after
    return services.schedule_window(title=title, starts_at=starts, ends_at=starts + lasting)


def test_warnings_are_silent_while_a_window_is_open_and_pages_are_not(alerting):
    alerting.raise_alerts()
    wait_for(lambda: alerting.states() == ["active", "active"], what="both alerts")
    window = plan()
    services.carry_out()
    wait_for(lambda: alerting.states() == ["suppressed", "active"], what="the silence")
    (silence,) = alerting.silences()
    assert (silence["comment"], silence["createdBy"]) == ("Move the database", f"maintenance {window.public_id}")
    assert services.end_window(window=window)
    services.carry_out()
    wait_for(lambda: alerting.states() == ["active", "active"], what="the end of the silence")
    window.refresh_from_db()
    assert alerting.silences() == []
    assert window.settled_at is not None


def test_a_planned_silence_is_left_with_alertmanager_before_its_time(alerting):
    window = plan(after=HOUR)
    for _ in range(3):
        services.carry_out()
    (silence,) = alerting.silences()
    assert silence["status"]["state"] == "pending"
    assert datetime.datetime.fromisoformat(silence["startsAt"]) == pytest.approx(
        window.starts_at, abs=datetime.timedelta(milliseconds=1)
    )


def test_a_changed_plan_changes_its_silence(alerting):
    window = plan(after=HOUR)
    services.carry_out()
    window.starts_at, window.ends_at, window.title = timezone.now(), timezone.now() + 3 * HOUR, "Longer"
    window.save()
    services.carry_out()
    (silence,) = alerting.silences()
    assert (silence["status"]["state"], silence["comment"]) == ("active", "Longer")
    assert abs(datetime.datetime.fromisoformat(silence["endsAt"]) - window.ends_at) < datetime.timedelta(seconds=1)
    services.carry_out()
    assert [item["id"] for item in alerting.silences()] == [silence["id"]]


def test_a_cancelled_window_leaves_no_silence(alerting):
    window = plan(after=HOUR)
    services.carry_out()
    services.end_window(window=window)
    services.carry_out()
    assert alerting.silences() == []
    assert not services.end_window(window=window), "ended once"


def test_workers_at_the_same_time_open_one_silence(alerting, monkeypatch):
    plan()
    with Proxy(("127.0.0.1", alerting.port)) as proxy:
        proxy.slow(0.3)
        monkeypatch.setitem(settings.OPERATIONS, "ALERTMANAGER", f"http://127.0.0.1:{proxy.port}")

        def work():
            services.carry_out()
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert len(alerting.silences()) == 1


def test_an_alertmanager_that_lost_its_data_is_told_again(alerting):
    window = plan()
    services.carry_out()
    alerting.stop()
    assert tasks.carry_out() == 0
    window.refresh_from_db()
    assert window.settled_at is None
    alerting.start()
    assert alerting.silences() == []
    assert tasks.carry_out() == 1
    assert [item["comment"] for item in alerting.silences()] == ["Move the database"]


def test_an_answer_that_is_not_alertmanagers_is_no_answer(monkeypatch, alerting):
    plan()
    monkeypatch.setitem(settings.OPERATIONS, "ALERTMANAGER", f"{alerting.base}/api/v2/status?")
    assert tasks.carry_out() == 0
    assert alerting.silences() == []


def test_a_window_that_would_never_be_open_is_refused():
    now = timezone.now()
    for starts, ends in ((now, now), (now - 2 * HOUR, now - HOUR), (now, now - HOUR)):
        with pytest.raises(ValidationError):
            services.schedule_window(title="x", starts_at=starts, ends_at=ends)
    assert not MaintenanceWindow.objects.exists()
