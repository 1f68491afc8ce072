"""The files of one scrape: read, recognised, and repaired where nobody writes them any more."""

import contextlib
import fcntl
import os
import struct
from collections import Counter
from pathlib import Path

from observability.multiprocess import slots
from observability.multiprocess.files import HEADER_BYTES, FileName, parse_name, read_entries, repair

STATES = ("ok", "empty", "damaged", "foreign", "vanished", "unreadable")


class Source:
    """One file's bytes and layout, kept from scrape to scrape.

    `cells` are its float64 cells, the last of them belonging to no row: it stands for what the file does not hold.
    """

    def __init__(self, path: str, name: FileName) -> None:
        self.path = path
        self.name = name
        self.keys: list[bytes] = []
        self.indexes: list[int] = []
        self.cells: memoryview[float] = memoryview(bytearray(8)).cast("d")
        self.intact = True
        self._identity = (0, 0)
        self._buffer = memoryview(b"")

    def read(self) -> bool:
        """Read the present values; True when the layout changed. Raises OSError, and EOFError for an empty file."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            header = os.pread(descriptor, HEADER_BYTES, 0)
            if len(header) < HEADER_BYTES:
                raise EOFError(self.path)
            identity = (status.st_ino, struct.unpack_from("i", header)[0])
            if identity == self._identity and self.intact:
                return os.preadv(descriptor, [self._buffer], 0) != len(self._buffer)
            data = os.pread(descriptor, status.st_size, 0)
        finally:
            os.close(descriptor)
        entries = read_entries(data, status.st_size)
        self.keys, self.indexes, self.intact = entries.keys, entries.indexes, entries.intact
        whole = bytearray(data[: entries.used]) + bytearray(-entries.used % 8 + 8)
        self.cells = memoryview(whole).cast("d")
        self._buffer = memoryview(whole)[: entries.used]
        self._identity = identity
        return True


class Directory:
    """The files of all processes in one directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.states: Counter[str] = Counter()
        self.repaired = 0
        self.sources: list[Source] = []
        self._known: dict[str, Source] = {}

    def read(self) -> bool:
        """Read every usable file into `sources`; True when their layout is not that of the last call.

        Raises OSError when the directory itself cannot be read.
        """
        live = {slot.name for slot in slots.held(self.path)}
        self.states = Counter()
        present: dict[str, Source] = {}
        changed = False
        for entry in sorted(os.scandir(self.path), key=lambda entry: entry.name):
            if not entry.name.endswith(".db"):
                continue
            name = parse_name(entry.name)
            if name is None:
                self.states["foreign"] += 1
                continue
            ours = "-" in name.slot
            if ours and name.slot not in live and name.kind.startswith("gauge_live"):
                continue
            source = self._known.get(entry.path) or Source(entry.path, name)
            try:
                changed |= source.read()
            except FileNotFoundError:
                self.states["vanished"] += 1
                continue
            except EOFError:
                self.states["empty"] += 1
                self._repair(source, live)
                continue
            except OSError:
                self.states["unreadable"] += 1
                continue
            self.states["ok" if source.intact else "damaged"] += 1
            if not source.intact:
                self._repair(source, live)
            present[entry.path] = source
        changed |= present.keys() != self._known.keys()
        self._known = present
        self.sources = list(present.values())
        return changed

    def _repair(self, source: Source, live: set[str]) -> None:
        """Repair a file whose slot is free, holding the slot meanwhile. A living writer's file is left alone."""
        if source.name.slot in live or "-" not in source.name.slot:
            return
        with contextlib.suppress(OSError):
            lock = os.open(self.path / f"slot_{source.name.slot}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.repaired += repair(Path(source.path))
            finally:
                os.close(lock)
