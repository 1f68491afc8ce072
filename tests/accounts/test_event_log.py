"""Levels of the log lines about people."""

import logging

import pytest

from accounts import signals
from accounts.models import User

FAILED = {"reason": signals.LoginFailure.PASSWORD, "source": "192.0.2.1", "account": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("signal", "facts", "level", "message"),
    [
        (signals.login_failed, FAILED, logging.WARNING, "person.login_failed"),
        (signals.throttled, {"limit": "login_calls", "source": "192.0.2.1"}, logging.WARNING, "limit.reached"),
        (signals.email_verified, {"user": User(email="ada@example.org")}, logging.INFO, "person.email_verified"),
    ],
)
def test_a_refusal_is_a_warning_and_operation_is_info(caplog, signal, facts, level, message):
    caplog.set_level(logging.INFO, logger="accounts.events")
    signal.send(User, **facts)
    assert [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "accounts.events"] == [
        (level, message)
    ]
