"""Questions as controls of a form, what such a form says as a response, and how it is read back with what was right.

Works on what the API shows (quizzes.api.fields), so that no page can show more. The controls of question 3 are named
`q3`, those of its parts `q3:ID`.
"""

from collections.abc import Callable, Iterable
from html import unescape
from typing import Any

from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from courses.html import without_styles
from quizzes.content.responses import LONGEST_ANSWER
from quizzes.kinds import Kind

Values = Callable[[str], list[str]]
Shown = dict[str, Any]
CHOICES = (Kind.SINGLE_CHOICE, Kind.MULTIPLE_CHOICE, Kind.TRUE_FALSE)
PARTS = (Kind.MATCHING, Kind.ORDERING, Kind.FILL_IN)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Unclear(ValueError):
    """What was chosen is no answer yet; the text says why, in the person's language."""


def response_from(asked: Shown, values: Values) -> Any:
    """What the form says, in the shape that services.save_answer takes; None where nothing is answered.

    Raises Unclear.
    """
    name = f"q{asked['position']}"
    own = [_lines(value) for value in values(name) if value != ""]
    match asked["kind"]:
        case Kind.MULTIPLE_CHOICE:
            return own or None
        case Kind.TRUE_FALSE:
            return {"true": True, "false": False}.get(own[0], own[0]) if own else None
        case Kind.ORDERING:
            return _in_order(_parts(asked, values))
        case Kind.MATCHING | Kind.FILL_IN:
            return _parts(asked, values) or None
        case Kind.FILE_UPLOAD:
            return None
        case _:
            return own[0] if own else None


def _parts(asked: Shown, values: Values) -> dict[str, str]:
    parts = {each["id"]: values(f"q{asked['position']}:{each['id']}") for each in _entries(asked)}
    return {part: _lines(found[0]) for part, found in parts.items() if found and found[0] != ""}


def _entries(asked: Shown) -> list[Shown]:
    entries: list[Shown] = asked["parts"]["gaps" if asked["kind"] == Kind.FILL_IN else "items"]
    return entries


def _in_order(places: dict[str, str]) -> list[str] | None:
    if not all(place.isascii() and place.isdigit() and len(place) < 6 for place in places.values()):
        raise Unclear(_("A place is a number."))
    if len(set(map(int, places.values()))) != len(places):
        raise Unclear(_("Give each item a place of its own."))
    return sorted(places, key=lambda item: int(places[item])) or None


def _lines(text: str) -> str:
    """Browsers send the line breaks of a text area as CR LF, scripts read them as LF."""
    return text.replace("\r\n", "\n")


def typed_of(asked: Shown) -> dict[str, list[str]]:
    """The values of the controls that stand for the stored response: the inverse of `response_from`."""
    name, response = f"q{asked['position']}", asked["response"]
    if response is None:
        return {}
    match asked["kind"]:
        case Kind.MULTIPLE_CHOICE:
            return {name: response}
        case Kind.TRUE_FALSE:
            return {name: ["true" if response else "false"]}
        case Kind.ORDERING:
            return {f"{name}:{item}": [str(place)] for place, item in enumerate(response, start=1)}
        case Kind.MATCHING | Kind.FILL_IN:
            return {f"{name}:{part}": [value] for part, value in response.items()}
        case _:
            return {name: [response]}


def controls(asked: Shown, values: Values | None = None, error: str = "") -> Shown:
    """What the template of a form needs of one question. `values` are those that somebody sent just now."""
    stored = typed_of(asked)
    values = values or (lambda name: stored.get(name, []))
    name, parts, kind = f"q{asked['position']}", asked["parts"], asked["kind"]
    own = values(name)
    shown = {
        **{key: asked[key] for key in ("position", "kind", "points", "revision", "saved_at", "files")},
        "answered": asked["response"] is not None or bool(asked["files"]),
        "name": name,
        "error": error,
        "prompt": _prompt(asked),
    }
    if kind in CHOICES:
        shown["type"] = "checkbox" if kind == Kind.MULTIPLE_CHOICE else "radio"
        shown["choices"] = [entry | {"checked": entry["id"] in own} for entry in _choices(asked)]
        shown["empty"] = kind != Kind.MULTIPLE_CHOICE and not own
    elif kind in PARTS:
        options = _options(asked)
        shown["letters"] = options if any(option["letter"] for option in options) else []
        shown["parts"] = [
            _part(asked, entry, number, options, (values(f"{name}:{entry['id']}") or [""])[0])
            for number, entry in enumerate(_entries(asked), start=1)
        ]
    elif kind == Kind.FILE_UPLOAD:
        shown["most"], shown["megabytes"] = parts["files"], parts["megabytes"]
    else:
        shown["value"] = own[0] if own else ""
        shown["longest"] = parts.get("longest", LONGEST_ANSWER)
        shown["units"] = ", ".join(parts.get("units", []))
    return shown


def _part(asked: Shown, entry: Shown, number: int, options: list[Shown], value: str) -> Shown:
    if asked["kind"] == Kind.FILL_IN:
        label: str = _("Gap %(number)s") % {"number": number}
        options = [{"id": text, "text": text} for text in entry["options"]]
    else:
        label = html(entry["text"])
    # What was sent stays visible, even where it is none of the options.
    known = [option | {"selected": option["id"] == value} for option in options]
    return {
        "name": f"q{asked['position']}:{entry['id']}",
        "id": f"q{asked['position']}-{number}",
        "label": label,
        "value": value,
        "longest": LONGEST_ANSWER,
        "options": known,
    }


def _options(asked: Shown) -> list[Shown]:
    """What can be picked for each part. An option of a select shows text only, so pictures get a letter each."""
    if asked["kind"] == Kind.ORDERING:
        return [{"id": str(place), "text": str(place), "letter": ""} for place in range(1, len(_entries(asked)) + 1)]
    if asked["kind"] != Kind.MATCHING:
        return []
    options = asked["parts"]["options"]
    pictures = any("<img" in option["text"] or not plain(option["text"]) for option in options)
    shown = []
    for number, option in enumerate(options):
        letter = (LETTERS[number] if number < len(LETTERS) else str(number + 1)) if pictures else ""
        text = f"{letter}: {plain(option['text'])}" if letter else plain(option["text"])
        shown.append({"id": option["id"], "text": text, "letter": letter, "html": html(option["text"])})
    return shown


def _choices(asked: Shown) -> list[Shown]:
    if asked["kind"] == Kind.TRUE_FALSE:
        return [{"id": "true", "html": _("True")}, {"id": "false", "html": _("False")}]
    return [{"id": choice["id"], "html": html(choice["text"])} for choice in asked["parts"]["choices"]]


def _prompt(asked: Shown) -> SafeString:
    """The question; a gap is a numbered blank there, plain text wherever it stands, and has its control below."""
    text = asked["prompt"]
    if asked["kind"] == Kind.FILL_IN:
        for number, gap in enumerate(asked["parts"]["gaps"], start=1):
            for marker in {f"[[{gap['id']}]]", f"[[{escape(gap['id'])}]]"}:
                text = text.replace(marker, f"____ ({number})")
    return html(text)


def html(text: str) -> SafeString:
    return mark_safe(without_styles(text))  # nosec B308 B703: the cleaner's own output


def plain(text: str) -> str:
    return unescape(strip_tags(text)).strip()


def outcome(asked: Shown) -> Shown:
    """What the template of a result needs: the answer in words and, where `feedback` is there, what was right."""
    feedback = asked.get("feedback")
    kind, response = asked["kind"], asked["response"]
    shown: Shown = {key: asked[key] for key in ("position", "kind", "points", "files")}
    shown |= {"prompt": _prompt(asked), "feedback": feedback, "answered": response is not None or bool(asked["files"])}
    if feedback:
        shown["explanation"], shown["comment"] = html(feedback["explanation"]), feedback["comment"]
        shown["rubric"] = [
            entry | {"got": feedback["rubric_points"].get(entry["id"])} for entry in feedback.get("rubric", [])
        ]
    if kind in CHOICES:
        picked = typed_of(asked).get(f"q{asked['position']}", [])
        right, said = _right_choices(kind, feedback)
        shown["choices"] = [
            entry
            | {"picked": entry["id"] in picked, "right": entry["id"] in right, "said": html(said.get(entry["id"], ""))}
            for entry in _choices(asked)
        ]
    elif kind == Kind.ESSAY:
        shown["text"] = response or ""
    elif kind != Kind.FILE_UPLOAD:
        shown["rows"] = list(_rows(asked, response, feedback))
    return shown


def _right_choices(kind: str, feedback: Shown | None) -> tuple[set[str], dict[str, str]]:
    if not feedback:
        return set(), {}
    right = feedback["right"]
    return ({"true" if right else "false"} if kind == Kind.TRUE_FALSE else set(right)), feedback["feedback"]


def _rows(asked: Shown, response: Any, feedback: Shown | None) -> Iterable[Shown]:
    """Lines of (what it is about, what was answered, what was right); texts of the question are safe HTML."""
    match asked["kind"]:
        case Kind.NUMERICAL | Kind.SHORT_TEXT:
            right = [_right_text(answer) for answer in feedback["answers"]] if feedback else []
            yield {"label": "", "given": response or "", "right": " · ".join(right)}
        case Kind.ORDERING:
            texts = {item["id"]: html(item["text"]) for item in asked["parts"]["items"]}
            right, given = feedback["right"] if feedback else [], response or []
            for place in range(len(texts)):
                yield {
                    "label": str(place + 1),
                    "given": texts.get(given[place], "") if place < len(given) else "",
                    "right": texts.get(right[place], "") if place < len(right) else "",
                }
        case Kind.MATCHING:
            options = {option["id"]: html(option["text"]) for option in asked["parts"]["options"]}
            for item in asked["parts"]["items"]:
                given = options.get((response or {}).get(item["id"]), "")
                wanted = options.get(feedback["right"][item["id"]], "") if feedback else ""
                yield {"label": html(item["text"]), "given": given, "right": wanted}
        case _:
            for number, gap in enumerate(asked["parts"]["gaps"], start=1):
                label = _("Gap %(number)s") % {"number": number}
                wanted = " · ".join(feedback["right"][gap["id"]]) if feedback else ""
                yield {"label": label, "given": (response or {}).get(gap["id"], ""), "right": wanted}


def _right_text(answer: Shown) -> str:
    if "minimum" in answer:
        return f"{answer['minimum']} – {answer['maximum']}"
    if "value" in answer:
        tolerance = answer["tolerance"]
        return f"{answer['value']} ± {tolerance}" if float(tolerance) else str(answer["value"])
    return str(answer["text"])
