"""What may be answered to each kind of question, checked when it is saved.

single_choice "id" · multiple_choice ["id", …] · true_false true|false · numerical "1.5 m" or a number ·
short_text "text" · matching {item id: option id} · ordering ["id", …] · fill_in {gap id: "text"} · essay "text" ·
file_upload nothing (its files are uploaded). None empties an answer. Anything may be incomplete.
"""

from typing import Any

from django.utils.translation import gettext as _

from quizzes.content.schema import ContentError
from quizzes.kinds import Kind

LONGEST_ANSWER = 1000


def check_response(kind: str, content: dict[str, Any], response: Any) -> Any:
    """`response` as it is stored. Raises ContentError when it isn't an answer to such a question."""
    if response is None:
        return None
    match kind:
        case Kind.SINGLE_CHOICE:
            return _known(response, _ids(content["choices"]))
        case Kind.MULTIPLE_CHOICE:
            return _distinct(response, _ids(content["choices"]))
        case Kind.TRUE_FALSE:
            if not isinstance(response, bool):
                raise ContentError(_("the answer must be true or false"))
            return response
        case Kind.NUMERICAL:
            if isinstance(response, int | float) and not isinstance(response, bool):
                response = str(response)
            return _text(response, LONGEST_ANSWER)
        case Kind.SHORT_TEXT:
            return _text(response, LONGEST_ANSWER)
        case Kind.MATCHING:
            pairs = _object(response, _ids(content["items"]))
            return {item: _known(option, _ids(content["options"])) for item, option in pairs.items()}
        case Kind.ORDERING:
            return _distinct(response, _ids(content["items"]))
        case Kind.FILL_IN:
            return {gap: _text(text, LONGEST_ANSWER) for gap, text in _object(response, _ids(content["gaps"])).items()}
        case Kind.ESSAY:
            return _text(response, content["longest"])
        case _:
            raise ContentError(_("this question is answered by uploading files"))


def _ids(entries: list[dict[str, Any]]) -> set[str]:
    return {entry["id"] for entry in entries}


def _known(value: Any, ids: set[str]) -> str:
    if not isinstance(value, str) or value not in ids:
        raise ContentError(_("the answer names something that isn't part of the question"))
    return value


def _distinct(value: Any, ids: set[str]) -> list[str]:
    if not isinstance(value, list) or len({_known(entry, ids) for entry in value}) != len(value):
        raise ContentError(_("the answer must be a list without repetition"))
    return value


def _object(value: Any, ids: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ContentError(_("the answer must be an object"))
    return {_known(key, ids): entry for key, entry in value.items() if entry is not None}


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise ContentError(_("the answer must be a text of at most %(most)s characters") % {"most": longest})
    return value
