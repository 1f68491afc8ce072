"""Open edX problems (OLX). A problem may hold several responses; each becomes a question of its own."""

import ast
import copy
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from lxml import etree

from quizzes.content import ContentError
from quizzes.importers.items import Parsed, ParsedQuestion, letters, question
from quizzes.importers.xml import inner_html, parse_xml, plain, text_of
from quizzes.kinds import ChoicePolicy, Kind, TextMatch

INPUTS = {
    "checkboxgroup", "choicegroup", "formulaequationinput", "optioninput", "responseparam", "textline", "textbox",
    "additional_answer", "solution", "demandhint", "choicehint", "script", "stringequalhint", "correcthint",
    "compoundhint",
}  # fmt: skip
_RANGE = re.compile(r"\s*[\[(]\s*([^,\s]+)\s*,\s*([^,\s\])]+)\s*[\])]\s*\Z")


def parse(data: bytes, name: str = "problem") -> Parsed:
    """The responses of one <problem>. Raises QuestionFileError for another document."""
    root = parse_xml(data, name)
    parsed = Parsed("olx")
    add_problem(parsed, root, name)
    return parsed


def add_problem(parsed: Parsed, root: etree._Element, name: str) -> None:
    """Put each response of the problem `root` into `parsed`."""
    responses = [node for node in root.iter() if isinstance(node.tag, str) and node.tag.endswith("response")]
    if not responses:
        parsed.skip(str(root.tag), name, "holds no response")
        return
    title = root.get("display_name") or ""
    points = _share(root.get("weight"), len(responses))
    prompts = _prompts(root, responses)
    for number, (response, prompt) in enumerate(zip(responses, prompts, strict=True), start=1):
        source = f"{name} response {number}" if len(responses) > 1 else name
        kind = str(response.tag)
        make = _CONTENT.get(kind)
        if make is None:
            parsed.skip(kind, source, "this kind of response is not supported")
            continue

        def build(r: etree._Element = response, m: Any = make, p: str = prompt, s: str = source) -> ParsedQuestion:
            own_kind, content = m(r)
            return question(own_kind, p, content, title=title, points=points, explanation=_explanation(r), source=s)

        parsed.add(kind, source, build)


def _share(weight: str | None, count: int) -> Decimal:
    try:
        whole = Decimal(weight or "1")
    except InvalidOperation:
        whole = Decimal(1)
    if not whole.is_finite() or whole < 0 or whole > 1000:
        whole = Decimal(1)
    return (whole / count).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _prompts(root: etree._Element, responses: list[etree._Element]) -> list[str]:
    """For each response: what stands before it since the previous one, and its own texts around its input."""
    prompts = []
    for response in responses:
        before: list[str] = []
        node = response
        while (parent := node.getparent()) is not None and parent is not root:
            node = parent
        sibling = node.getprevious()
        while sibling is not None and sibling not in responses and not any(r in responses for r in sibling.iter()):
            if sibling.tag not in INPUTS:
                before.insert(0, _markup(sibling))
            sibling = sibling.getprevious()
        if sibling is None and root.text and root.text.strip():
            before.insert(0, root.text)
        own = [_markup(child) for child in response if child.tag not in INPUTS]
        prompts.append("\n".join(part for part in [*before, response.text or "", *own] if part.strip()))
    if not any(plain(prompt) for prompt in prompts):
        prompts = [root.get("display_name") or "" for _ in prompts]
    return prompts


def _markup(element: etree._Element) -> str:
    kept = copy.deepcopy(element)
    kept.tail = None
    if kept.tag in ("label", "description"):
        kept.tag = "p"
    return etree.tostring(kept, encoding="unicode", method="html")


def _explanation(response: etree._Element) -> str:
    solution = response.find(".//solution")
    if solution is None:
        following = response.getnext()
        solution = following if following is not None and following.tag == "solution" else None
    return inner_html(solution)


def _choices(response: etree._Element, path: str) -> list[dict[str, Any]]:
    nodes = response.findall(path)
    return [
        {
            "id": key,
            "text": _choice_text(node),
            "weight": "1" if node.get("correct", "").lower() == "true" else "0",
            "feedback": "".join(inner_html(hint) for hint in node.findall("choicehint")),
        }
        for key, node in zip(letters(len(nodes)), nodes, strict=True)
    ]


def _choice_text(node: etree._Element) -> str:
    kept = copy.deepcopy(node)
    for hint in kept.findall("choicehint"):
        kept.remove(hint)
    return inner_html(kept)


def _single(response: etree._Element) -> tuple[Kind, dict[str, Any]]:
    return Kind.SINGLE_CHOICE, {"choices": _choices(response, ".//choice")}


def _several(response: etree._Element) -> tuple[Kind, dict[str, Any]]:
    policy = ChoicePolicy.EACH_CHOICE if response.get("partial_credit") == "EDC" else ChoicePolicy.ALL_OR_NOTHING
    return Kind.MULTIPLE_CHOICE, {"choices": _choices(response, ".//choice"), "policy": policy}


def _dropdown(response: etree._Element) -> tuple[Kind, dict[str, Any]]:
    choices = _choices(response, ".//option")
    if not choices:
        node = response.find(".//optioninput")
        try:
            texts = ast.literal_eval(node.get("options", "") if node is not None else "")
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ContentError("its options can't be read") from None
        if not isinstance(texts, tuple | list) or node is None:
            raise ContentError("its options can't be read")
        right = node.get("correct", "")
        choices = [
            {"id": key, "text": str(text), "weight": "1" if str(text) == right else "0"}
            for key, text in zip(letters(len(texts)), texts, strict=True)
        ]
    return Kind.SINGLE_CHOICE, {"choices": choices}


def _numerical(response: etree._Element) -> tuple[Kind, dict[str, Any]]:
    texts = [response.get("answer", ""), *(node.get("answer", "") for node in response.findall("additional_answer"))]
    node = response.find('.//responseparam[@type="tolerance"]')
    tolerance = (node.get("default", "0") if node is not None else "0").strip()
    relative = tolerance.endswith("%")
    if relative:
        try:
            tolerance = str(Decimal(tolerance[:-1]) / 100)
        except InvalidOperation:
            raise ContentError(f"the tolerance {tolerance!r} is not a number") from None
    answers: list[dict[str, Any]] = []
    for text in texts:
        if match := _RANGE.match(text):
            answers.append({"minimum": match[1], "maximum": match[2]})
        else:
            answers.append({"value": text, "tolerance": tolerance, "relative": relative})
    return Kind.NUMERICAL, {"answers": answers}


def _string(response: etree._Element) -> tuple[Kind, dict[str, Any]]:
    options = response.get("type", "").split()
    more = [node.get("answer") or text_of(node) for node in response.findall("additional_answer")]
    answers = []
    for text in [response.get("answer", ""), *more]:
        if "regexp" in options:
            answers.append({"text": ("(?i)" if "ci" in options else "") + text, "match": TextMatch.PATTERN})
        else:
            answers.append({"text": text, "match": TextMatch.IGNORE_CASE if "ci" in options else TextMatch.EXACT})
    return Kind.SHORT_TEXT, {"answers": answers}


_CONTENT: dict[str, Callable[[etree._Element], tuple[Kind, dict[str, Any]]]] = {
    "multiplechoiceresponse": _single,
    "choiceresponse": _several,
    "optionresponse": _dropdown,
    "numericalresponse": _numerical,
    "stringresponse": _string,
}
