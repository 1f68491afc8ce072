"""What a drill is: a real fault, the alerts that it fires, and who is told of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.drill.world import World

Fault = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Expected:
    """`labels` tell alerts of one name apart: its severity, and its category where severities repeat."""

    alert: str
    receiver: str
    severity: str
    category: str = ""
    text: str = ""  # what else the message must say, where several alerts share a name and a receiver

    def __str__(self) -> str:
        return f"{self.alert} ({self.category or self.severity})"


@dataclass(frozen=True)
class Hushed(Expected):
    """An alert that fires and that Alertmanager keeps from its receiver; `by` is "inhibited" or "silenced"."""

    by: str = "inhibited"


@dataclass(frozen=True)
class Drill:
    """`fire_seconds` and `resolve_seconds` are how long its messages may take, before and after the fault's end.

    A `brief` fault is over once it has been brought about: what fires late may be heard when what fired early is over.
    """

    fault: Fault
    expected: tuple[Expected, ...]
    short: bool = False  # also in the tests
    brief: bool = False
    root: bool = False  # it mounts, or makes a control group
    # Looked at while the fault lasts; or the second fault, if there is one, which comes once all has fired.
    then: Fault | None = None
    after: tuple[str, ...] = ()  # alerts of other drills that the second fault would hide: it waits for their end
    hushed: tuple[Hushed, ...] = ()
    together: tuple[Expected, ...] = ()  # fires for several instances, of which one message tells
    despite: tuple[Expected, ...] = ()  # is told although others are hushed
    fire_seconds: float = 150.0
    resolve_seconds: float = 150.0

    @property
    def name(self) -> str:
        return self.fault.__name__.replace("_", " ")  # type: ignore[attr-defined]


def pages(*alerts: str) -> tuple[Expected, ...]:
    return tuple(Expected(alert, "pager", "critical") for alert in alerts)


def warns(*alerts: str) -> tuple[Expected, ...]:
    return tuple(Expected(alert, "team", "warning") for alert in alerts)


def told(*alerts: str) -> tuple[Expected, ...]:
    return tuple(Expected(alert, "log", "info", "operation") for alert in alerts)


def planned(*alerts: str) -> tuple[Expected, ...]:
    """Mailed in office hours; written down at any hour."""
    return tuple(Expected(alert, "planning, log", "info", "capacity") for alert in alerts)


def hushed(*alerts: str, by: str = "inhibited") -> tuple[Hushed, ...]:
    return tuple(Hushed(alert, "team", "warning", by=by) for alert in alerts)
