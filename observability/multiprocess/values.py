"""The values behind prometheus_client's metrics when several processes are counted as one.

`install` puts `SlotValue` in the place of prometheus_client's own class; it must run before the first metric is made.
"""

import logging
import os
import threading
from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import prometheus_client
from prometheus_client import values as prometheus_values
from prometheus_client.mmap_dict import mmap_key

from observability.multiprocess import slots
from observability.multiprocess.files import MetricFile

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
OLDEST = 1.0  # seconds since the epoch
ROLE_VARIABLE = "OBSERVABILITY_ROLE"

# Of a file, or in memory while nothing can be stored.
Cells: TypeAlias = "memoryview[float] | array[float]"

logger = logging.getLogger(__name__)


def directory() -> Path | None:
    """Where the processes' files are; None in single-process mode."""
    path = os.environ.get(DIRECTORY_VARIABLE)
    return Path(path) if path else None


class Store:
    """This process's slot and files. A forked child starts with none, and attaches when it first counts something.

    Whatever the disk does, counting goes on: values that cannot be stored are kept in memory and `failures` rises.
    """

    def __init__(self) -> None:
        self.values: list[SlotValue] = []
        self.failures = 0
        self._unreported: OSError | None = None
        self._files: dict[str, MetricFile] = {}
        self._forget()
        os.register_at_fork(after_in_child=self._after_fork)

    def _forget(self) -> None:
        # Reentrant: storing may fail, a failure is logged, and log lines are counted too.
        self.lock = threading.RLock()
        self.attached = False
        self.slot: slots.Slot | None = None
        self._lease = -1

    def _after_fork(self) -> None:
        if self._lease >= 0:
            # Else the parent's slot would stay taken for as long as this child lives.
            os.close(self._lease)
        self._forget()

    def attach(self) -> None:
        """Lease a slot and move every value onto its files. Call with the lock held."""
        self.attached = True
        for file in self._files.values():
            with suppress(OSError, BufferError):
                file.close()
        self._files = {}
        path = directory()
        try:
            if path is None:
                raise OSError(f"{DIRECTORY_VARIABLE} is no longer set")
            self.slot, self._lease = slots.lease(path, os.environ.get(ROLE_VARIABLE, "command"))
            for stale in path.glob(f"gauge_live*_{self.slot.name}.db"):
                stale.unlink(missing_ok=True)
        except OSError as error:
            self._failed(error)
        for value in self.values:
            self._place(value)
        self._report()

    def add(self, value: "SlotValue") -> None:
        """Give a new value its cell. Call with the lock held."""
        if not self.attached:
            self.attach()
        self._place(value)
        self.values.append(value)
        self._report()

    def _place(self, value: "SlotValue") -> None:
        try:
            file = self._file(value.kind)
            before = file.cells
            value.index = file.index_of(value.key)
            value.cells = file.cells
            if before is not file.cells:
                for other in self.values:
                    if other.cells is before:
                        other.cells = file.cells
        except OSError as error:
            self._failed(error)
            value.cells, value.index = array("d", (0.0, 0.0)), 0

    def _file(self, kind: str) -> MetricFile:
        path = directory()
        if self.slot is None or path is None:
            raise OSError("no slot")
        file = self._files.get(kind)
        if file is None:
            file = self._files[kind] = MetricFile(path / f"{kind}_{self.slot.name}.db")
        return file

    def _failed(self, error: OSError) -> None:
        self.failures += 1
        if self.failures == 1:
            self._unreported = error

    def _report(self) -> None:
        error, self._unreported = self._unreported, None
        if error is not None:
            logger.error("metrics cannot be stored, they are kept in memory only: %s", error)


store = Store()


class SlotValue:
    """A float in this process's slot; the interface of prometheus_client.values.MutexValue."""

    _multiprocess = True
    __slots__ = ("cells", "index", "key", "kind")

    cells: Cells
    index: int

    def __init__(
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: Any,
        labelvalues: Any,
        help_text: str,
        multiprocess_mode: str = "",
        **kwargs: Any,
    ) -> None:
        self.kind = f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ
        self.key = mmap_key(metric_name, name, labelnames, labelvalues, help_text).encode()
        with store.lock:
            store.add(self)

    def inc(self, amount: float) -> None:
        with store.lock:
            if not store.attached:
                store.attach()
            self.cells[self.index] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        with store.lock:
            if not store.attached:
                store.attach()
            self.cells[self.index] = value
            self.cells[self.index + 1] = timestamp or 0.0

    def get(self) -> float:
        with store.lock:
            if not store.attached:
                store.attach()
            return self.cells[self.index]

    def show(self) -> None:
        """Export a `mostrecent` gauge that nobody has set yet, as older than any value that is ever set."""
        with store.lock:
            if not self.cells[self.index + 1]:
                self.cells[self.index + 1] = OLDEST

    def set_exemplar(self, exemplar: Any) -> None:
        """Files have no room for exemplars."""

    def get_exemplar(self) -> None:
        """Always None: files have no room for exemplars."""


def observe(count: SlotValue, total: SlotValue, bucket: SlotValue, amount: float) -> None:
    """Count one event of `amount` in three values at once."""
    with store.lock:
        if not store.attached:
            store.attach()
        count.cells[count.index] += 1.0
        total.cells[total.index] += amount
        bucket.cells[bucket.index] += 1.0


def install() -> None:
    """Use slots when PROMETHEUS_MULTIPROC_DIR is set; never export `_created` series, which double an exposition."""
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    if directory() is not None:
        prometheus_values.ValueClass = SlotValue
