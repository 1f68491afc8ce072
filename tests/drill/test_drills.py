"""What the table of drills promises, without carrying one out."""

import dataclasses
import json

import yaml

from tests.drill import __main__ as command
from tests.drill import report
from tests.drill.drills import DRILLS, WAVES
from tests.drill.model import hushed, warns
from tests.drill.run import Outcome
from tests.drill.world import DEPLOY


def test_every_alert_that_ships_has_a_drill():
    assert command.named(command.without_drill()) == ""


def test_no_drill_expects_an_alert_that_does_not_ship():
    drilled = {(one.alert, one.severity, one.category) for drill in DRILLS for one in drill.expected}
    assert drilled - command.versioned() == set()


def test_drills_of_one_wave_expect_different_messages():
    for wave in WAVES:
        expected = [(one.alert, one.receiver, one.text) for drill in wave for one in drill.expected]
        assert len(expected) == len(set(expected)), [drill.name for drill in wave]


def test_every_inhibition_that_ships_has_a_drill_and_so_have_grouping_and_silence():
    shipped = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())["inhibit_rules"]
    kept = [one for drill in DRILLS for one in drill.hushed]
    assert len([one for one in kept if one.by == "inhibited"]) == len(shipped)
    assert [one for one in kept if one.by == "silenced"]
    assert [drill for drill in DRILLS if drill.together]


def test_what_is_kept_from_its_receiver_needs_no_end():
    (kept,) = hushed("TargetDown")
    quiet = Outcome("a killed exporter", kept, 8.2, None, routing="inhibited, not told to")
    assert quiet.passed
    assert not dataclasses.replace(quiet, problem="team was told").passed
    assert not dataclasses.replace(quiet, fired=None).passed
    line = report.table([quiet]).splitlines()[-1]
    assert line == "| TargetDown (warning) | a killed exporter | 8 s | inhibited, not told to team | - | passed |"


def test_the_report_says_which_passed_failed_and_were_skipped(tmp_path):
    (expected,) = warns("QueueBacklog")
    passed = Outcome("a flood", expected, 7.4, 2.0)
    failed = dataclasses.replace(passed, resolved=None, problem="never resolved")
    skipped = Outcome("a flood", expected, None, None, "needs root", skipped=True)
    report.write(tmp_path, [passed, failed, skipped], command="make drill", factor=20.0, seconds=9.0)
    assert (tmp_path / "drill.md").read_text().splitlines()[4:] == [
        "| QueueBacklog (warning) | a flood | 7 s | team | 2 s | passed |",
        "| QueueBacklog (warning) | a flood | 7 s | team | - | FAILED: never resolved |",
        "| QueueBacklog (warning) | a flood | - | team | - | SKIPPED: needs root |",
    ]
    document = json.loads((tmp_path / "drill.json").read_text())
    assert [(row["passed"], row["skipped"]) for row in document["drills"]] == [
        (True, False),
        (False, False),
        (False, True),
    ]
