"""QTI 2.1 and 2.2 items. Source of the rules: IMS Question & Test Interoperability, "Assessment Test, Section and Item
Information Model". Response processing is understood as far as its templates: match_correct and map_response.
"""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lxml import etree

from quizzes.content import ContentError
from quizzes.content.schema import decimal
from quizzes.importers.items import Parsed, ParsedQuestion, question
from quizzes.importers.xml import inner_html, plain, text_of
from quizzes.kinds import ChoicePolicy, Kind, TextMatch

INLINE = ("textEntryInteraction", "inlineChoiceInteraction")
FEEDBACK = ("feedbackInline", "feedbackBlock", "modalFeedback", "rubricBlock", "templateBlock", "templateInline")
Content = tuple[Kind, dict[str, Any]]


def add_item(parsed: Parsed, root: etree._Element, source: str) -> None:
    """Put the <assessmentItem> `root` into `parsed`, as a question or under the names of its interactions."""
    interactions = [node for node in root.iter() if isinstance(node.tag, str) and node.tag.endswith("Interaction")]
    kinds = sorted({str(node.tag) for node in interactions})
    name = "+".join(kinds) or "assessmentItem"
    if not interactions:
        parsed.skip(name, source, "an item without interaction")
    elif root.get("adaptive") == "true":
        parsed.skip(name, source, "adaptive items are not supported")
    elif set(kinds) <= set(INLINE):
        parsed.add(name, source, lambda: _build(root, interactions, _gaps, source))
    elif len(interactions) > 1:
        parsed.skip(name, source, "several interactions in one item")
    elif kinds[0] not in _CONTENT:
        parsed.skip(name, source, "this kind of interaction is not supported")
    else:
        parsed.add(name, source, lambda: _build(root, interactions, _CONTENT[kinds[0]], source))
        if root.findall(".//img") or root.findall(".//object"):
            parsed.notes.append(f"{source}: pictures are not imported")


def _build(
    root: etree._Element, interactions: list[etree._Element], make: Callable[..., Content], source: str
) -> ParsedQuestion:
    kind, content = make(root, interactions)
    messages = {inner_html(node) for node in root.findall("modalFeedback")}
    title = root.get("title") or root.get("identifier") or ""
    return question(
        kind,
        _prompt(root),
        content,
        title=title,
        points=_points(root),
        explanation=messages.pop() if len(messages) == 1 else "",
        source=source,
    )


def _points(root: etree._Element) -> Decimal:
    outcome = root.find('outcomeDeclaration[@identifier="SCORE"]')
    value = outcome.get("normalMaximum") if outcome is not None else None
    value = value or root.findtext('outcomeDeclaration[@identifier="MAXSCORE"]/defaultValue/value') or "1"
    points = decimal(value, "normalMaximum")
    if not 0 < points <= 1000:
        raise ContentError("normalMaximum must be within 0..1000")
    return points


def _prompt(root: etree._Element) -> str:
    """The item's body: interactions leave their prompt, inline ones a [[gap]]."""
    body = copy.deepcopy(root.find("itemBody"))
    if body is None:
        raise ContentError("an item without body")
    for node in list(body.iter()):
        if not isinstance(node.tag, str):
            continue
        if node.tag in FEEDBACK:
            _replace(node, "")
        elif node.tag in INLINE:
            _replace(node, f"[[{node.get('responseIdentifier')}]]")
        elif node.tag == "gap":
            _replace(node, f"[[{node.get('identifier')}]]")
        elif node.tag in ("simpleChoice", "simpleMatchSet", "simpleAssociableChoice", "gapText", "gapImg"):
            _replace(node, "")
        elif node.tag.endswith("Interaction"):
            node.tag = "div"
            node.attrib.clear()
        elif node.tag == "prompt":
            node.tag = "p"
    for node in body.iter():
        if isinstance(node.tag, str):
            for name in [name for name in node.attrib if str(name) not in ("src", "alt", "href", "colspan", "rowspan")]:
                del node.attrib[name]
    return inner_html(body)


def _replace(node: etree._Element, text: str) -> None:
    parent = node.getparent()
    if parent is None:
        return
    text += node.tail or ""
    previous = node.getprevious()
    if previous is not None:
        previous.tail = (previous.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(node)


def _declaration(root: etree._Element, interaction: etree._Element) -> etree._Element:
    identifier = interaction.get("responseIdentifier") or ""
    for node in root.findall("responseDeclaration"):
        if node.get("identifier") == identifier:
            return node
    raise ContentError("its response is not declared")


def _correct(declaration: etree._Element) -> list[str]:
    return [text_of(value) for value in declaration.findall("correctResponse/value")]


def _mapping(root: etree._Element, declaration: etree._Element) -> dict[str, Decimal] | None:
    """Mapped values as shares of the most that can be earned, when the response is processed by its mapping."""
    processing = root.find("responseProcessing")
    template = processing.get("template", "") if processing is not None else ""
    entries = declaration.findall("mapping/mapEntry")
    if not template.rstrip("/").endswith(("map_response", "map_response.xml")) or not entries:
        return None
    values = {node.get("mapKey", ""): decimal(node.get("mappedValue"), "mappedValue") for node in entries}
    values[""] = decimal(declaration.find("mapping").get("defaultValue", "0"), "defaultValue")
    single = declaration.get("cardinality") == "single"
    best = max(values.values()) if single else sum((value for value in values.values() if value > 0), Decimal(0))
    if best <= 0:
        raise ContentError("its mapping gives no points")
    return {key: min(Decimal(1), max(Decimal(-1), value / best)) for key, value in values.items()}


def _feedbacks(choice: etree._Element) -> str:
    return "".join(inner_html(node) for node in choice.iter("feedbackInline"))


def _label(choice: etree._Element) -> str:
    kept = copy.deepcopy(choice)
    for node in list(kept.iter("feedbackInline")):
        _replace(node, "")
    return inner_html(kept)


def _choice(root: etree._Element, interactions: list[etree._Element]) -> Content:
    interaction = interactions[0]
    declaration = _declaration(root, interaction)
    correct, mapping = _correct(declaration), _mapping(root, declaration)
    nodes = interaction.findall("simpleChoice")
    ids = [node.get("identifier", "") for node in nodes]
    labels = {key: _label(node) for key, node in zip(ids, nodes, strict=True)}
    if (
        {plain(label).lower() for label in labels.values()} == {"true", "false"}
        and len(nodes) == 2
        and len(correct) == 1
    ):
        sides = {plain(labels[key]).lower(): _feedbacks(node) for key, node in zip(ids, nodes, strict=True)}
        right = plain(labels.get(correct[0], "")).lower() == "true"
        return Kind.TRUE_FALSE, {"correct": right, "feedback": sides}
    single = declaration.get("cardinality") == "single"
    share = Decimal(1) if single else Decimal(1) / max(1, len(correct))
    weights = {
        key: mapping.get(key, mapping[""]) if mapping else share if key in correct else Decimal(0) for key in ids
    }
    choices = [
        {"id": key, "text": labels[key], "weight": str(round(weights[key], 8)), "feedback": _feedbacks(node)}
        for key, node in zip(ids, nodes, strict=True)
    ]
    if single:
        return Kind.SINGLE_CHOICE, {"choices": choices}
    policy = ChoicePolicy.WEIGHTS if mapping else ChoicePolicy.ALL_OR_NOTHING
    return Kind.MULTIPLE_CHOICE, {"choices": choices, "policy": policy}


def _gaps(root: etree._Element, interactions: list[etree._Element]) -> Content:
    gaps = []
    for interaction in interactions:
        declaration = _declaration(root, interaction)
        correct, mapping = _correct(declaration), _mapping(root, declaration)
        texts = {node.get("identifier", ""): text_of(node) for node in interaction.findall("inlineChoice")}
        weights = {key: weight for key, weight in (mapping or {}).items() if key and weight > 0}
        weights = weights or dict.fromkeys(correct, Decimal(1))
        insensitive = {n.get("mapKey") for n in declaration.iter("mapEntry") if n.get("caseSensitive") == "false"}
        gaps.append(
            {
                "id": interaction.get("responseIdentifier"),
                "answers": [
                    {
                        "text": texts.get(key, key),
                        "match": TextMatch.IGNORE_CASE if key in insensitive else TextMatch.EXACT,
                        "weight": str(round(weight, 8)),
                    }
                    for key, weight in weights.items()
                ],
                "options": list(texts.values()),
            }
        )
    return Kind.FILL_IN, {"gaps": gaps}


def _gap_match(root: etree._Element, interactions: list[etree._Element]) -> Content:
    interaction = interactions[0]
    declaration = _declaration(root, interaction)
    if interaction.findall("gapImg"):
        raise ContentError("pictures to put into gaps are not supported")
    texts = {node.get("identifier", ""): text_of(node) for node in interaction.findall("gapText")}
    pairs = [value.split() for value in _correct(declaration)]
    mapping = _mapping(root, declaration) or {}
    gaps = []
    for gap in interaction.iter("gap"):
        key = gap.get("identifier", "")
        right = [pair[0] for pair in pairs if len(pair) == 2 and pair[1] == key and pair[0] in texts]
        weight = max((mapping.get(f"{text} {key}", Decimal(0)) for text in right), default=Decimal(0))
        gaps.append(
            {
                "id": key,
                "answers": [{"text": texts[text], "match": TextMatch.EXACT} for text in right],
                "options": list(texts.values()),
                "weight": str(round(weight, 8) if weight > 0 else 1),
            }
        )
    return Kind.FILL_IN, {"gaps": gaps}


def _match(root: etree._Element, interactions: list[etree._Element]) -> Content:
    interaction = interactions[0]
    sets = interaction.findall("simpleMatchSet")
    pairs = [value.split() for value in _correct(_declaration(root, interaction))]
    if len(sets) != 2 or any(len(pair) != 2 for pair in pairs):
        raise ContentError("its pairs can't be read")
    if len({pair[0] for pair in pairs}) != len(pairs):
        raise ContentError("an item goes with several options")
    items, options = ([{"id": node.get("identifier", ""), "text": inner_html(node)} for node in side] for side in sets)
    return Kind.MATCHING, {"items": items, "options": options, "pairs": {pair[0]: pair[1] for pair in pairs}}


def _order(root: etree._Element, interactions: list[etree._Element]) -> Content:
    items = [
        {"id": node.get("identifier", ""), "text": inner_html(node)} for node in interactions[0].findall("simpleChoice")
    ]
    return Kind.ORDERING, {"items": items, "order": _correct(_declaration(root, interactions[0]))}


def _extended_text(root: etree._Element, interactions: list[etree._Element]) -> Content:
    guides = [text_of(node) for node in root.iter("rubricBlock") if "scorer" in (node.get("view") or "").split()]
    points = str(_points(root))
    rubric = [{"id": f"r{n}", "text": text, "points": points} for n, text in enumerate(guides[:1], 1) if text]
    return Kind.ESSAY, {"rubric": rubric}


def _upload(root: etree._Element, interactions: list[etree._Element]) -> Content:
    return Kind.FILE_UPLOAD, {}


_CONTENT: dict[str, Callable[..., Content]] = {
    "choiceInteraction": _choice,
    "gapMatchInteraction": _gap_match,
    "matchInteraction": _match,
    "orderInteraction": _order,
    "extendedTextInteraction": _extended_text,
    "uploadInteraction": _upload,
}
