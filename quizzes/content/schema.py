"""The JSON shape of each kind of question. Numbers that score are decimal strings; texts marked HTML are sanitised.

single_choice    {"choices": [{"id", "text": HTML, "weight": "-1".."1", "feedback": HTML}]}; the picked weight scores
multiple_choice  the same and "policy": a ChoicePolicy; a choice is right when its weight is above 0
true_false       {"correct": true, "feedback": {"true": HTML, "false": HTML}}
numerical        {"answers": [{"value", "tolerance", "relative": false, "weight", "feedback"}
                             or {"minimum", "maximum", "weight", "feedback"}],
                  "units": [{"symbol", "factor"}], "unit_required": false}; a typed number times its unit's factor is
                  compared; the first answer that fits scores
short_text       {"answers": [{"text", "match": a TextMatch, "weight", "feedback"}]}; the best answer that fits scores
matching         {"items": [{"id", "text"}], "options": [{"id", "text"}], "pairs": {item id: option id}}
ordering         {"items": [{"id", "text"}], "order": [item ids], "policy": an OrderPolicy}
fill_in          {"gaps": [{"id", "answers": as short_text, "options": [texts to pick from], "weight": "1"}]};
                  the prompt holds [[id]] where each gap is
essay            {"rubric": [{"id", "text", "points"}], "longest": characters}
file_upload      {"rubric": as essay, "files": most files, "megabytes": of one file}
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from courses.html import sanitise
from quizzes.kinds import ChoicePolicy, Kind, OrderPolicy, TextMatch
from quizzes.patterns import check_pattern

MOST_ENTRIES = 200
LONGEST_TEXT = 20_000
LONGEST_ID = 64
LARGEST_EXPONENT = 100
GAP = re.compile(r"\[\[([^\[\]\s]{1,64})\]\]")
OPAQUE_ID = re.compile(r"[0-9a-f]{8}\Z")

Content = dict[str, Any]


class ContentError(ValueError):
    """A question's content doesn't fit its kind; the text says where."""


def normalise(kind: str, content: Any, prompt: str = "") -> Content:
    """`content` in the one shape of its kind, defaults filled in. Raises ContentError."""
    if kind not in list(Kind):
        raise ContentError(f"there is no kind {kind!r}")
    if not isinstance(content, Mapping):
        raise ContentError("content must be an object")
    shape = _SHAPES[Kind(kind)]
    result = shape(content, prompt)
    unknown = sorted(str(name) for name in set(content) - set(result))
    if unknown:
        raise ContentError(f"{kind} has no member {unknown[0]!r}")
    return result


def decimal(value: Any, where: str) -> Decimal:
    """A finite decimal of a size that can be calculated with. Raises ContentError."""
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > LARGEST_EXPONENT:
        raise ContentError(f"{where} must be a number")
    return number


def _single_choice(content: Mapping[str, Any], prompt: str) -> Content:
    choices = _choices(content)
    if not any(Decimal(choice["weight"]) > 0 for choice in choices):
        raise ContentError("no choice is right")
    return {"choices": choices}


def _multiple_choice(content: Mapping[str, Any], prompt: str) -> Content:
    policy = _one_of(content.get("policy", ChoicePolicy.ALL_OR_NOTHING), ChoicePolicy, "policy")
    choices = _choices(content)
    if policy in (ChoicePolicy.RIGHT_MINUS_WRONG, ChoicePolicy.WEIGHTS) and not any(
        Decimal(choice["weight"]) > 0 for choice in choices
    ):
        raise ContentError(f"the policy {policy} needs a right choice")
    return {"choices": choices, "policy": policy}


def _true_false(content: Mapping[str, Any], prompt: str) -> Content:
    if not isinstance(content.get("correct"), bool):
        raise ContentError("correct must be true or false")
    feedback = content.get("feedback") or {}
    if not isinstance(feedback, Mapping) or set(feedback) - {"true", "false"}:
        raise ContentError("feedback must be an object with true and false")
    return {
        "correct": content["correct"],
        "feedback": {side: _html(feedback.get(side, ""), f"feedback.{side}") for side in ("true", "false")},
    }


def _numerical(content: Mapping[str, Any], prompt: str) -> Content:
    answers = []
    for number, entry in enumerate(_entries(content, "answers"), start=1):
        where = f"answers[{number}]"
        answer: Content = {"weight": _weight(entry.get("weight", 1), where), "feedback": _feedback(entry, where)}
        if "minimum" in entry or "maximum" in entry:
            low, high = (decimal(entry.get(side), f"{where}.{side}") for side in ("minimum", "maximum"))
            if low > high:
                raise ContentError(f"{where} has its minimum above its maximum")
            answer |= {"minimum": str(low), "maximum": str(high)}
        else:
            tolerance = decimal(entry.get("tolerance", 0), f"{where}.tolerance")
            if tolerance < 0:
                raise ContentError(f"{where}.tolerance must not be negative")
            answer |= {
                "value": str(decimal(entry.get("value"), f"{where}.value")),
                "tolerance": str(tolerance),
                "relative": bool(entry.get("relative", False)),
            }
        answers.append(answer)
    units = []
    for number, entry in enumerate(_entries(content, "units", least=0), start=1):
        factor = decimal(entry.get("factor", 1), f"units[{number}].factor")
        if factor <= 0:
            raise ContentError(f"units[{number}].factor must be above 0")
        units.append({"symbol": _text(entry.get("symbol"), f"units[{number}].symbol"), "factor": str(factor)})
    return {"answers": answers, "units": units, "unit_required": bool(content.get("unit_required", False))}


def _short_text(content: Mapping[str, Any], prompt: str) -> Content:
    return {"answers": _text_answers(content, "")}


def _matching(content: Mapping[str, Any], prompt: str) -> Content:
    items, options = _labelled(content, "items"), _labelled(content, "options")
    pairs = content.get("pairs")
    if not isinstance(pairs, Mapping) or set(pairs) != {item["id"] for item in items}:
        raise ContentError("pairs must name one option for each item")
    if not set(pairs.values()) <= {option["id"] for option in options}:
        raise ContentError("pairs name an option that isn't there")
    return {"items": items, "options": options, "pairs": dict(pairs)}


def _ordering(content: Mapping[str, Any], prompt: str) -> Content:
    items = _labelled(content, "items", least=2)
    order = content.get("order")
    if not isinstance(order, Sequence) or sorted(map(str, order)) != sorted(item["id"] for item in items):
        raise ContentError("order must name each item once")
    policy = _one_of(content.get("policy", OrderPolicy.ALL_OR_NOTHING), OrderPolicy, "policy")
    return {"items": items, "order": list(order), "policy": policy}


def _fill_in(content: Mapping[str, Any], prompt: str) -> Content:
    gaps = []
    for number, entry in enumerate(_entries(content, "gaps"), start=1):
        where = f"gaps[{number}]"
        options = entry.get("options") or []
        if not isinstance(options, list) or len(options) > MOST_ENTRIES:
            raise ContentError(f"{where}.options must be a list of at most {MOST_ENTRIES}")
        weight = decimal(entry.get("weight", 1), f"{where}.weight")
        if weight <= 0:
            raise ContentError(f"{where}.weight must be above 0")
        gaps.append(
            {
                "id": _identifier(entry.get("id"), where),
                "answers": _text_answers(entry, where + "."),
                "options": [_text(option, f"{where}.options") for option in options],
                "weight": str(weight),
            }
        )
    names = [str(gap["id"]) for gap in gaps]
    _distinct(names, "gaps")
    if prompt and sorted(GAP.findall(prompt)) != sorted(names):
        raise ContentError("the prompt must hold each gap once, as [[id]]")
    return {"gaps": gaps}


def _essay(content: Mapping[str, Any], prompt: str) -> Content:
    return {"rubric": _rubric(content), "longest": _whole(content.get("longest", 20_000), 1, 100_000, "longest")}


def _file_upload(content: Mapping[str, Any], prompt: str) -> Content:
    return {
        "rubric": _rubric(content),
        "files": _whole(content.get("files", 1), 1, 10, "files"),
        "megabytes": _whole(content.get("megabytes", 10), 1, 100, "megabytes"),
    }


_SHAPES: dict[Kind, Callable[[Mapping[str, Any], str], Content]] = {
    Kind.SINGLE_CHOICE: _single_choice,
    Kind.MULTIPLE_CHOICE: _multiple_choice,
    Kind.TRUE_FALSE: _true_false,
    Kind.NUMERICAL: _numerical,
    Kind.SHORT_TEXT: _short_text,
    Kind.MATCHING: _matching,
    Kind.ORDERING: _ordering,
    Kind.FILL_IN: _fill_in,
    Kind.ESSAY: _essay,
    Kind.FILE_UPLOAD: _file_upload,
}


def _choices(content: Mapping[str, Any]) -> list[Content]:
    choices = [
        {
            "id": _identifier(entry.get("id"), f"choices[{number}]"),
            "text": _html(entry.get("text"), f"choices[{number}].text"),
            "weight": _weight(entry.get("weight", 0), f"choices[{number}]"),
            "feedback": _feedback(entry, f"choices[{number}]"),
        }
        for number, entry in enumerate(_entries(content, "choices"), start=1)
    ]
    _distinct([choice["id"] for choice in choices], "choices")
    return choices


def _text_answers(content: Mapping[str, Any], where: str) -> list[Content]:
    answers = []
    for number, entry in enumerate(_entries(content, "answers"), start=1):
        name = f"{where}answers[{number}]"
        match = _one_of(entry.get("match", TextMatch.IGNORE_CASE), TextMatch, f"{name}.match")
        text = _text(entry.get("text"), f"{name}.text")
        if match == TextMatch.PATTERN:
            try:
                check_pattern(text)
            except ValueError as error:
                raise ContentError(f"{name}: {error}") from None
        answers.append(
            {
                "text": text,
                "match": match,
                "weight": _weight(entry.get("weight", 1), name),
                "feedback": _feedback(entry, name),
            }
        )
    return answers


def _labelled(content: Mapping[str, Any], name: str, *, least: int = 1) -> list[Content]:
    """Entries whose place must not show in their ids: other ids would give the answer away."""
    labelled = [
        {"id": _identifier(entry.get("id"), f"{name}[{number}]"), "text": _html(entry.get("text"), f"{name}[{number}]")}
        for number, entry in enumerate(_entries(content, name, least=least), start=1)
    ]
    _distinct([entry["id"] for entry in labelled], name)
    return labelled


def opaque_ids(kind: str, content: Content) -> Content:
    """`content` with random ids where an author's own ("1", "2", "3") would tell the order or the pairs."""
    if kind not in (Kind.MATCHING, Kind.ORDERING):
        return content
    entries = content["items"] + content.get("options", [])
    if all(OPAQUE_ID.match(entry["id"]) for entry in entries):
        return content
    new = {name: {e["id"]: secrets.token_hex(4) for e in content.get(name, [])} for name in ("items", "options")}
    result = content | {"items": [entry | {"id": new["items"][entry["id"]]} for entry in content["items"]]}
    if kind == Kind.ORDERING:
        return result | {"order": [new["items"][key] for key in content["order"]]}
    return result | {
        "options": [entry | {"id": new["options"][entry["id"]]} for entry in content["options"]],
        "pairs": {new["items"][item]: new["options"][option] for item, option in content["pairs"].items()},
    }


def _rubric(content: Mapping[str, Any]) -> list[Content]:
    rubric = []
    for number, entry in enumerate(_entries(content, "rubric", least=0), start=1):
        points = decimal(entry.get("points"), f"rubric[{number}].points")
        if points <= 0:
            raise ContentError(f"rubric[{number}].points must be above 0")
        rubric.append(
            {
                "id": _identifier(entry.get("id"), f"rubric[{number}]"),
                "text": _text(entry.get("text"), f"rubric[{number}].text"),
                "points": str(points),
            }
        )
    _distinct([entry["id"] for entry in rubric], "rubric")
    return rubric


def _entries(content: Mapping[str, Any], name: str, *, least: int = 1) -> list[Mapping[str, Any]]:
    entries = content.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ContentError(f"{name} must be a list of objects")
    if not least <= len(entries) <= MOST_ENTRIES:
        raise ContentError(f"{name} must have {least} to {MOST_ENTRIES} entries")
    return entries


def _weight(value: Any, where: str) -> str:
    weight = decimal(value, f"{where}.weight")
    if not -1 <= weight <= 1:
        raise ContentError(f"{where}.weight must be within -1..1")
    return str(weight)


def _whole(value: Any, low: int, high: int, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ContentError(f"{where} must be a whole number within {low}..{high}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or "\x00" in value:
        raise ContentError(f"{where} must be a text of at most {LONGEST_TEXT} characters")
    return value


def _html(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or "\x00" in value:
        raise ContentError(f"{where} must be a text of at most {LONGEST_TEXT} characters")
    return sanitise(value)


def _feedback(entry: Mapping[str, Any], where: str) -> str:
    return _html(entry.get("feedback", ""), f"{where}.feedback")


def _identifier(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID or not value.isprintable():
        raise ContentError(f"{where}.id must be a text of at most {LONGEST_ID} characters")
    return value


def _one_of(value: Any, values: Any, where: str) -> str:
    if value not in list(values):
        raise ContentError(f"{where} must be one of {', '.join(values)}")
    return str(value)


def _distinct(ids: list[str], where: str) -> None:
    if len(set(ids)) != len(ids):
        raise ContentError(f"{where} have the same id twice")
