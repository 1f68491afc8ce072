"""Our own JSON: what export writes, import reads back to the same questions.

{"format": "lms-questions", "version": 1, "pools": {name: number drawn},
 "questions": [{"kind", "title", "prompt", "points", "content", "explanation", "pool"}]}
"""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from quizzes.content import ContentError
from quizzes.content.schema import decimal
from quizzes.importers.items import Parsed, ParsedQuestion, QuestionFileError, question

FORMAT, VERSION = "lms-questions", 1
MEMBERS = {"kind", "title", "prompt", "points", "content", "explanation", "pool"}


def parse(data: bytes) -> Parsed:
    """Raises QuestionFileError when the document isn't ours; a question that doesn't fit is reported."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise QuestionFileError("not valid JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("version") != VERSION:
        raise QuestionFileError(f'"format" must be "{FORMAT}" and "version" {VERSION}')
    questions, pools = document.get("questions"), document.get("pools", {})
    if not isinstance(questions, list) or not isinstance(pools, dict):
        raise QuestionFileError("questions must be a list and pools an object")
    if not all(isinstance(count, int) and 0 < count <= 1000 for count in pools.values()):
        raise QuestionFileError("pools must say how many questions are drawn")
    parsed = Parsed("json", pools=pools)
    for number, entry in enumerate(questions, start=1):
        source = f"question {number}"
        kind = str(entry.get("kind", "untyped")) if isinstance(entry, Mapping) else "untyped"
        parsed.add(kind, source, lambda e=entry, s=source: _question(e, pools, s))  # type: ignore[misc]
    return parsed


def _question(entry: Any, pools: dict[str, int], source: str) -> ParsedQuestion:
    if not isinstance(entry, Mapping) or set(entry) - MEMBERS:
        raise ContentError("not an object with the known members")
    texts = {name: entry.get(name, "") for name in ("title", "prompt", "explanation", "pool")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ContentError("title, prompt, explanation and pool must be texts")
    if texts["pool"] and texts["pool"] not in pools:
        raise ContentError(f"there is no pool {texts['pool']!r}")
    points = decimal(entry.get("points", "1"), "points")
    if not 0 <= points <= 1000:
        raise ContentError("points must be within 0..1000")
    content: Any = entry.get("content")
    return question(entry.get("kind", ""), texts.pop("prompt"), content, points=points, source=source, **texts)


def dump(questions: Iterable[ParsedQuestion], pools: dict[str, int]) -> str:
    document = {
        "format": FORMAT,
        "version": VERSION,
        "pools": pools,
        "questions": [
            {
                "kind": str(item.kind),
                "title": item.title,
                "prompt": item.prompt,
                "points": _plain_number(item.points),
                "content": item.content,
                "explanation": item.explanation,
                "pool": item.pool,
            }
            for item in questions
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain_number(number: Decimal) -> str:
    return f"{number.normalize():f}"
