"""Production rules with every duration divided by one factor; thresholds, labels and expressions stay as they are.

A duration is what counts seconds, wherever it stands: `for:`, a range (`[5m]`), an `offset`, the horizon of
predict_linear, and the limit that an age (`…_seconds`, `time() - …`) is compared with, a product (`3 * 3600`) too.
"""

import math
import re
from typing import Any

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_RANGE = re.compile(r"\[(\d+)(ms|s|m|h|d|w)\]")
_OFFSET = re.compile(r"(\boffset )(\d+)(ms|s|m|h|d|w)\b")
_HORIZON = re.compile(r"(predict_linear\(.*\], )([\d *]+)(\))", re.DOTALL)
_AGE = re.compile(r"((?:_seconds\b|\btime\(\) - )[^<>]*[<>] )(\d[\d *]*)$")
SCRAPE_FLOOR_SECONDS = 1.0


def seconds(duration: str) -> float:
    """'1h30m' → 5400.0. Raises ValueError for what is no duration of Prometheus."""
    parts = re.findall(r"(\d+)(ms|s|m|h|d|w)", duration)
    if "".join(number + unit for number, unit in parts) != duration or not parts:
        raise ValueError(f"{duration!r} is not a duration")
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def written(value: float) -> str:
    """Seconds as Prometheus reads them, to the millisecond."""
    return f"{max(1, round(value * 1000))}ms"


def _product(text: str) -> float:
    """'4 * 86400' → 345600.0."""
    return math.prod(float(number) for number in text.split("*"))


def expression(text: str, factor: float) -> str:
    text = _RANGE.sub(lambda found: f"[{written(seconds(found[1] + found[2]) / factor)}]", text.strip())
    text = _OFFSET.sub(lambda found: f"{found[1]}{written(seconds(found[2] + found[3]) / factor)}", text)
    text = _HORIZON.sub(lambda found: f"{found[1]}{_product(found[2]) / factor:g}{found[3]}", text)
    return _AGE.sub(lambda found: f"{found[1]}{_product(found[2]) / factor:g}", text)


def rules(document: dict[str, Any], factor: float) -> dict[str, Any]:
    """A rule file with its durations divided."""

    def divided(rule: dict[str, Any]) -> dict[str, Any]:
        changed = rule | {"expr": expression(rule["expr"], factor)}
        if "for" in rule:
            changed["for"] = written(seconds(rule["for"]) / factor)
        return changed

    return {"groups": [group | {"rules": [divided(rule) for rule in group["rules"]]} for group in document["groups"]]}


def prometheus(config: dict[str, Any], factor: float) -> dict[str, Any]:
    """Prometheus' own configuration; no interval goes below the floor at which exporters can keep up."""
    interval = written(max(SCRAPE_FLOOR_SECONDS, seconds(config["global"]["scrape_interval"]) / factor))
    return config | {
        "global": config["global"]
        | {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval}
    }


def alertmanager(config: dict[str, Any], factor: float) -> dict[str, Any]:
    """Alertmanager's routes with their waits divided; office hours are days of people and stay."""

    def divided(route: dict[str, Any]) -> dict[str, Any]:
        changed = {
            name: written(max(0.001, seconds(value) / factor))
            if name in {"group_wait", "group_interval", "repeat_interval"} and seconds(value)
            else value
            for name, value in route.items()
        }
        if "routes" in route:
            changed["routes"] = [divided(inner) for inner in route["routes"]]
        return changed

    return config | {"route": divided(config["route"])}
