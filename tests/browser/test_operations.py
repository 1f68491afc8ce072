"""Whoever is on call, in a real browser: in a healthy system, and while parts of it are away."""

import re
import shutil
import subprocess
import uuid

import pytest
import yaml

from lms import monitoring
from lms.embedded import end_with_parent, free_ports
from tests.drill import scaling
from tests.faults import end, frozen
from tests.system import ROOT, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.observability, pytest.mark.timeout(400)]
PASSWORD = "a long and unusual passphrase"
ADMIN = """
from allauth.account.models import EmailAddress
from accounts.models import Role, User
user = User.objects.create_user(email="{email}", password="{password}", name="Ada", role=Role.ADMIN, is_superuser=True)
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""
ELSEWHERE = {
    "LMS_GRAFANA_URL": "https://grafana.example.org",
    "LMS_SENTRY_URL": "https://sentry.example.org/organizations/lms",
    "LMS_PROXY_LOGS_URL": "https://logs.example.org/proxy",
}
SPEED = 120  # the rules' two minutes are a second
BOARDS = {
    "Course Performance": "lms-course-performance",
    "Security Events": "lms-security-events",
    "Student Progress": "lms-student-progress",
    "System Health": "lms-system-health",
}


class OnCall:
    """The product's processes with a Prometheus and an Alertmanager that know them, and an admin."""

    def __init__(self, system: System, ports: dict[str, int], directory) -> None:
        self.system, self.ports, self.directory = system, ports, directory
        self.url = f"http://127.0.0.1:{system.ports['web']}"
        self.email = f"{uuid.uuid4().hex[:8]}@example.org"
        system.manage("shell", "-c", ADMIN.format(email=self.email, password=PASSWORD))
        self._configure()
        self.alertmanager = self._start(
            "prometheus-alertmanager",
            f"--config.file={directory / 'alertmanager.yml'}",
            f"--storage.path={directory / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
            "--cluster.listen-address=",
        )
        self.prometheus = self._start(
            "prometheus",
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
            *monitoring.options_of_prometheus(),
        )

    def _configure(self) -> None:
        source, here, ports = ROOT / "deploy" / "prometheus", self.directory, self.system.ports
        config = scaling.prometheus(yaml.safe_load((source / "prometheus.yml").read_text()), SPEED)
        (here / "prometheus.yml").write_text(yaml.safe_dump(config))
        shutil.copy(source / "recording.yml", here)
        alerts = (source / "alerts.yml").read_text().replace("https://lms.example.org", self.url)
        groups = yaml.safe_load(alerts)["groups"]
        rules = [rule for group in groups for rule in group["rules"] if rule["alert"] in {"Watchdog", "TargetDown"}]
        short = scaling.rules({"groups": [{"name": "few", "rules": rules}]}, SPEED)
        (here / "alerts.yml").write_text(yaml.safe_dump(short))
        (here / "alertmanager.yml").write_text(
            "route: {receiver: nobody, group_wait: 0s}\nreceivers: [{name: nobody}]\n"
        )
        (here / "targets").mkdir()
        for job, port in {
            "lms-api": ports["web_metrics"],
            "lms-worker": ports["worker_metrics"],
            "lms-beat": ports["beat_metrics"],
            "flower": ports["flower"],
            "alertmanager": self.ports["alertmanager"],
        }.items():
            (here / "targets" / f"{job}.yml").write_text(yaml.safe_dump([{"targets": [f"127.0.0.1:{port}"]}]))

    def _start(self, binary: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.directory / f"{binary}.log").open("ab") as output:
            return self.system.starter.submit(
                subprocess.Popen,
                [str(monitoring.find(binary)), *arguments],
                cwd=monitoring.tools_directory(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent,
            ).result()

    def stop(self) -> None:
        for process in (self.prometheus, self.alertmanager):
            if process.poll() is None:
                end(process)


@pytest.fixture(scope="module")
def on_call(tmp_path_factory):
    try:
        monitoring.fetch()
    except (RuntimeError, OSError) as error:
        pytest.skip(f"no Prometheus, and none to be had: {error}")
    directory = tmp_path_factory.mktemp("on-call")
    ports = dict(zip(("prometheus", "alertmanager"), free_ports(2), strict=True))
    variables = ELSEWHERE | {
        "LMS_PROMETHEUS_URL": f"http://127.0.0.1:{ports['prometheus']}",
        "LMS_ALERTMANAGER_URL": f"http://127.0.0.1:{ports['alertmanager']}",
        "LMS_MAINTENANCE_INTERVAL": "1",
    }
    with System(directory / "lms", variables=variables) as system:
        started = OnCall(system, ports, directory)
        yield started
        started.stop()


@pytest.fixture
def page(browser_page, on_call):
    """Logged in, at the page, by what a person sees and presses."""
    browser_page.goto(f"{on_call.url}/admin/")
    browser_page.get_by_label("Email").fill(on_call.email)
    browser_page.get_by_label("Password").fill(PASSWORD)
    browser_page.keyboard.press("Enter")
    browser_page.get_by_role("link", name=re.compile("^Operations")).click()
    browser_page.get_by_role("heading", name="Operations", exact=False).first.wait_for()
    return browser_page


def table(page, heading: str) -> dict[str, str]:
    """First and second cell of each row below a heading."""
    rows = page.locator(f"section:has(> h2:text('{heading}')) tbody tr").all()
    return {row.locator("th").inner_text(): row.locator("td").first.inner_text() for row in rows}


def look_again(page, until, what: str):
    """Press "Look again" until the page shows it."""

    def seen():
        with page.expect_navigation():
            page.get_by_role("link", name="Look again").click()
        return until()

    return wait_for(seen, seconds=60, every=0.5, what=what)


# Links of the admin change their colour gradually.
SETTLED = """() => new Promise(requestAnimationFrame)
    .then(() => Promise.all(document.getAnimations().map(animation => animation.finished)))"""


def in_both_schemes(page, check) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLED)
        check(page)


def test_in_a_healthy_system_everything_works_and_every_figure_is_known(page, on_call, assert_accessible):
    def complete():
        for path in ("/api/schema/", "/api/v1/courses"):
            on_call.system.get(path)
        parts, figures = table(page, "Parts"), table(page, "Figures")
        return set(parts.values()) == {"works"} and "unknown" not in figures.values() and (parts, figures)

    parts, figures = look_again(page, complete, "a healthy system")
    assert {"database", "redis", "broker", "workers", "pool", "outbox", "migrations"} <= parts.keys()
    assert figures["Web servers that answer"] == "1"
    assert figures["Workers that answer"] == "1"
    assert {
        "Beat, overdue",
        "Errors of the API",
        "95th percentile of an answer's time",
        "Database pool in use, the fullest process",
        "Messages in the queue",
        "Last deployment: newest start of a web server",
    } <= figures.keys()
    assert page.get_by_text("No alert fires.").is_visible()
    assert page.get_by_text("None is planned.").is_visible()
    in_both_schemes(page, assert_accessible)


def test_every_link_answers_or_leads_where_the_settings_say(page, on_call):
    links = {
        link.inner_text(): link.evaluate("link => link.href") for link in page.locator("#content .operations a").all()
    }
    ours = {name: url for name, url in links.items() if url.startswith("http://127.0.0.1:")}
    assert {name: url for name, url in links.items() if name not in ours} == {
        "Grafana": "https://grafana.example.org/",
        **{f"Grafana: {title}": f"https://grafana.example.org/d/{uid}" for title, uid in BOARDS.items()},
        "Sentry": "https://sentry.example.org/organizations/lms",
        "Proxy logs": "https://logs.example.org/proxy",
    }
    assert {name: page.request.get(url).status for name, url in ours.items()} == dict.fromkeys(
        (
            "Schedule maintenance", "Prometheus", "Alertmanager", "Runbooks", "Exam day", "Security events", "Outbox",
        ),
        200,
    )  # fmt: skip
    assert page.get_by_text("Flower: no address is set (LMS_FLOWER_URL)").is_visible()


def test_maintenance_is_scheduled_from_here_by_keyboard_and_silences_warnings(page, on_call, assert_accessible):
    page.get_by_role("link", name="Schedule maintenance").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Title").fill("Move the database")
    for name, date in (("Starts at", "2040-01-01"), ("Ends at", "2040-01-02")):
        page.get_by_label(f"{name}: date").fill(date)
        page.get_by_label(f"{name}: time").fill("06:00:00")
    assert_accessible(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was added successfully").wait_for()
    page.goto(f"{on_call.url}/admin/operations/")
    row = page.get_by_role("row", name="Move the database")
    look_again(page, lambda: "silence placed" in row.inner_text(), "the silence at Alertmanager")
    assert "2040-01-01 06:00" in row.inner_text()
    in_both_schemes(page, assert_accessible)


def test_while_parts_are_away_it_says_which_and_leads_to_the_runbook(page, on_call, assert_accessible):
    end(on_call.system.running["flower"])
    alert = page.get_by_role("row", name="TargetDown")
    look_again(page, lambda: alert.count() == 1, "the alert")
    with frozen(on_call.system.servers.valkey):

        def missed():
            parts = table(page, "Parts")
            return {parts.get("redis"), parts.get("broker")} == {"fails: timeout"} and parts

        assert look_again(page, missed, "Redis and the broker to be missed")["database"] == "works"
        assert "warning" in alert.inner_text()
        in_both_schemes(page, assert_accessible)
    page.get_by_role("link", name="Runbook of TargetDown").click()
    page.wait_for_url("**/runbooks#targetdown")
    page.get_by_role("heading", name="TargetDown").wait_for()
    in_both_schemes(page, assert_accessible)
    page.go_back()
    end(on_call.prometheus)
    look_again(page, page.get_by_text("Prometheus can't be reached").is_visible, "Prometheus to be missed")
    assert set(table(page, "Figures").values()) == {"unknown"}
    end(on_call.alertmanager)
    look_again(page, page.get_by_text("whether alerts fire is unknown").is_visible, "Alertmanager to be missed")
    in_both_schemes(page, assert_accessible)
