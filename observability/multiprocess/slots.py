"""Slots: the lowest number that no living process of the same role holds.

A lease is an advisory lock on a file, so it ends with its process, however that ends.
"""

import contextlib
import fcntl
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

MAX_SLOTS = 4096
_LOCK_NAME = re.compile(r"slot_([a-z0-9]+)-(\d+)\.lock")


@dataclass(frozen=True)
class Slot:
    """`name` is what stands in file names, such as `api-0`; `pid` is 0 where it is not known."""

    role: str
    number: int
    pid: int = 0

    @property
    def name(self) -> str:
        return f"{self.role}-{self.number}"


def clean_role(role: str) -> str:
    """`role` reduced to what may stand in a file name: prometheus_client splits names at underscores."""
    return re.sub(r"[^a-z0-9]", "", role.lower()) or "process"


def lease(directory: Path, role: str) -> tuple[Slot, int]:
    """The lowest free slot and the descriptor that holds it. Raises OSError when the directory cannot be used."""
    role = clean_role(role)
    for number in range(MAX_SLOTS):
        descriptor = os.open(directory / f"slot_{role}-{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if _locked(descriptor):
                slot = Slot(role, number, os.getpid())
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, 0)
                    os.pwrite(descriptor, str(slot.pid).encode(), 0)
                return slot, descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise OSError(f"all {MAX_SLOTS} slots of {directory} are taken")


def _locked(descriptor: int) -> bool:
    for attempt in range(2):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # A scrape that asks whether the slot is held holds it itself for some microseconds.
            if attempt == 0:
                time.sleep(0.001)
        else:
            return True
    return False


def held(directory: Path) -> list[Slot]:
    """The slots that living processes hold, by role and number."""
    found = []
    for entry in os.scandir(directory):
        match = _LOCK_NAME.fullmatch(entry.name)
        if not match:
            continue
        try:
            descriptor = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(descriptor, 20, 0)
            found.append(Slot(match[1], int(match[2]), int(text) if text.isdigit() else 0))
        finally:
            os.close(descriptor)
    return sorted(found, key=lambda slot: (slot.role, slot.number))
