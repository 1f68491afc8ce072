"""What is handed from the request to whoever records and examines it later."""

from dataclasses import dataclass, field

from observability.security.events import SecurityEvent

Fact = str | int | float | bool


@dataclass(frozen=True)
class Observation:
    """`source` and `account` are only for telling apart; `shown` is what may be stored.

    With an event it is one that happened; without, something that only rules look at: `rule` names the rule, which
    counts the different `value`s of `subject`.
    """

    at: float  # seconds since the epoch
    event: SecurityEvent | None = None
    source: str = ""
    shown: str = ""
    person: str = ""
    account: str = ""
    request_id: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)
    rule: SecurityEvent | None = None
    subject: str = ""
    value: str = ""
