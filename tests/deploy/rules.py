"""What rules, their tests and panels say, taken apart for the checks."""

import re
from pathlib import Path
from typing import Any

import yaml

PROMETHEUS = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_WORDS = {
    "and", "or", "unless", "on", "by", "without", "ignoring", "group_left", "group_right", "bool", "offset",
    "sum", "min", "max", "avg", "count", "topk", "rate", "increase", "vector", "time", "histogram_quantile",
    "clamp_min", "label_replace", "predict_linear", "absent",
}  # fmt: skip


def load(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metric_names(expression: str) -> set[str]:
    """Names of metrics in a PromQL expression; label lists, strings, durations and functions left out."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", "", text)
    text = re.sub(r"\b\d+(\.\d+)?(e[-+]?\d+)?[smhdwy]?\b", "", text)
    return {name for name in _NAME.findall(text) if name not in _WORDS}


def matchers(expression: str) -> list[tuple[str, str, str, str]]:
    """(metric, label, operator, value) of each selector."""
    return [
        (metric, label, operator, value)
        for metric, inside in _SELECTOR.findall(re.sub(r"\s+", " ", expression))
        for label, operator, value in _MATCHER.findall(inside)
    ]
