"""Every kind, every policy, as tables: what was asked, what was answered, the share it earns."""

from decimal import Decimal

import pytest

from quizzes import scoring
from quizzes.content import normalise

CHOICES = [{"id": "a", "text": "A", "weight": "1"}, {"id": "b", "text": "B", "weight": "0.3"}, {"id": "c", "text": "C"}]
TWO_OF_FOUR = [
    {"id": "a", "text": "A", "weight": "0.5"},
    {"id": "b", "text": "B", "weight": "0.5"},
    {"id": "c", "text": "C", "weight": "-0.5"},
    {"id": "d", "text": "D", "weight": "0"},
]
LETTERS = [{"id": letter, "text": letter} for letter in "abcd"]


def earned(kind, content, response):
    return scoring.fraction(kind, normalise(kind, content), response)


@pytest.mark.parametrize(
    ("response", "share"), [("a", "1"), ("b", "0.3"), ("c", "0"), ("zzz", "0"), (None, "0"), (["a"], "0")]
)
def test_a_single_choice_earns_the_weight_of_what_was_picked(response, share):
    assert earned("single_choice", {"choices": CHOICES}, response) == Decimal(share)


@pytest.mark.parametrize(
    ("policy", "response", "share"),
    [
        ("all_or_nothing", ["a", "b"], "1"),
        ("all_or_nothing", ["a"], "0"),
        ("all_or_nothing", ["a", "b", "d"], "0"),
        ("right_minus_wrong", ["a"], "0.5"),
        ("right_minus_wrong", ["a", "b", "c"], "0.5"),
        ("right_minus_wrong", ["a", "c"], "0"),
        ("right_minus_wrong", ["c", "d"], "0"),
        ("each_choice", ["a"], "0.75"),
        ("each_choice", ["c"], "0.25"),
        ("each_choice", ["a", "b"], "1"),
        ("weights", ["a", "b"], "1"),
        ("weights", ["a", "c"], "0"),
        ("weights", ["a", "d"], "0.5"),
        ("weights", ["c"], "0"),
        ("weights", [], "0"),
    ],
)
def test_multiple_choice_policies(policy, response, share):
    assert earned("multiple_choice", {"choices": TWO_OF_FOUR, "policy": policy}, response) == Decimal(share)


def test_picking_nothing_earns_nothing_even_when_each_left_choice_would_be_right():
    content = {"choices": TWO_OF_FOUR, "policy": "each_choice"}
    assert earned("multiple_choice", content, []) == 0


@pytest.mark.parametrize(
    ("correct", "response", "share"), [(True, True, 1), (True, False, 0), (False, False, 1), (False, 0, 0)]
)
def test_true_false(correct, response, share):
    assert earned("true_false", {"correct": correct}, response) == share


ABSOLUTE = {"answers": [{"value": "1822", "tolerance": "5"}]}
EXACT_THEN_CLOSE = {"answers": [{"value": "1822"}, {"value": "1822", "tolerance": "2", "weight": "0.5"}]}
RELATIVE = {"answers": [{"value": "-200", "tolerance": "0.01", "relative": True}]}
RANGE = {"answers": [{"minimum": "0.1", "maximum": "0.3"}]}
UNITS = {
    "answers": [{"value": "1.5", "tolerance": "0.001"}],
    "units": [{"symbol": "m", "factor": "1"}, {"symbol": "cm", "factor": "0.01"}, {"symbol": "km", "factor": "1000"}],
}


@pytest.mark.parametrize(
    ("content", "response", "share"),
    [
        (ABSOLUTE, "1822", "1"),
        (ABSOLUTE, "1827", "1"),
        (ABSOLUTE, "1827.0001", "0"),
        (ABSOLUTE, " 1.822e3 ", "1"),
        (ABSOLUTE, "about 1822", "0"),
        (ABSOLUTE, "1_822", "0"),
        (ABSOLUTE, "NaN", "0"),
        (ABSOLUTE, "Infinity", "0"),
        (ABSOLUTE, "1e999999999", "0"),
        (EXACT_THEN_CLOSE, "1822", "1"),
        (EXACT_THEN_CLOSE, "1821", "0.5"),
        (EXACT_THEN_CLOSE, "1819", "0"),
        (RELATIVE, "-202", "1"),
        (RELATIVE, "−198", "1"),
        (RELATIVE, "-202.1", "0"),
        (RANGE, "0.1", "1"),
        (RANGE, "0.3", "1"),
        (RANGE, "0.30000000000000004", "0"),
        (RANGE, "0,2", "1"),
        (RANGE, "1/5", "1"),
        (RANGE, "1/0", "0"),
        (UNITS, "1.5", "1"),
        (UNITS, "1.5 m", "1"),
        (UNITS, "150cm", "1"),
        (UNITS, "0.0015 km", "1"),
        (UNITS, "150", "0"),
        (UNITS, "1.5 g", "0"),
        (UNITS | {"unit_required": True}, "1.5", "0"),
        (UNITS | {"unit_required": True}, "1,5m", "1"),
    ],
)
def test_numerical_answers_with_tolerance_and_units(content, response, share):
    assert earned("numerical", content, response) == Decimal(share)


@pytest.mark.parametrize(
    ("match", "text", "response", "share"),
    [
        ("exact", "York", "York", 1),
        ("exact", "York", "york", 0),
        ("exact", "New York", "  New   York ", 1),
        ("ignore_case", "Straße", "STRASSE", 1),
        ("ignore_case", "é", "e\u0301", 1),
        ("ignore_case", "York", "Yorks", 0),
        ("pattern", "colou?r", "color", 1),
        ("pattern", "colou?r", "a color", 0),
        ("pattern", "(?i)YORK", "york", 1),
    ],
)
def test_short_texts(match, text, response, share):
    assert earned("short_text", {"answers": [{"text": text, "match": match}]}, response) == share


def test_the_best_text_answer_that_fits_counts():
    answers = [{"text": "(?s).*", "match": "pattern", "weight": "0.25"}, {"text": "Frog"}]
    assert [earned("short_text", {"answers": answers}, text) for text in ("frog", "cat")] == [1, Decimal("0.25")]


def test_a_pattern_that_would_explode_elsewhere_ends_at_once():
    content = {"answers": [{"text": "(a+)+b", "match": "pattern"}]}
    assert earned("short_text", content, "a" * 900) == 0


MATCHING = {
    "items": LETTERS[:3],
    "options": [{"id": "x", "text": "X"}, {"id": "y", "text": "Y"}, {"id": "z", "text": "X"}],
    "pairs": {"a": "x", "b": "y", "c": "z"},
}


@pytest.mark.parametrize(
    ("response", "share"),
    [
        ({"a": "x", "b": "y", "c": "z"}, "1"),
        ({"a": "z", "b": "y", "c": "x"}, "1"),
        ({"a": "x", "b": "x"}, "0.3333"),
        ({"a": "y"}, "0"),
        ({}, "0"),
    ],
)
def test_matching_earns_the_share_of_right_pairs(response, share):
    assert earned("matching", MATCHING, response) == Decimal(share)


@pytest.mark.parametrize(
    ("policy", "response", "share"),
    [
        ("all_or_nothing", "abcd", "1"),
        ("all_or_nothing", "abdc", "0"),
        ("positions", "abdc", "0.5"),
        ("positions", "dcba", "0"),
        ("pairs", "abdc", "0.8333"),
        ("pairs", "dcba", "0"),
        ("pairs", "ab", "0.1667"),
    ],
)
def test_ordering_policies(policy, response, share):
    content = {"items": LETTERS, "order": list("abcd"), "policy": policy}
    assert earned("ordering", content, list(response)) == Decimal(share)


def test_gaps_count_by_their_weight():
    gaps = [{"id": "g1", "answers": [{"text": "winter"}]}, {"id": "g2", "answers": [{"text": "summer"}], "weight": "2"}]
    assert earned("fill_in", {"gaps": gaps}, {"g1": "Winter"}) == Decimal("0.3333")
    assert earned("fill_in", {"gaps": gaps}, {"g1": "x", "g2": "summer"}) == Decimal("0.6667")
    assert earned("fill_in", {"gaps": gaps}, {"g1": "winter", "g2": "summer"}) == 1


@pytest.mark.parametrize("kind", ["essay", "file_upload"])
def test_people_decide_about_essays_and_files_unless_there_is_nothing(kind):
    assert earned(kind, {}, "my text") is None
    assert earned(kind, {}, None) == 0
    assert earned(kind, {}, "") == 0


def test_points_are_rounded_half_up_to_four_places():
    assert scoring.points(Decimal("0.3333"), Decimal("3")) == Decimal("0.9999")
    assert scoring.points(Decimal("0.5"), Decimal("0.0001")) == Decimal("0.0001")


@pytest.mark.parametrize(
    ("scores", "mark", "percent", "passed"),
    [
        ([("1", "1"), ("0", "1")], "50", "50.00", True),
        ([("59.996", "100")], "60", "60.00", False),
        ([("1", "3")], "33.33", "33.33", True),
        ([("0", "2")], "0", "0.00", True),
        ([], "60", "100.00", True),
    ],
)
def test_results(scores, mark, percent, passed):
    result = scoring.result([(Decimal(a), Decimal(b)) for a, b in scores], Decimal(mark))
    assert (result.percent, result.passed) == (Decimal(percent), passed)


@pytest.mark.parametrize(("policy", "percent"), [("highest", "90"), ("latest", "45"), ("average", "66.67")])
def test_scoring_policies(policy, percent):
    assert scoring.combine(policy, [Decimal(65), Decimal(90), Decimal(45)]) == Decimal(percent)


def test_an_unknown_policy_and_no_attempt_are_errors():
    with pytest.raises(ValueError, match="there is no scoring policy"):
        scoring.combine("best", [Decimal(1)])
    with pytest.raises(ValueError, match="no attempt"):
        scoring.combine("highest", [])
