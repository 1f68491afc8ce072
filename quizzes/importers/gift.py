"""Moodle's GIFT text format. Source of the rules: docs.moodle.org, "GIFT format".

Questions end at a blank line outside of braces. What stands after the closing brace makes it a missing-word question:
its prompt shows a line where the braces were. `*` in a short answer stands for any text.
"""

import html
import re
from decimal import Decimal

from quizzes.importers.items import Parsed, ParsedQuestion, letters, question
from quizzes.kinds import ChoicePolicy, Kind, TextMatch
from quizzes.patterns import from_wildcards

BLANK = "_____"
_ESCAPED = re.compile(r"\\([\\~=#{}:n])")
_FORMAT = re.compile(r"\[(html|moodle|plain|markdown)\]")
_WEIGHT = re.compile(r"%(-?\d+(?:\.\d+)?)%")
_TITLE = re.compile(r"::(.*?)::", re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")
# Escaped characters are moved here while the unescaped ones structure the text.
_HIDDEN = {character: chr(0xE000 + index) for index, character in enumerate("\\~=#{}:n")}
_SHOWN = {hidden: "\n" if character == "n" else character for character, hidden in _HIDDEN.items()}
_REVEAL = str.maketrans(_SHOWN)


def parse(text: str) -> Parsed:
    """Every block of the file: questions, and by name categories, descriptions and what is malformed."""
    parsed = Parsed("gift")
    for line, block in _blocks(text):
        source = f"line {line}"
        if block.startswith("$CATEGORY:"):
            parsed.skip("category", source, "categories of a question bank are not kept")
            continue
        opened, closed = block.find("{"), block.rfind("}")
        if opened < 0 and closed < 0:
            parsed.skip("description", source, "a text that asks nothing")
        elif opened < 0 or closed < opened:
            parsed.skip("malformed", source, "braces are not balanced")
        else:
            kind, answers = _kind_of(block[opened + 1 : closed].strip())
            parsed.add(kind, source, lambda b=block, k=kind, a=answers, s=source: _question(b, k, a, s))  # type: ignore[misc]
    return parsed


def _blocks(text: str) -> list[tuple[int, str]]:
    """(line number, text) of each block, escapes hidden, comments gone."""
    blocks: list[tuple[int, str]] = []
    lines: list[str] = []
    start, depth = 1, 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.lstrip().startswith("//"):
            continue
        hidden = _ESCAPED.sub(lambda match: _HIDDEN[match[1]], line)
        if hidden.strip().startswith("$CATEGORY:") and depth == 0 and not lines:
            blocks.append((number, hidden.strip()))
            continue
        if hidden.strip() or depth > 0:
            if not lines:
                start = number
            lines.append(hidden)
            depth = max(0, depth + hidden.count("{") - hidden.count("}"))
        elif lines:
            blocks.append((start, "\n".join(lines).strip()))
            lines = []
    if lines:
        blocks.append((start, "\n".join(lines).strip()))
    return blocks


def _kind_of(answers: str) -> tuple[str, str]:
    """The GIFT kind that the text between the braces makes, and that text."""
    body = answers.split("####", 1)[0].strip()
    first = body.split("#", 1)[0].strip().upper()
    if not body:
        return "essay", answers
    if body.startswith("#"):
        return "numerical", answers
    if first in {"T", "TRUE", "F", "FALSE"}:
        return "truefalse", answers
    if "~" in body:
        return "multichoice", answers
    if body.startswith("=") and "->" in body:
        return "matching", answers
    return "shortanswer", answers


def _question(block: str, kind: str, answers: str, source: str) -> ParsedQuestion:
    opened, closed = block.find("{"), block.rfind("}")
    before, after = block[:opened].strip(), block[closed + 1 :].strip()
    title = ""
    if match := _TITLE.match(before):
        title, before = _shown(match[1]).strip(), before[match.end() :].strip()
    text_format = "moodle"
    if match := _FORMAT.match(before):
        text_format, before = match[1], before[match.end() :]
    gap = BLANK if after or (kind == "shortanswer" and not before) else ""
    prompt = _text(" ".join(part for part in (before, gap, after) if part), text_format)
    body, _, general = answers.partition("####")
    own_kind, content = _CONTENT[kind](body.strip(), text_format)
    return question(
        own_kind,
        prompt,
        content,
        title=title or _plain(prompt)[:80],
        explanation=_text(general, text_format),
        source=source,
    )


def _entries(body: str, marks: str) -> list[tuple[str, str]]:
    """(mark, text) of each answer that begins with one of `marks`."""
    parts = re.split(f"([{marks}])", body)
    return [(parts[index], parts[index + 1].strip()) for index in range(1, len(parts) - 1, 2)]


def _weighted(text: str, default: Decimal) -> tuple[Decimal, str]:
    """The weight, 1 for 100 %, and the rest of the text."""
    if match := _WEIGHT.match(text):
        return Decimal(match[1]) / 100, text[match.end() :].strip()
    return default, text


def _feedback(text: str, text_format: str) -> tuple[str, str]:
    answer, _, feedback = text.partition("#")
    return answer.strip(), _text(feedback, text_format)


def _multichoice(body: str, text_format: str) -> tuple[Kind, dict]:
    entries = _entries(body, "~=")
    choices = []
    for key, (mark, entry) in zip(letters(len(entries)), entries, strict=True):
        weight, rest = _weighted(entry, Decimal(1 if mark == "=" else 0))
        answer, feedback = _feedback(rest, text_format)
        choices.append({"id": key, "text": _text(answer, text_format), "weight": str(weight), "feedback": feedback})
    if any(mark == "=" for mark, _ in entries) or any(Decimal(choice["weight"]) == 1 for choice in choices):
        return Kind.SINGLE_CHOICE, {"choices": choices}
    return Kind.MULTIPLE_CHOICE, {"choices": choices, "policy": ChoicePolicy.WEIGHTS}


def _truefalse(body: str, text_format: str) -> tuple[Kind, dict]:
    value, *feedback = body.split("#")
    correct = value.strip().upper().startswith("T")
    # The first feedback is for the wrong answer, the second for the right one.
    wrong, right = (_text(part, text_format) for part in (*feedback, "", "")[:2])
    return Kind.TRUE_FALSE, {
        "correct": correct,
        "feedback": {"true": right if correct else wrong, "false": wrong if correct else right},
    }


def _shortanswer(body: str, text_format: str) -> tuple[Kind, dict]:
    answers = []
    for _, entry in _entries(body, "=") if body.startswith("=") else [("=", body)]:
        weight, rest = _weighted(entry, Decimal(1))
        answer, feedback = _feedback(rest, text_format)
        text = _plain(_text(answer, "html" if text_format == "html" else "plain"))
        fits = {"text": from_wildcards(text), "match": TextMatch.PATTERN} if "*" in text else {"text": text}
        answers.append({"match": TextMatch.IGNORE_CASE, **fits, "weight": str(weight), "feedback": feedback})
    return Kind.SHORT_TEXT, {"answers": answers}


def _numerical(body: str, text_format: str) -> tuple[Kind, dict]:
    body = body[1:].strip()
    entries = _entries(body, "=~") if body[:1] in ("=", "~") else [("=", body)]
    answers = []
    for mark, entry in entries:
        weight, rest = _weighted(entry, Decimal(1))
        value, feedback = _feedback(rest, text_format)
        if mark == "~" or value in ("", "*"):
            continue  # what is said to every other number; those score nothing anyway
        low, dots, high = value.partition("..")
        number, _, tolerance = value.partition(":")
        numbers = (
            {"minimum": low.strip(), "maximum": high.strip()}
            if dots
            else {"value": number.strip(), "tolerance": tolerance.strip() or "0"}
        )
        answers.append({**numbers, "weight": str(weight), "feedback": feedback})
    return Kind.NUMERICAL, {"answers": answers}


def _matching(body: str, text_format: str) -> tuple[Kind, dict]:
    items: list[dict[str, str]] = []
    options: dict[str, str] = {}
    pairs: dict[str, str] = {}
    for number, (_, entry) in enumerate(_entries(body, "="), start=1):
        left, _, right = entry.partition("->")
        option = options.setdefault(_text(right.strip(), text_format), f"o{len(options) + 1}")
        if left.strip():
            items.append({"id": f"i{number}", "text": _text(left.strip(), text_format)})
            pairs[f"i{number}"] = option
    return Kind.MATCHING, {
        "items": items,
        "options": [{"id": key, "text": text} for text, key in options.items()],
        "pairs": pairs,
    }


def _essay(body: str, text_format: str) -> tuple[Kind, dict]:
    return Kind.ESSAY, {}


_CONTENT = {
    "multichoice": _multichoice,
    "truefalse": _truefalse,
    "shortanswer": _shortanswer,
    "numerical": _numerical,
    "matching": _matching,
    "essay": _essay,
}


def _shown(text: str) -> str:
    return text.translate(_REVEAL)


def _text(text: str, text_format: str) -> str:
    """HTML of a text in one of GIFT's formats; one that begins with its own format wins."""
    text = text.strip()
    if match := _FORMAT.match(text):
        text_format, text = match[1], text[match.end() :].strip()
    text = _shown(text)
    if text_format == "html":
        return text
    return html.escape(text, quote=False).replace("\n", "<br>")


def _plain(markup: str) -> str:
    return html.unescape(_TAGS.sub(" ", markup)).strip()
