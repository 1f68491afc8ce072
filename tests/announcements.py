"""What an app announces by its signals."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def heard(signals: ModuleType) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What is announced during the block, as (signal name, facts)."""
    said: list[tuple[str, dict[str, Any]]] = []
    receivers = []
    for name, signal in vars(signals).items():
        if isinstance(signal, signals.Signal):

            def receive(sender: Any, _name: str = name, **facts: Any) -> None:
                said.append((_name, {key: value for key, value in facts.items() if key != "signal"}))

            signal.connect(receive, weak=False)
            receivers.append((signal, receive))
    try:
        yield said
    finally:
        for signal, receive in receivers:
            signal.disconnect(receive)
