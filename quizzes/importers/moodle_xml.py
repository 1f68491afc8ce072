"""Moodle's XML question export. Source of the rules: docs.moodle.org, "Moodle XML format"."""

import html
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from quizzes.content import ContentError
from quizzes.importers.items import Parsed, ParsedQuestion, QuestionFileError, letters, question
from quizzes.importers.xml import plain, text_of
from quizzes.kinds import ChoicePolicy, Kind, OrderPolicy, TextMatch
from quizzes.patterns import from_wildcards

NOT_QUESTIONS = {"category": "categories of a question bank are not kept", "description": "a text that asks nothing"}
_NUMBERED_GAP = re.compile(r"\[\[(\d+)\]\]")
Content = tuple[Kind, dict[str, Any]]


def parse(root: etree._Element) -> Parsed:
    """Each <question> of a <quiz>. Raises QuestionFileError for another root."""
    if root.tag != "quiz":
        raise QuestionFileError(f"a Moodle export begins with <quiz>, not <{root.tag}>")
    parsed = Parsed("moodle_xml")
    for number, node in enumerate(root.findall("question"), start=1):
        kind, source = node.get("type") or "untyped", f"question {number}"
        if kind in NOT_QUESTIONS:
            parsed.skip(kind, source, NOT_QUESTIONS[kind])
        elif kind not in _CONTENT:
            parsed.skip(kind, source, "this kind of question is not supported")
        else:
            parsed.add(kind, source, lambda n=node, k=kind, s=source: _question(n, k, s))  # type: ignore[misc]
    return parsed


def _question(node: etree._Element, kind: str, source: str) -> ParsedQuestion:
    own_kind, content = _CONTENT[kind](node)
    prompt = _text(node.find("questiontext"))
    if own_kind == Kind.FILL_IN:
        prompt = _NUMBERED_GAP.sub(lambda match: f"[[g{match[1]}]]", prompt)
    return question(
        own_kind,
        prompt,
        content,
        title=text_of(node.find("name/text")),
        points=_points(node.findtext("defaultgrade")),
        explanation=_text(node.find("generalfeedback")),
        source=source,
    )


def _points(text: str | None) -> Decimal:
    points = _number(text or "1", "defaultgrade")
    if not 0 <= points <= 1000:
        raise ContentError("defaultgrade must be within 0..1000")
    return points


def _number(text: str, where: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ContentError(f"{where} is not a number") from None
    if not number.is_finite():
        raise ContentError(f"{where} is not a number")
    return number


def _text(node: etree._Element | None) -> str:
    """HTML of a <…><text>; formats other than html and Moodle's own are plain text."""
    if node is None:
        return ""
    text = node.findtext("text") or ""
    if node.get("format", "html") in ("html", "moodle_auto_format"):
        return text
    return html.escape(text, quote=False).replace("\n", "<br>")


def _answers(node: etree._Element) -> list[tuple[str, str, str, etree._Element]]:
    """(text, weight, feedback, element) of each <answer>; a fraction is a percentage."""
    return [
        (
            _text(answer) if answer.get("format", "html") != "html" else (answer.findtext("text") or ""),
            str(_number(answer.get("fraction") or "0", "fraction") / 100),
            _text(answer.find("feedback")),
            answer,
        )
        for answer in node.findall("answer")
    ]


def _multichoice(node: etree._Element) -> Content:
    answers = _answers(node)
    choices = [
        {"id": key, "text": text, "weight": weight, "feedback": feedback}
        for key, (text, weight, feedback, _) in zip(letters(len(answers)), answers, strict=True)
    ]
    if (node.findtext("single") or "true").strip().lower() in ("true", "1"):
        return Kind.SINGLE_CHOICE, {"choices": choices}
    return Kind.MULTIPLE_CHOICE, {"choices": choices, "policy": ChoicePolicy.WEIGHTS}


def _truefalse(node: etree._Element) -> Content:
    sides = {plain(text).lower(): (weight, feedback) for text, weight, feedback, _ in _answers(node)}
    if set(sides) != {"true", "false"}:
        raise ContentError("its answers are not true and false")
    return Kind.TRUE_FALSE, {
        "correct": Decimal(sides["true"][0]) > Decimal(sides["false"][0]),
        "feedback": {side: feedback for side, (_, feedback) in sides.items()},
    }


def _shortanswer(node: etree._Element) -> Content:
    case = (node.findtext("usecase") or "0").strip() == "1"
    answers = []
    for markup, weight, feedback, _ in _answers(node):
        text = plain(markup)
        if "*" in text:
            pattern = from_wildcards(text)
            fits = {"text": pattern.replace("(?is)", "(?s)", 1) if case else pattern, "match": TextMatch.PATTERN}
        else:
            fits = {"text": text, "match": TextMatch.EXACT if case else TextMatch.IGNORE_CASE}
        answers.append({**fits, "weight": weight, "feedback": feedback})
    return Kind.SHORT_TEXT, {"answers": answers}


def _numerical(node: etree._Element) -> Content:
    answers = [
        {
            "value": plain(text),
            "tolerance": (answer.findtext("tolerance") or "0").strip(),
            "weight": weight,
            "feedback": feedback,
        }
        for text, weight, feedback, answer in _answers(node)
        if plain(text) != "*"
    ]
    # A unit's multiplier turns the expected number into that unit; ours turns what was typed back.
    units = [
        {"symbol": unit.findtext("unit_name") or "", "factor": str(1 / _multiplier(unit.findtext("multiplier")))}
        for unit in node.findall("units/unit")
    ]
    return Kind.NUMERICAL, {"answers": answers, "units": units}


def _multiplier(text: str | None) -> Decimal:
    number = _number(text or "1", "multiplier")
    if number <= 0:
        raise ContentError("multiplier must be above 0")
    return number


def _matching(node: etree._Element) -> Content:
    items: list[dict[str, str]] = []
    options: dict[str, str] = {}
    pairs: dict[str, str] = {}
    for number, sub in enumerate(node.findall("subquestion"), start=1):
        option = html.escape(plain(sub.findtext("answer/text") or ""), quote=False)
        key = options.setdefault(option, f"o{len(options) + 1}")
        text = _text(sub)
        if plain(text) or "<img" in text:
            items.append({"id": f"i{number}", "text": text})
            pairs[f"i{number}"] = key
    labelled = [{"id": key, "text": text} for text, key in options.items()]
    return Kind.MATCHING, {"items": items, "options": labelled, "pairs": pairs}


def _essay(node: etree._Element) -> Content:
    return Kind.ESSAY, {}


def _ordering(node: etree._Element) -> Content:
    answers = sorted(_answers(node), key=lambda answer: Decimal(answer[1]))
    items = [{"id": key, "text": answer[0]} for key, answer in zip(letters(len(answers)), answers, strict=True)]
    return Kind.ORDERING, {
        "items": items,
        "order": [item["id"] for item in items],
        "policy": OrderPolicy.POSITIONS,
    }


def _gaps(node: etree._Element) -> Content:
    """Gaps to fill from lists: [[n]] takes option n, and the options of its group are offered."""
    options = [
        (plain(option.findtext("text") or ""), (option.findtext("group") or "1").strip())
        for tag in ("selectoption", "dragbox")
        for option in node.findall(tag)
    ]
    used = [int(number) for number in _NUMBERED_GAP.findall(node.findtext("questiontext/text") or "")]
    if len(set(used)) != len(used) or not all(0 < number <= len(options) for number in used):
        raise ContentError("its gaps don't name its options one by one")
    gaps = [
        {
            "id": f"g{number}",
            "answers": [{"text": options[number - 1][0], "match": TextMatch.EXACT}],
            "options": list(dict.fromkeys(text for text, group in options if group == options[number - 1][1])),
        }
        for number in used
    ]
    return Kind.FILL_IN, {"gaps": gaps}


_CONTENT: dict[str, Callable[[etree._Element], Content]] = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "matching": _matching,
    "match": _matching,
    "essay": _essay,
    "ordering": _ordering,
    "gapselect": _gaps,
    "ddwtos": _gaps,
}
