"""Scoring: from a question's content and a response to a fraction, and from fractions to points and results.

Pure and in decimals: the same answer gives the same points wherever and whenever it is scored.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from itertools import combinations
from typing import Any

from quizzes import patterns
from quizzes.kinds import GRADED_BY_PEOPLE, ChoicePolicy, Kind, OrderPolicy, TextMatch

ZERO, ONE = Decimal(0), Decimal(1)
POINT = Decimal("0.0001")  # points and fractions are kept to four places
PERCENT = Decimal("0.01")
LARGEST_EXPONENT = 100  # of a typed number; beyond, arithmetic itself would be the attack


@dataclass(frozen=True)
class Result:
    """What an attempt is worth."""

    points: Decimal
    maximum: Decimal
    percent: Decimal
    passed: bool


def fraction(kind: str, content: dict[str, Any], response: Any) -> Decimal | None:
    """The share of the points that `response` earns, 0..1 to four places; None: a person decides.

    An empty answer earns 0, an empty essay too.
    """
    if response is None or response == "" or response == [] or response == {}:
        return ZERO
    if kind in GRADED_BY_PEOPLE:
        return None
    with localcontext() as context:
        context.prec = 60
        share = _SCORERS[Kind(kind)](content, response)
        return min(ONE, max(ZERO, share)).quantize(POINT, ROUND_HALF_UP)


def is_graded_by_people(kind: str) -> bool:
    return kind in GRADED_BY_PEOPLE


def points(share: Decimal, maximum: Decimal) -> Decimal:
    """`share` of `maximum` points, to four places."""
    return (share * maximum).quantize(POINT, ROUND_HALF_UP)


def result(scores: Sequence[tuple[Decimal, Decimal]], pass_mark: Decimal) -> Result:
    """Of (points, maximum) pairs. `pass_mark` is the percentage needed; without points to earn everything is earned.

    The comparison is made before rounding, so that 59.996 % does not pass 60 %.
    """
    earned = sum((score for score, _ in scores), ZERO)
    maximum = sum((most for _, most in scores), ZERO)
    exact = earned * 100 / maximum if maximum else Decimal(100)
    return Result(earned, maximum, exact.quantize(PERCENT, ROUND_HALF_UP), exact >= pass_mark)


def combine(policy: str, percents: Sequence[Decimal]) -> Decimal:
    """The percentage that counts of several attempts', oldest first. Raises ValueError without any."""
    if not percents:
        raise ValueError("no attempt to count")
    if policy == "highest":
        return max(percents)
    if policy == "latest":
        return percents[-1]
    if policy == "average":
        return (sum(percents, ZERO) / len(percents)).quantize(PERCENT, ROUND_HALF_UP)
    raise ValueError(f"there is no scoring policy {policy!r}")


def _single_choice(content: dict[str, Any], response: Any) -> Decimal:
    weights = {choice["id"]: Decimal(choice["weight"]) for choice in content["choices"]}
    return weights.get(response, ZERO) if isinstance(response, str) else ZERO


def _multiple_choice(content: dict[str, Any], response: Any) -> Decimal:
    weights = {choice["id"]: Decimal(choice["weight"]) for choice in content["choices"]}
    picked = set(response) & set(weights)
    right = {key for key, weight in weights.items() if weight > 0}
    match content["policy"]:
        case ChoicePolicy.ALL_OR_NOTHING:
            return ONE if picked == right else ZERO
        case ChoicePolicy.RIGHT_MINUS_WRONG:
            return Decimal(len(picked & right) - len(picked - right)) / len(right)
        case ChoicePolicy.EACH_CHOICE:
            return Decimal(len(weights) - len(picked ^ right)) / len(weights)
        case _:
            return sum((weights[key] for key in picked), ZERO)


def _true_false(content: dict[str, Any], response: Any) -> Decimal:
    return ONE if response is content["correct"] else ZERO


def parse_quantity(text: str, units: Sequence[dict[str, str]]) -> tuple[Decimal, str] | None:
    """The number and the unit symbol ("" without one) of what was typed; None when it is neither.

    A single comma is a decimal sign ("1,5"); "1.5e3", "−2" and "3 / 4" are numbers.
    """
    text = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    symbol = ""
    for unit in sorted(units, key=lambda unit: -len(unit["symbol"])):
        if text.endswith(unit["symbol"]):
            text, symbol = text[: -len(unit["symbol"])].strip(), unit["symbol"]
            break
    numerator, slash, denominator = text.partition("/")
    top, bottom = _number(numerator), _number(denominator) if slash else ONE
    if top is None or not bottom:
        return None
    return top / bottom, symbol


def _number(text: str) -> Decimal | None:
    text = text.strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    if not text or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= LARGEST_EXPONENT else None


def _numerical(content: dict[str, Any], response: Any) -> Decimal:
    quantity = parse_quantity(str(response), content["units"])
    if quantity is None:
        return ZERO
    number, symbol = quantity
    if content["unit_required"] and not symbol:
        return ZERO
    factors = {unit["symbol"]: Decimal(unit["factor"]) for unit in content["units"]}
    number *= factors.get(symbol, ONE)
    return next((Decimal(answer["weight"]) for answer in content["answers"] if _within(number, answer)), ZERO)


def _within(number: Decimal, answer: dict[str, Any]) -> bool:
    if "minimum" in answer:
        return Decimal(answer["minimum"]) <= number <= Decimal(answer["maximum"])
    value, tolerance = Decimal(answer["value"]), Decimal(answer["tolerance"])
    return abs(number - value) <= (tolerance * abs(value) if answer["relative"] else tolerance)


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _best_text(answers: Sequence[dict[str, Any]], text: Any) -> Decimal:
    """The weight of the best answer that fits. Spaces around and runs of spaces don't count."""
    typed = _clean(str(text))
    return max((Decimal(answer["weight"]) for answer in answers if _fits(answer, typed)), default=ZERO)


def _fits(answer: dict[str, Any], typed: str) -> bool:
    match answer["match"]:
        case TextMatch.EXACT:
            return typed == _clean(answer["text"])
        case TextMatch.IGNORE_CASE:
            return typed.casefold() == _clean(answer["text"]).casefold()
        case _:
            return patterns.matches(answer["text"], typed)


def _short_text(content: dict[str, Any], response: Any) -> Decimal:
    return _best_text(content["answers"], response)


def _matching(content: dict[str, Any], response: Any) -> Decimal:
    texts = {option["id"]: option["text"] for option in content["options"]}
    pairs = content["pairs"]
    # Two options that read the same are the same to the one who answers.
    right = sum(1 for item, option in pairs.items() if texts.get(response.get(item, "")) == texts[option])
    return Decimal(right) / len(pairs)


def _ordering(content: dict[str, Any], response: Any) -> Decimal:
    order = content["order"]
    match content["policy"]:
        case OrderPolicy.ALL_OR_NOTHING:
            return ONE if list(response) == order else ZERO
        case OrderPolicy.POSITIONS:
            return Decimal(sum(a == b for a, b in zip(response, order, strict=False))) / len(order)
        case _:
            place = {item: index for index, item in enumerate(response)}
            pairs = list(combinations(order, 2))
            right = sum(a in place and b in place and place[a] < place[b] for a, b in pairs)
            return Decimal(right) / len(pairs)


def _fill_in(content: dict[str, Any], response: Any) -> Decimal:
    total = sum((Decimal(gap["weight"]) for gap in content["gaps"]), ZERO)
    earned = sum(
        (
            max(ZERO, _best_text(gap["answers"], response[gap["id"]])) * Decimal(gap["weight"])
            for gap in content["gaps"]
            if response.get(gap["id"])
        ),
        ZERO,
    )
    return earned / total


_SCORERS = {
    Kind.SINGLE_CHOICE: _single_choice,
    Kind.MULTIPLE_CHOICE: _multiple_choice,
    Kind.TRUE_FALSE: _true_false,
    Kind.NUMERICAL: _numerical,
    Kind.SHORT_TEXT: _short_text,
    Kind.MATCHING: _matching,
    Kind.ORDERING: _ordering,
    Kind.FILL_IN: _fill_in,
}
