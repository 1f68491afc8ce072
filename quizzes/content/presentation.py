"""What a student sees of a question. Built from nothing, never by removing: a new member can't leak."""

import random
from decimal import Decimal
from typing import Any

from quizzes.kinds import Kind


def presented(kind: str, content: dict[str, Any], *, seed: str | None) -> dict[str, Any]:
    """The question's parts without any hint of what is right.

    `seed` shuffles choices, the same way each time; None leaves them in their author's order. Things to bring into
    order and options to match are always shuffled.
    """
    match kind:
        case Kind.SINGLE_CHOICE | Kind.MULTIPLE_CHOICE:
            choices = _labels(content["choices"])
            return {"choices": choices if seed is None else _shuffled(choices, seed)}
        case Kind.NUMERICAL:
            return {"units": [unit["symbol"] for unit in content["units"]]}
        case Kind.MATCHING:
            return {
                "items": _labels(content["items"]),
                "options": _shuffled(_labels(content["options"]), seed or "", sort=True),
            }
        case Kind.ORDERING:
            return {"items": _shuffled(_labels(content["items"]), seed or "", sort=True)}
        case Kind.FILL_IN:
            return {
                "gaps": [
                    {"id": gap["id"], "options": _shuffled(gap["options"], seed or "", sort=True)}
                    for gap in content["gaps"]
                ]
            }
        case Kind.ESSAY:
            return {"longest": content["longest"]}
        case Kind.FILE_UPLOAD:
            return {"files": content["files"], "megabytes": content["megabytes"]}
        case _:
            return {}


def revealed(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """What is right and what is said about it, for those whom the feedback policy allows it."""
    match kind:
        case Kind.SINGLE_CHOICE | Kind.MULTIPLE_CHOICE:
            return {
                "right": [choice["id"] for choice in content["choices"] if Decimal(choice["weight"]) > 0],
                "feedback": {choice["id"]: choice["feedback"] for choice in content["choices"] if choice["feedback"]},
            }
        case Kind.TRUE_FALSE:
            return {"right": content["correct"], "feedback": content["feedback"]}
        case Kind.NUMERICAL | Kind.SHORT_TEXT:
            return {"answers": content["answers"]}
        case Kind.MATCHING:
            return {"right": content["pairs"]}
        case Kind.ORDERING:
            return {"right": content["order"]}
        case Kind.FILL_IN:
            return {"right": {gap["id"]: [answer["text"] for answer in gap["answers"]] for gap in content["gaps"]}}
        case _:
            return {"rubric": content["rubric"]}


def _labels(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": entry["id"], "text": entry["text"]} for entry in entries]


def _shuffled(entries: list[Any], seed: str, *, sort: bool = False) -> list[Any]:
    """Sorted first where the stored order itself is the answer."""
    mixed = sorted(entries, key=str) if sort else list(entries)
    random.Random(seed).shuffle(mixed)
    return mixed
