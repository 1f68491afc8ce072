"""The shape of a simulated week, who may be simulated at, and one short term against the real system."""

import json
import random
import subprocess
import sys

import pytest

from pages.vitals import KINDS, read_beacon
from simulation.arguments import arguments, loopback
from simulation.browsers import report
from simulation.codes import totp
from simulation.mails import key_mailed_to
from simulation.shape import DAY, Term, activity, next_visit
from tests.system import ROOT


def visits(seed: int, days: int = 70, per_day: float = 3.0) -> list[float]:
    chooser, now, found = random.Random(seed), 0.0, []
    while (now := next_visit(chooser, now=now, per_day=per_day)) < days * DAY:
        found.append(now)
    return found


def test_the_same_seed_makes_the_same_visits_and_another_others():
    assert visits(1) == visits(1)
    assert visits(1) != visits(2)


def test_visits_follow_the_day_and_the_week_and_their_number_is_as_asked():
    found = visits(1)
    assert 2.5 < len(found) / 70 < 3.5
    nights = sum(2 <= moment % DAY / 3600 < 5 for moment in found)
    evenings = sum(19 <= moment % DAY / 3600 < 22 for moment in found)
    assert nights * 10 < evenings
    saturdays = sum(int(moment // DAY) % 7 == 5 for moment in found)
    mondays = sum(int(moment // DAY) % 7 == 0 for moment in found)
    assert saturdays < mondays
    assert (activity(20 * 3600.0), activity(4 * DAY + 20 * 3600.0)) == (1.0, 0.7)


def test_simulated_time_runs_as_fast_as_asked():
    term = Term(began=100.0, speed=3600.0)
    assert term.said(100.0) == "day 1, 08:00"
    assert term.said(124.0) == "day 2, 08:00"
    assert term.real(7200.0) == 2.0


def test_what_simulated_browsers_report_is_taken_and_believable():
    chooser = random.Random(1)
    read = [read_beacon(json.dumps(report(chooser, "pages:lesson")).encode()) for _ in range(2000)]
    assert {one.page for one in read} == {"pages:lesson"}
    assert {failure.kind for one in read for failure in one.failures} == set(KINDS) - {"csp_violation"}
    paints = sorted(one.vitals["lcp"] for one in read)
    assert 0.5 < paints[1500] < 2.5 < paints[-1]
    assert all(one.vitals["ttfb"] < one.vitals["fcp"] < one.vitals["lcp"] for one in read)
    assert 0 < sum("inp" not in one.vitals for one in read) < 1000


def test_codes_are_those_of_the_standard():
    """RFC 6238, appendix B, with the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert [totp(secret, at) for at in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_the_key_of_the_newest_mail_to_an_address_is_found(tmp_path):
    for number, (to, key) in enumerate([("a@x.org", "one"), ("b@x.org", "two%3Ab"), ("b@x.org", "three%3Ac")]):
        text = f"To: {to}\n\nhttps://lms.example.org/account/verify-email/{key}\n" + "-" * 79 + "\n"
        (tmp_path / f"{number}.log").write_text(text)
    assert key_mailed_to(tmp_path, "a@x.org", "verify-email", seconds=0.1) == "one"
    assert key_mailed_to(tmp_path, "b@x.org", "verify-email", seconds=0.1) in {"three:c", "two:b"}
    assert key_mailed_to(tmp_path, "c@x.org", "verify-email", seconds=0.1) == ""


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--url", "https://lms.example.org"], "https://lms.example.org is not on the loopback interface"),
        (["--url", "http://192.0.2.1:8000"], "http://192.0.2.1:8000 is not on the loopback interface"),
        (["--url", "http://127.0.0.1.example.org"], "http://127.0.0.1.example.org is not on the loopback interface"),
        (["--speed", "0"], "--people and --speed take more than 0"),
        (["--mail", "/nonexistent"], "--mail: /nonexistent is not a directory."),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(words, complaint, capsys):
    with pytest.raises(SystemExit) as refused:
        arguments(words)
    assert refused.value.code == 2
    assert complaint in capsys.readouterr().err


def test_another_host_is_allowed_only_when_it_is_said():
    assert arguments(["--url", "https://staging.example.org", "--anywhere"]).url == "https://staging.example.org"
    assert [loopback(url) for url in ("http://localhost:1", "http://127.9.9.9", "http://[::1]:8000")] == [True] * 3


def test_an_lms_that_is_away_is_named_in_one_line():
    refused = subprocess.run(
        [sys.executable, "-m", "simulation", "--url", "http://127.0.0.1:1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr == "simulate: http://127.0.0.1:1 does not answer: [Errno 111] Connection refused.\n"
