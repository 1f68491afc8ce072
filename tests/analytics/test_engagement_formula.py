"""The engagement score: bounds, monotone in each component, and its parts as documented."""

import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.engagement import formula
from analytics.engagement.formula import Components, Item, components

OPENED = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
NAMES = ("submitted", "on_time", "prompt", "recency")
share = st.floats(0, 1)
shares = st.fixed_dictionaries(dict.fromkeys(NAMES, share))
# The same examples in each run; how long they take to make on a busy machine says nothing about the formula.
steady = settings(derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def of(*items: Item, at: float = 30, acted: float = 30, opened: datetime.datetime | None = OPENED) -> Components | None:
    return components(
        items=items,
        opened_at=opened,
        enrolled_at=OPENED - 5 * DAY,
        last_action_at=OPENED + acted * DAY,
        at=OPENED + at * DAY,
    )


def item(due: float, done: float | None = None) -> Item:
    return Item(OPENED + due * DAY, None if done is None else OPENED + done * DAY)


@steady
@given(shares)
def test_the_score_is_within_0_and_100(parts):
    assert 0 <= Components(**parts).score <= 100 + 1e-9


@steady
@given(shares, st.sampled_from(NAMES), share)
def test_more_of_any_component_never_lowers_the_score(parts, name, other):
    low, high = sorted((parts[name], other))
    assert Components(**parts | {name: low}).score <= Components(**parts | {name: high}).score


@steady
@given(
    st.lists(st.tuples(st.integers(1, 29), st.none() | st.integers(-5, 30)), min_size=1),
    st.integers(0, 30),
    st.data(),
)
def test_doing_an_item_or_doing_it_earlier_in_the_course_never_lowers_the_score(pairs, acted, data):
    index = data.draw(st.integers(0, len(pairs) - 1))
    due, done = pairs[index]
    earlier = data.draw(st.integers(0, 30 if done is None else max(done, 0)))
    before = of(*(item(*pair) for pair in pairs), acted=acted)
    pairs[index] = (due, earlier)
    after = of(*(item(*pair) for pair in pairs), acted=acted)
    assert before is not None
    assert after is not None
    assert after.score >= before.score - 1e-9


def test_each_component_is_what_its_definition_says():
    found = of(item(10, 7), item(20, 22), item(25), item(28, 28), item(40, 5), acted=2)
    assert found is not None
    assert (found.submitted, found.on_time) == (3 / 4, 2 / 4)
    assert found.prompt == pytest.approx(0.5 / 4)  # three days early, and just in time
    assert found.recency == pytest.approx(0.5)
    assert found.score == pytest.approx(50 * 0.75 + 10 * 0.5 + 25 * 0.125 + 15 * 0.5)


def test_work_done_before_the_course_began_is_done_but_neither_on_time_nor_prompt():
    found = of(item(10, -1))
    assert found is not None
    assert (found.submitted, found.on_time, found.prompt) == (1, 0, 0)
    open_ended = of(item(10, -1), opened=None)
    assert open_ended is not None
    assert open_ended.on_time == 1


def test_there_is_no_score_before_an_item_is_due_and_three_days_have_passed():
    assert of(item(1, 0), at=2.99) is None
    assert of(item(31, 0)) is None
    assert of() is None
    assert of(item(1, 0), at=3) is not None


@pytest.mark.parametrize(
    ("score", "band"),
    [(0, "at_risk"), (39.99, "at_risk"), (40, "watch"), (60, "watch"), (60.01, "on_track"), (100, "on_track")],
)
def test_bands(score, band):
    assert formula.band(score) == band


def test_the_weights_are_those_of_a_share():
    assert sum((formula.SUBMITTED, formula.ON_TIME, formula.PROMPT, formula.RECENCY)) == pytest.approx(1)
