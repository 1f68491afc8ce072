"""Runs drills against a world: silent, fault, firing at the right receiver, fault removed, resolved."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.drill.drills import Drill, Expected
from tests.drill.world import World

FIRE_SECONDS = 150.0
RESOLVE_SECONDS = 150.0
LINKS = ("https://lms.example.org/runbooks#", "https://grafana.example.org/d/lms-")


@dataclass(frozen=True)
class Outcome:
    """Seconds from the fault to the message, and from the fault's end to "resolved"; None when it didn't come."""

    drill: str
    expected: Expected
    fired: float | None
    resolved: float | None
    problem: str = ""

    @property
    def passed(self) -> bool:
        return not self.problem and self.fired is not None and self.resolved is not None


def _told(world: World, expected: Expected, *, since: float, resolved: bool) -> str | None:
    """What the receiver was told of the alert since then, as text."""
    if expected.receiver == "log":
        wanted = "resolved" if resolved else "firing"
        for line in world.system.log_lines("web"):
            if line.get("event") == "alert" and (line["alertname"], line["status"]) == (expected.alert, wanted):
                return " ".join(LINKS)
        return None
    message = world.sinks.first(
        expected.receiver,
        f"{expected.alert} ({expected.severity})",
        expected.text,
        since=since,
        resolved=resolved,
    )
    return message.text if message else None


def _await(
    world: World, waiting: Iterable[Expected], *, since: float, resolved: bool, limit: float
) -> dict[Expected, tuple[float, str]]:
    told: dict[Expected, tuple[float, str]] = {}
    left = set(waiting)
    while left and time.monotonic() - since < limit:
        for expected in list(left):
            if text := _told(world, expected, since=since, resolved=resolved):
                told[expected] = (time.monotonic() - since, text)
                left.remove(expected)
        time.sleep(0.2)
    return told


def run(world: World, drill: Drill, say: Callable[[str], object] = print) -> list[Outcome]:
    """Raises nothing that a fault causes: what went wrong stands in the outcomes."""
    names = {expected.alert for expected in drill.expected} - drill.may_burn_on
    quiet = time.monotonic()
    while names & world.disturbing() or world.down():
        if time.monotonic() - quiet > RESOLVE_SECONDS:
            problem = f"not silent before the fault: {sorted(names & world.disturbing())} {world.down()}"
            return [Outcome(drill.name, expected, None, None, problem) for expected in drill.expected]
        time.sleep(0.5)
    say(f"{drill.name} ...")
    began = time.monotonic()
    with drill.fault(world):
        fired = _await(world, drill.expected, since=began, resolved=False, limit=FIRE_SECONDS)
    ended = time.monotonic()
    resolved = _await(world, fired, since=ended, resolved=True, limit=RESOLVE_SECONDS)
    outcomes = []
    for expected in drill.expected:
        problem = ""
        if expected not in fired:
            states = [a["state"] for a in world.alerts() if a["labels"]["alertname"] == expected.alert]
            problem = f"no message (Prometheus: {states or 'inactive'})"
        elif not all(link in fired[expected][1] for link in LINKS):
            problem = "the message lacks its links"
        elif expected not in resolved:
            problem = "never resolved"
        outcomes.append(
            Outcome(
                drill.name,
                expected,
                fired[expected][0] if expected in fired else None,
                resolved[expected][0] if expected in resolved else None,
                problem,
            )
        )
    return outcomes
