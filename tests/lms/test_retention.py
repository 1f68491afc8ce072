"""The retention table: what is too old goes, what is not stays, and beat carries it out."""

import datetime
import re
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import services
from accounts.models import User
from lms import retention

pytestmark = pytest.mark.django_db


def joined(days_ago: int, email: str, *, verified: bool) -> User:
    user = User.objects.create_user(email)
    User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - datetime.timedelta(days=days_ago))
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": verified, "primary": True})
    return user


def test_only_old_sign_ups_that_were_never_verified_go():
    joined(31, "old-unverified@example.org", verified=False)
    joined(29, "new-unverified@example.org", verified=False)
    joined(400, "old-verified@example.org", verified=True)
    services.create_person(email="made@example.org", name="By staff")
    assert retention.run()["sign-ups that were never verified"] == 1
    assert set(User.objects.values_list("email", flat=True)) == {
        "new-unverified@example.org",
        "old-verified@example.org",
        "made@example.org",
    }


def test_expired_sessions_go_and_live_ones_stay():
    now = timezone.now()
    for key, days in (("expired", -1), ("live", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + datetime.timedelta(days=days))
    assert retention.run()["expired sessions"] == 1
    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]


def test_a_failing_rule_stops_no_other(monkeypatch, caplog):
    def fail(keep):
        raise RuntimeError

    broken = retention.Rule("broken", datetime.timedelta(0), fail)
    monkeypatch.setattr(retention, "RULES", (broken, *retention.RULES))
    removed = retention.run()
    assert "broken" not in removed
    assert set(removed) == {rule.name for rule in retention.RULES} - {"broken"}
    assert [record.rule for record in caplog.records if record.levelname == "ERROR"] == ["broken"]


def test_every_scheduled_task_exists():
    from lms import celery_app

    celery_app.loader.import_default_modules()
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in celery_app.tasks, name


def test_the_documented_table_is_the_one_that_runs():
    text = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    for rule in retention.RULES:
        kept = f"{rule.keep.days} days" if rule.keep else "until they expire"
        assert any(line.startswith(f"| {rule.name}") and line.endswith(f"| {kept} |") for line in text.splitlines()), (
            rule.name
        )


def test_every_check_of_ours_is_documented():
    root = Path(__file__).resolve().parents[2]
    text = (root / "docs" / "operations.md").read_text()
    ids = set(re.findall(r'id="(lms\.[EW]\d+)"', (root / "lms" / "checks.py").read_text()))
    assert len(ids) == 5
    assert ids == set(re.findall(r"^\| `(lms\.[EW]\d+)`", text, re.M))
