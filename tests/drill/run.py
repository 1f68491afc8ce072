"""Runs drills against a world: silent, fault, firing at the right receiver, fault removed, resolved."""

import contextlib
import datetime
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from tests.drill.model import Drill, Expected, Hushed
from tests.drill.world import World
from tests.system import wait_for

QUIET_SECONDS = 150.0
ENTER_SECONDS = 90.0
END_SECONDS = 90.0
HUSH_SECONDS = 10.0  # longer than what is new in a group waits
E = TypeVar("E", bound=Expected)
LINKS = ("https://lms.example.org/runbooks#", "https://grafana.example.org/d/lms-")


@dataclass(frozen=True)
class Outcome:
    """Seconds from the fault to the message, and from the fault's end to "resolved"; None when it didn't come.

    Where `routing` says what Alertmanager does with the alert, seconds until it does, and no end is waited for.
    """

    drill: str
    expected: Expected
    fired: float | None
    resolved: float | None
    problem: str = ""
    skipped: bool = False
    routing: str = ""

    @property
    def passed(self) -> bool:
        return not self.problem and self.fired is not None and (bool(self.routing) or self.resolved is not None)


@dataclass(frozen=True)
class Heard:
    """A message that came `at` this time of the monotonic clock, and what is wrong with it."""

    at: float
    problem: str = ""


def in_office_hours() -> bool:
    """Whether Alertmanager's time interval of that name is now."""
    now = datetime.datetime.now(ZoneInfo("Europe/Berlin"))
    return now.weekday() < 5 and 7 <= now.hour < 19


def _logged(world: World, alert: str, *, since: float, resolved: bool) -> bool:
    wall = time.time() - (time.monotonic() - since)
    wanted = (alert, "resolved" if resolved else "firing")
    for text in world.system.log_path("web").read_text(errors="replace").splitlines():
        if '"event":"alert"' in text:  # one in a thousand lines: the others needn't be parsed
            line = json.loads(text)
            written = datetime.datetime.fromisoformat(line["time"]).timestamp()
            if (line["alertname"], line["status"]) == wanted and written >= wall:
                return True
    return False


def _fires(world: World, expected: Expected, *, since: float) -> Heard | None:
    """The first message that says it fires, and what is wrong with it; None while there is none."""
    if expected.receiver in {"log", "planning, log"}:
        if not _logged(world, expected.alert, since=since, resolved=False):
            return None
        # The log line has no links: who reads it has the log. The planners' mail isn't sent at night.
        if expected.receiver == "log" or not in_office_hours():
            return Heard(time.monotonic())
        mail = next((mail for mail in list(world.mail.mails) if expected.alert in mail), None)
        return None if mail is None else Heard(time.monotonic(), _links(mail.replace("=\n", "").replace("=\r\n", "")))
    text = f"{expected.alert} ({expected.severity})"
    message = world.sinks.first(expected.receiver, text, expected.text, since=since, resolved=False)
    return None if message is None else Heard(message.at, _links(message.text))


def _links(text: str) -> str:
    return "" if all(link in text for link in LINKS) else "the message lacks its links"


def _is_over(world: World, expected: Expected, *, since: float) -> Heard | None:
    """The first message that says it doesn't fire any more; None while there is none."""
    if expected.receiver in {"log", "planning, log"}:
        return Heard(time.monotonic()) if _logged(world, expected.alert, since=since, resolved=True) else None
    text = f"{expected.alert} ({expected.severity})"
    message = world.sinks.first(expected.receiver, text, expected.text, since=since, resolved=True)
    return None if message is None else Heard(message.at)


def _is_hushed(world: World, expected: Hushed) -> Heard | None:
    """Whether every such alert is with Alertmanager, and kept from its receivers."""
    kept = [
        bool(alert["status"][f"{expected.by}By"])
        for group in world.groups(expected.alert)
        for alert in group["alerts"]
        if alert["labels"]["severity"] == expected.severity
    ]
    return Heard(time.monotonic()) if kept and all(kept) else None


def _is_together(world: World, expected: Expected, *, since: float) -> Heard | None:
    """The message that tells of a group's several instances, which leads to one incident."""
    text = f"{expected.alert} ({expected.severity})"
    for group in world.groups(expected.alert):
        each = {alert["annotations"]["summary"] for alert in group["alerts"]}
        told = world.sinks.all(expected.receiver, text, *each, since=since, resolved=False)
        if len(each) > 1 and told:
            incidents = {message.body["dedup_key"] for message in told}
            return Heard(told[0].at, "" if len(incidents) == 1 else f"{len(incidents)} incidents")
    return None


def _await(waiting: Iterable[E], answer: Callable[[E], Heard | None], *, until: float) -> dict[E, Heard]:
    """What was first heard of each, until all have answered or the clock shows `until`."""
    told: dict[E, Heard] = {}
    left = set(waiting)
    while left and time.monotonic() < until:
        for expected in list(left):
            if (heard := answer(expected)) is not None:
                told[expected] = heard
                left.remove(expected)
        time.sleep(0.2)
    return told


def run(world: World, drill: Drill, say: Callable[[str], object] = print) -> list[Outcome]:
    """One drill; what went wrong stands in the outcomes. Raises nothing that a fault causes."""
    return run_wave(world, [drill], say)


def run_wave(
    world: World,
    drills: Sequence[Drill],
    say: Callable[[str], object] = print,
    under_way: Callable[[], object] = lambda: None,
) -> list[Outcome]:
    """Drills that don't disturb one another, together, once all that they expect is silent.

    Each begins when the one before has brought its fault about, lest one's preparation fall into another's fault;
    `under_way` is called once the last one has.
    """
    outcomes: list[Outcome] = []
    possible = []
    for drill in drills:
        if drill.root and os.geteuid() != 0:
            say(f"{drill.name}: SKIPPED, it needs root")
            outcomes += [Outcome(drill.name, one, None, None, "needs root", skipped=True) for one in drill.expected]
        else:
            possible.append(drill)
    names = {expected.alert for drill in possible for expected in drill.expected}
    quiet = time.monotonic()
    while names & world.disturbing() or world.down():
        if time.monotonic() - quiet > QUIET_SECONDS:
            problem = f"not silent before the fault: {sorted(names & world.disturbing())} {world.down()}"
            under_way()
            return outcomes + [Outcome(d.name, one, None, None, problem) for d in possible for one in d.expected]
        time.sleep(0.5)

    def carry_out(drill: Drill, entered: threading.Event) -> None:
        try:
            outcomes.extend(_carried_out(world, drill, say, entered))
        finally:
            entered.set()

    threads = []
    for drill in possible:
        entered = threading.Event()
        threads.append(threading.Thread(target=carry_out, args=(drill, entered), daemon=True))
        threads[-1].start()
        entered.wait(ENTER_SECONDS)
    under_way()
    for thread in threads:
        thread.join()
    return outcomes


def _carried_out(world: World, drill: Drill, say: Callable[[str], object], entered: threading.Event) -> list[Outcome]:
    began = ended = time.monotonic()
    fired: dict[Expected, Heard] = {}
    states: dict[Expected, list[str]] = {}
    say(f"{drill.name} ...")
    try:
        with drill.fault(world):
            entered.set()
            ended = time.monotonic()
            fired = _await(
                drill.expected, lambda one: _fires(world, one, since=began), until=began + drill.fire_seconds
            )
            for expected in set(drill.expected) - fired.keys():
                alerts = world.alerts()
                states[expected] = [a["state"] for a in alerts if a["labels"]["alertname"] == expected.alert]
            routed = _routed(world, drill, since=began)
            if not drill.brief:
                # Before its removal, which takes its time: the alert may be over before a killed process is buried.
                ended = time.monotonic()
    except Exception as error:  # of the injector or of its end; the other drills go on
        problem = f"the fault failed: {type(error).__name__}: {error}"
        return _report(drill, [Outcome(drill.name, one, None, None, problem) for one in drill.expected], say)
    over = _await(
        fired,
        lambda one: _is_over(world, one, since=max(ended, fired[one].at)),
        until=time.monotonic() + drill.resolve_seconds,
    )
    outcomes = []
    for expected in drill.expected:
        if expected not in fired:
            problem = f"no message (Prometheus: {states.get(expected) or 'inactive'})"
        else:
            problem = fired[expected].problem or ("" if expected in over else "never resolved")
        outcomes.append(
            Outcome(
                drill.name,
                expected,
                fired[expected].at - began if expected in fired else None,
                over[expected].at - ended if expected in over else None,
                problem,
            )
        )
    return _report(drill, outcomes + routed, say)


def _let_end(world: World, alerts: Sequence[str]) -> None:
    """Wait until Alertmanager has none of `alerts` any more, END_SECONDS at most."""
    with contextlib.suppress(AssertionError):
        wait_for(lambda: not any(world.groups(alert) for alert in alerts), seconds=END_SECONDS, every=0.5)


def _routed(world: World, drill: Drill, *, since: float) -> list[Outcome]:
    """What Alertmanager keeps to itself, tells in one, and tells all the same, while the fault or its second lasts."""
    with contextlib.ExitStack() as second:
        if drill.then:
            _let_end(world, drill.after)
            since = time.monotonic()
            second.enter_context(drill.then(world))
        until = time.monotonic() + drill.fire_seconds
        hushed = _await(drill.hushed, lambda one: _is_hushed(world, one), until=until)
        together = _await(drill.together, lambda one: _is_together(world, one, since=since), until=until)
        despite = _await(drill.despite, lambda one: _fires(world, one, since=since), until=until)
        if drill.hushed:
            time.sleep(HUSH_SECONDS)
    if drill.then:
        # What ends while it is hushed is never said to be over.
        _await(drill.hushed, lambda one: None if _is_hushed(world, one) else Heard(time.monotonic()), until=until)
    outcomes = []
    for kept in drill.hushed:
        heard = hushed.get(kept)
        text = f"{kept.alert} ({kept.severity})"
        problem = "" if heard else f"never {kept.by}"
        # A warning that grows into a page may be told before it.
        if heard and world.sinks.first(kept.receiver, text, since=since if drill.then else heard.at, resolved=False):
            problem = f"{kept.receiver} was told"
        seconds = heard.at - since if heard else None
        outcomes.append(Outcome(drill.name, kept, seconds, None, problem, routing=f"{kept.by}, not told to"))
    for routing, wanted, heard_of in (
        ("several in one to", drill.together, together),
        ("all the same to", drill.despite, despite),
    ):
        for one in wanted:
            heard = heard_of.get(one)
            problem = heard.problem if heard else "no message"
            seconds = heard.at - since if heard else None
            outcomes.append(Outcome(drill.name, one, seconds, None, problem, routing=routing))
    return outcomes


def _report(drill: Drill, outcomes: list[Outcome], say: Callable[[str], object]) -> list[Outcome]:
    lines = [
        f"    {one.expected}{f' {one.routing} {one.expected.receiver}' if one.routing else ''}: "
        f"{'passed' if one.passed else one.problem}"
        for one in outcomes
    ]
    say("\n".join([f"  {drill.name}:", *lines]))
    return outcomes
