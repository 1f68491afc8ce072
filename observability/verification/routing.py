"""Whether Alertmanager's running configuration is the versioned one: pure comparison of two documents.

Addresses and secrets differ from one environment to the next and are hidden by Alertmanager; routes, inhibitions,
times, and which receiver is told over which kinds of channel do not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_WAITS = ("group_wait", "group_interval", "repeat_interval")
_MATCHER = re.compile(r'\s*(\w+)\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*')
_MATCHERS = ("matchers", "source_matchers", "target_matchers")


def milliseconds(duration: str) -> int:
    """'1h30m' → 5400000. Raises ValueError for what is no duration."""
    parts = re.findall(r"(\d+)(ms|s|m|h|d|w)", str(duration))
    if not parts or "".join(number + unit for number, unit in parts) != str(duration):
        raise ValueError(f"{duration!r} is not a duration")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _matcher(text: str) -> str:
    found = _MATCHER.fullmatch(text)
    return "".join(found.groups()) if found else text


def _normal_route(route: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "receiver": route.get("receiver"),
        "group_by": sorted(route.get("group_by") or []),
        "matchers": sorted(_matcher(text) for text in route.get("matchers") or []),
        "continue": bool(route.get("continue", False)),
        "times": sorted((route.get("active_time_intervals") or []) + (route.get("mute_time_intervals") or [])),
        **{name: milliseconds(route[name]) for name in _WAITS if route.get(name)},
    }


def _inhibition(rule: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    sides = [tuple(sorted(_matcher(text) for text in rule.get(name) or [])) for name in _MATCHERS[1:]]
    return (*sides, tuple(sorted(rule.get("equal") or [])))


def channels(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Receiver → the kinds of its channels, one for each."""
    return {
        receiver["name"]: sorted(
            key.removesuffix("_configs")
            for key, value in receiver.items()
            if key.endswith("_configs")
            for _ in value or []
        )
        for receiver in config.get("receivers") or []
    }


def _route_differences(running: Mapping[str, Any], versioned: Mapping[str, Any], where: str) -> Iterator[str]:
    ours, theirs = _normal_route(running), _normal_route(versioned)
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield f"{where}: {name} is {ours.get(name)!r}, versioned {theirs.get(name)!r}"
    inner, wanted = running.get("routes") or [], versioned.get("routes") or []
    known = {tuple(_normal_route(route)["matchers"]): route for route in inner}
    expected = {tuple(_normal_route(route)["matchers"]): route for route in wanted}
    for matchers in expected:
        name = f"route {' '.join(matchers) or '(all)'}"
        if matchers not in known:
            yield f"{name} is missing"
        else:
            yield from _route_differences(known[matchers], expected[matchers], name)
    for matchers in known.keys() - expected.keys():
        yield f"route {' '.join(matchers) or '(all)'} is not versioned"
    if list(known) != list(expected) and known.keys() == expected.keys():
        yield f"{where}: its routes are in another order"


def differences(running: Mapping[str, Any], versioned: Mapping[str, Any]) -> list[str]:
    """A line for each route, receiver, inhibition or time interval that is not as versioned."""
    lines = list(_route_differences(running.get("route") or {}, versioned.get("route") or {}, "root route"))
    ours, theirs = channels(running), channels(versioned)
    for name in sorted(theirs.keys() - ours.keys()):
        lines.append(f"receiver {name} is missing")
    for name in sorted(ours.keys() - theirs.keys()):
        lines.append(f"receiver {name} is not versioned")
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            lines.append(f"receiver {name} uses {ours[name] or 'nothing'}, versioned {theirs[name]}")
    present = {_inhibition(rule) for rule in running.get("inhibit_rules") or []}
    wanted = {_inhibition(rule) for rule in versioned.get("inhibit_rules") or []}
    lines += [f"inhibition by {' '.join(rule[0])} is missing" for rule in sorted(wanted - present)]
    lines += [f"inhibition by {' '.join(rule[0])} is not versioned" for rule in sorted(present - wanted)]
    names = [{one["name"] for one in config.get("time_intervals") or []} for config in (running, versioned)]
    lines += [f"time interval {name} is missing" for name in sorted(names[1] - names[0])]
    return lines
