"""What `verify_observability` compares and judges: routes, the watch, test alerts, results."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from lms import monitoring
from lms.embedded import end_with_parent, free_ports
from observability.verification import routing, steps, trial, watch
from observability.verification.client import Unreachable, request
from observability.verification.environment import Environment, Unset, from_variables
from observability.verification.expressions import metrics_of
from observability.verification.result import FAILED, PASSED, SKIPPED, Result, exit_code, table
from tests.system import ROOT, wait_for

CONFIG = yaml.safe_load((ROOT / "deploy" / "alertmanager" / "alertmanager.yml").read_text())


def changed(**changes) -> dict:
    return json.loads(json.dumps(CONFIG)) | changes


def test_the_versioned_configuration_has_no_differences_from_itself():
    assert routing.differences(changed(), CONFIG) == []


def test_alertmanagers_own_spelling_makes_no_difference():
    """It prints matchers quoted, durations in its own units, and adds what it takes for granted."""
    running = changed()
    running["route"]["group_wait"] = "15000ms"
    running["route"]["continue"] = False
    running["route"]["routes"][1]["matchers"] = ['severity="critical"']
    running["global"] = {"resolve_timeout": "5m"}
    assert routing.differences(running, CONFIG) == []


def _drop_route(config):
    del config["route"]["routes"][1]


def _other_receiver(config):
    config["route"]["routes"][1]["receiver"] = "team"


def _slower(config):
    config["route"]["routes"][1]["repeat_interval"] = "2h"


def _drop_inhibition(config):
    del config["inhibit_rules"][2]


def _no_mail(config):
    del config["receivers"][1]["email_configs"]


def _swap(config):
    routes = config["route"]["routes"]
    routes[1], routes[2] = routes[2], routes[1]


def _unknown_receiver(config):
    config["receivers"].append({"name": "friend", "email_configs": [{"to": "x"}]})


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_drop_route, "route severity=critical is missing"),
        (_other_receiver, "route severity=critical: receiver is 'team', versioned 'pager'"),
        (_slower, "route severity=critical: repeat_interval is 7200000, versioned 3600000"),
        (_drop_inhibition, "inhibition by alertname=ScheduledMaintenance is missing"),
        (_no_mail, "receiver team uses ['slack'], versioned ['email', 'slack']"),
        (_swap, "root route: its routes are in another order"),
        (_unknown_receiver, "receiver friend is not versioned"),
    ],
)
def test_each_change_of_the_routing_is_named(change, line):
    running = changed()
    change(running)
    assert routing.differences(running, CONFIG) == [line]


def test_metrics_are_found_in_expressions_and_functions_are_not():
    assert metrics_of('max by (queue) (celery_queue_messages{queue="a_b"}) > 100 and on () up_time > 0') == {
        "celery_queue_messages",
        "up_time",
    }
    assert metrics_of("predict_linear(site:x:rate5m[6h], 4 * 86400) < 0") == {"site:x:rate5m"}
    assert metrics_of('label_replace(rate(a_total[5m]), "x_y", "$1", "view", "(?:.*:)?([a-z-]+)")') == {"a_total"}


SOUND = watch.Look(
    at=0.0,
    firing=frozenset({(("alertname", "Watchdog"), ("severity", "none"))}),
    rules={"Watchdog (watchdog)": "firing", "Slow (critical)": "inactive"},
    failing={},
    groups={"api": (0.01, 15.0)},
    series={"lms-api": 1000.0},
    names=frozenset({"up", "a_total"}),
    down=frozenset(),
)
FLAPPING = (("alertname", "Slow"), ("instance", "a"))


def looks(count: int = 8, **last) -> watch.Watch:
    seen = [replace(SOUND, at=float(number)) for number in range(count)]
    seen[-1] = replace(seen[-1], **last)
    return watch.Watch(seen)


def test_a_quiet_watch_passes_and_tells_what_never_fired():
    found = watch.report(looks(), ["up", "a_total"])
    assert (found.state, found.problems) == (PASSED, ())
    assert found.facts["never fired"] == ["Slow (critical)"]
    assert found.facts["seconds"] == 7


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ({"groups": {"api": (8.0, 15.0)}}, "slow rules: group api took 8.00 s of its 15 s"),
        ({"names": frozenset({"up"})}, "missing series: a_total has ended"),
        ({"series": {"lms-api": 1600.0}}, "cardinality: lms-api grew from 1000 to 1600 series"),
        ({"failing": {"Slow": "no such label"}}, "rule Slow fails: no such label"),
    ],
)
def test_what_was_odd_is_reported(last, problem):
    found = watch.report(looks(**last), ["up", "a_total"])
    assert (found.state, found.problems) == (FAILED, (problem,))


def test_an_alert_that_begins_again_and_again_is_flapping():
    seen = looks()
    for number in (1, 3, 5):
        seen.looks[number] = replace(seen.looks[number], firing=SOUND.firing | {FLAPPING})
    assert watch.report(seen).problems == ("flapping: Slow (instance=a) began 3 times",)
    seen.looks[5] = SOUND
    assert watch.report(seen).problems == ()


def test_a_metric_of_a_rule_that_never_had_series_and_a_target_that_never_came_up_are_reported():
    seen = looks()
    seen.looks = [replace(one, down=frozenset({"http://a/metrics"})) for one in seen.looks]
    assert watch.report(seen, ["up", "b_total"]).problems == (
        "missing series: b_total has none",
        "target http://a/metrics was down all the time",
    )


def test_without_the_watchdog_or_without_answers_nothing_is_well():
    seen = watch.Watch([replace(one, rules={}) for one in looks().looks])
    assert watch.report(seen).problems == ("Watchdog never fired: whoever waits for it hears nothing",)
    assert watch.report(watch.Watch([SOUND])).state == FAILED
    lost = watch.Watch(looks().looks, missed=4)
    assert watch.report(lost).problems == ("Prometheus did not answer 4 of 12 looks",)


def test_the_exit_code_is_that_of_the_first_failed_step_and_skipped_is_not_failed():
    results = [Result("targets", 10, PASSED, "3 of 3 up"), Result("rules", 11, SKIPPED), Result("routes", 13, PASSED)]
    assert exit_code(results) == 0
    results += [Result("logs", 18, FAILED, problems=("no line",)), Result("watch", 20, FAILED)]
    assert exit_code(results) == 18
    assert table(results).splitlines() == [
        "targets  passed   3 of 3 up",
        "rules    skipped",
        "routes   passed",
        "logs     failed",
        "         - no line",
        "watch    failed",
    ]


def test_nothing_is_passed_that_could_not_be_asked():
    nowhere = Environment()
    for name, (code, _) in steps.STEPS.items():
        result = steps.carry_out(name, nowhere, lambda text: None)
        assert (result.state, result.code, len(result.problems)) == (FAILED, code, 1), name
        assert result.problems[0].endswith(" is set") or result.problems[0].endswith(" is not set")


def test_credentials_come_from_variables_and_are_never_shown(settings):
    found = from_variables({"VERIFY_GRAFANA_URL": "http://g/", "VERIFY_GRAFANA_TOKEN": "very-secret"})
    assert (found.grafana_url, found.grafana_token) == ("http://g", "very-secret")
    assert "very-secret" not in repr(found)
    with pytest.raises(Unset, match="VERIFY_LOKI_URL is not set"):
        found.need("loki_url")


def test_the_log_is_asked_about_its_own_receivers_only(tmp_path):
    """A counter of webhooks grows with every other alert; a line with the fingerprint doesn't."""
    (tmp_path / "log").write_text('{"event": "alert", "status": "firing", "fingerprint": "abc"}\n')
    place = from_variables({"VERIFY_LOG_FILES": str(tmp_path / "log"), "VERIFY_LOG_RECEIVER": "log,team"})
    look = steps.in_log(place)

    def told(status: str, fingerprint: str, *receivers: str) -> bool | None:
        return look(trial.Trial("info", "key", receivers, fingerprint), status)

    assert told("firing", "abc", "log") is True
    assert told("firing", "abc", "team") is True
    assert told("resolved", "abc", "log") is False
    assert told("firing", "other", "log") is False
    assert told("firing", "abc", "pager") is None
    assert told("firing", "abc", "log", "pager") is None


def test_only_http_is_asked_and_silence_has_a_reason():
    with pytest.raises(Unreachable, match="not an HTTP address"):
        request("file:///etc/passwd")
    with pytest.raises(Unreachable, match=r"127.0.0.1:1 does not answer: \[Errno 111\]"):
        request("http://127.0.0.1:1/")


def test_an_unknown_step_and_an_empty_choice_are_refused():
    with pytest.raises(CommandError, match="no step nonsense"):
        call_command("verify_observability", only="nonsense")
    with pytest.raises(CommandError, match="no step is left"):
        call_command("verify_observability", only="logs", skip="logs")


@pytest.fixture
def alertmanager(tmp_path):
    """The real one, whose only channel leads to a closed port."""
    try:
        monitoring.fetch()
    except (RuntimeError, OSError) as error:
        pytest.skip(f"no Alertmanager, and none to be had: {error}")
    port, closed = free_ports(2)
    config = {
        "route": {"receiver": "pager", "group_wait": "0s", "group_interval": "1s", "group_by": ["job"]},
        "receivers": [{"name": "pager", "webhook_configs": [{"url": f"http://127.0.0.1:{closed}/"}]}],
    }
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    with (tmp_path / "log").open("wb") as output:
        process = subprocess.Popen(
            [
                str(monitoring.find("prometheus-alertmanager")),
                f"--config.file={tmp_path / 'alertmanager.yml'}",
                f"--storage.path={tmp_path / 'data'}",
                "--cluster.listen-address=",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            cwd=monitoring.tools_directory(),
            stdout=output,
            stderr=output,
            preexec_fn=end_with_parent,
        )
    found = trial.Alertmanager(replace(Environment(), alertmanager_url=f"http://127.0.0.1:{port}"))

    def ready() -> bool:
        try:
            return bool(found.status())
        except Unreachable:
            return False

    try:
        wait_for(ready, what="Alertmanager")
        yield found
    finally:
        process.kill()
        process.wait()


def test_an_alert_that_its_channel_loses_is_reported_with_the_channel(alertmanager):
    (lost,) = trial.run(
        alertmanager,
        ["critical"],
        channels=steps.channels(alertmanager),
        in_log=lambda one, status: None,
        resolve=False,
        delivery_seconds=3.0,
        every=0.2,
    )
    assert lost.receivers == ("pager",)
    assert lost.delivered_after is None
    assert lost.problem.startswith("critical: pager was not told that it is firing (")
    # Whatever happened, it doesn't go on ringing.
    wait_for(lambda: alertmanager.living(lost) is None, what="the end of the test alert")


def test_the_versioned_files_of_the_settings_exist():
    found = from_variables({})
    for path in (found.prometheus_config, found.alertmanager_config, found.rules, found.dashboards):
        assert Path(path).exists()
