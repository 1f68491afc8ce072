"""announce(): after the commit, to everybody, whatever a receiver does."""

import pytest
from django.db import transaction
from django.dispatch import Signal

from core.events import announce


@pytest.mark.django_db(transaction=True)
def test_the_signal_is_sent_after_the_commit():
    happened, seen = Signal(), []
    happened.connect(lambda **facts: seen.append(facts["what"]), weak=False)
    with transaction.atomic():
        announce(happened, sender=None, what="it")
        assert seen == []
    assert seen == ["it"]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_event_is_never_announced():
    happened, seen = Signal(), []
    happened.connect(lambda **facts: seen.append(facts), weak=False)
    with pytest.raises(RuntimeError), transaction.atomic():
        announce(happened, sender=None)
        raise RuntimeError
    assert seen == []


@pytest.mark.django_db(transaction=True)
def test_a_failing_receiver_reaches_neither_the_caller_nor_the_others(caplog):
    happened, seen = Signal(), []

    def broken(**facts):
        raise RuntimeError("broken receiver")

    happened.connect(broken, weak=False)
    happened.connect(lambda **facts: seen.append(1), weak=False)
    with transaction.atomic():
        announce(happened, sender=None)
    assert seen == [1]
    assert [(record.name, record.levelname) for record in caplog.records] == [("django.dispatch", "ERROR")]
