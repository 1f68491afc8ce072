"""The one shape of each kind, what a student sees of it, and what may be answered."""

import json

import pytest

from quizzes.content import ContentError, check_response, normalise, presented
from quizzes.content.schema import opaque_ids

EXAMPLES = {
    "single_choice": {
        "choices": [{"id": "a", "text": "A", "weight": "1", "feedback": "secret"}, {"id": "b", "text": "B"}]
    },
    "multiple_choice": {"choices": [{"id": "a", "text": "A", "weight": "1"}, {"id": "b", "text": "B"}]},
    "true_false": {"correct": True, "feedback": {"true": "secret", "false": "secret"}},
    "numerical": {"answers": [{"value": "42", "feedback": "secret"}], "units": [{"symbol": "m", "factor": "1"}]},
    "short_text": {"answers": [{"text": "secret"}]},
    "matching": {
        "items": [{"id": "i1", "text": "France"}, {"id": "i2", "text": "Italy"}],
        "options": [{"id": "o1", "text": "Paris"}, {"id": "o2", "text": "Rome"}],
        "pairs": {"i1": "o1", "i2": "o2"},
    },
    "ordering": {"items": [{"id": "1", "text": "one"}, {"id": "2", "text": "two"}], "order": ["1", "2"]},
    "fill_in": {"gaps": [{"id": "g1", "answers": [{"text": "secret"}]}]},
    "essay": {"rubric": [{"id": "r", "text": "secret", "points": "2"}]},
    "file_upload": {"rubric": [{"id": "r", "text": "secret", "points": "2"}]},
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_normalising_twice_changes_nothing(kind):
    once = normalise(kind, EXAMPLES[kind])
    assert normalise(kind, json.loads(json.dumps(once))) == once


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_is_presented_holds_no_answer(kind):
    text = json.dumps(presented(kind, normalise(kind, EXAMPLES[kind]), seed="s"))
    for word in ("secret", "weight", "correct", "pairs", "order", "feedback", "answers", "rubric", "42"):
        assert word not in text


def test_ids_of_things_to_order_or_match_tell_nothing():
    for kind in ("ordering", "matching"):
        content = opaque_ids(kind, normalise(kind, EXAMPLES[kind]))
        assert normalise(kind, content) == content
        assert all(len(item["id"]) == 8 for item in content["items"])
        assert opaque_ids(kind, content) == content


def test_things_to_order_are_never_shown_in_their_stored_order():
    items = [{"id": f"{number:08x}", "text": str(number)} for number in range(8)]
    shown = presented("ordering", normalise("ordering", {"items": items, "order": [i["id"] for i in items]}), seed=None)
    reverse = items[::-1]
    again = presented(
        "ordering", normalise("ordering", {"items": reverse, "order": [i["id"] for i in items]}), seed=None
    )
    assert shown["items"] == again["items"] != items


def test_shuffling_is_the_same_for_the_same_seed():
    content = normalise("single_choice", {"choices": [{"id": c, "text": c, "weight": "1"} for c in "abcdefgh"]})
    orders = {seed: [c["id"] for c in presented("single_choice", content, seed=seed)["choices"]] for seed in ("1", "2")}
    assert orders["1"] != orders["2"]
    assert [c["id"] for c in presented("single_choice", content, seed="1")["choices"]] == orders["1"]
    assert [c["id"] for c in presented("single_choice", content, seed=None)["choices"]] == list("abcdefgh")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("riddle", {}),
        ("single_choice", []),
        ("single_choice", {"choices": []}),
        ("single_choice", {"choices": [{"id": "a", "text": "A"}]}),
        ("single_choice", {"choices": [{"id": "a", "text": "A", "weight": "2"}]}),
        ("single_choice", {"choices": [{"id": "a", "text": "A", "weight": "NaN"}]}),
        ("single_choice", {"choices": [{"id": "a", "text": "A", "weight": "1"}] * 2}),
        ("single_choice", {"choices": [{"id": "a", "text": "A", "weight": "1"}], "policy": "weights"}),
        ("multiple_choice", {"choices": [{"id": "a", "text": "A"}], "policy": "weights"}),
        ("multiple_choice", {"choices": [{"id": "a", "text": "A"}], "policy": "half"}),
        ("true_false", {"correct": "yes"}),
        ("numerical", {"answers": [{"value": "x"}]}),
        ("numerical", {"answers": [{"value": "1", "tolerance": "-1"}]}),
        ("numerical", {"answers": [{"value": "1e9999"}]}),
        ("numerical", {"answers": [{"minimum": "2", "maximum": "1"}]}),
        ("short_text", {"answers": [{"text": "(a", "match": "pattern"}]}),
        ("short_text", {"answers": [{"text": r"(a)\1", "match": "pattern"}]}),
        ("short_text", {"answers": [{"text": "a" * 501, "match": "pattern"}]}),
        ("matching", {"items": [{"id": "a", "text": "A"}], "options": [{"id": "b", "text": "B"}], "pairs": {"a": "c"}}),
        ("ordering", {"items": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}], "order": ["a", "a"]}),
        ("fill_in", {"gaps": []}),
        ("essay", {"rubric": [{"id": "a", "text": "A", "points": "0"}]}),
        ("essay", {"longest": True}),
    ],
)
def test_content_that_does_not_fit_is_refused(kind, content):
    with pytest.raises(ContentError):
        normalise(kind, content)


def test_the_prompt_holds_each_gap_once():
    gaps = {"gaps": [{"id": "g1", "answers": [{"text": "a"}]}]}
    assert normalise("fill_in", gaps, "Fill [[g1]].")["gaps"][0]["id"] == "g1"
    for prompt in ("Nothing to fill.", "[[g1]] [[g1]]", "[[g1]] [[g2]]"):
        with pytest.raises(ContentError, match="prompt must hold each gap once"):
            normalise("fill_in", gaps, prompt)


def test_html_is_sanitised():
    content = {"choices": [{"id": "a", "text": "<b>A</b><script>x()</script>", "weight": "1"}]}
    assert normalise("single_choice", content)["choices"][0]["text"] == "<b>A</b>"


@pytest.mark.parametrize(
    ("kind", "response", "stored"),
    [
        ("single_choice", "a", "a"),
        ("multiple_choice", ["b", "a"], ["b", "a"]),
        ("true_false", False, False),
        ("numerical", 1.5, "1.5"),
        ("numerical", "1,5 m", "1,5 m"),
        ("short_text", "x", "x"),
        ("matching", {"i1": "o2", "i2": None}, {"i1": "o2"}),
        ("ordering", ["2", "1"], ["2", "1"]),
        ("fill_in", {"g1": "x"}, {"g1": "x"}),
        ("essay", "text", "text"),
        ("essay", None, None),
    ],
)
def test_answers_as_they_are_stored(kind, response, stored):
    assert check_response(kind, normalise(kind, EXAMPLES[kind]), response) == stored


@pytest.mark.parametrize(
    ("kind", "response"),
    [
        ("single_choice", "z"),
        ("single_choice", ["a"]),
        ("multiple_choice", "a"),
        ("multiple_choice", ["a", "a"]),
        ("multiple_choice", [["a"]]),
        ("true_false", 1),
        ("numerical", True),
        ("numerical", "1" * 1001),
        ("short_text", "a\x00b"),
        ("matching", {"i1": "i2"}),
        ("matching", [["i1", "o1"]]),
        ("ordering", ["1", "1"]),
        ("fill_in", {"g2": "x"}),
        ("fill_in", {"g1": 3}),
        ("essay", "x" * 20_001),
        ("file_upload", "x"),
    ],
)
def test_answers_that_do_not_fit_are_refused(kind, response):
    with pytest.raises(ContentError):
        check_response(kind, normalise(kind, EXAMPLES[kind]), response)
