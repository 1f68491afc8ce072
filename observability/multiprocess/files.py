"""One file of values: prometheus_client's format, written so that a full disk is an error and not a dead process.

Layout, native byte order: int32 bytes in use, 4 bytes of padding, then entries: int32 key length, key (JSON),
padding with blanks to a multiple of 8, float64 value, float64 timestamp (seconds since the epoch).
"""

import json
import mmap
import os
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

INITIAL_BYTES = 1 << 16
HEADER_BYTES = 8
_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_int = struct.Struct("i")
_NAME = re.compile(r"(counter|summary|histogram|gauge_(?:live)?(?:all|min|max|sum|mostrecent))_([^_]+)\.db")


@dataclass(frozen=True)
class FileName:
    """`kind` is the metric type, for gauges with their mode (`gauge_livesum`); `slot` names the process."""

    kind: str
    slot: str


def parse_name(name: str) -> FileName | None:
    """None for a file that is not one of ours."""
    match = _NAME.fullmatch(name)
    return FileName(match[1], match[2]) if match else None


@dataclass(frozen=True)
class Entries:
    """Keys in file order; `indexes` count float64 cells from the start of the file, timestamps stand one further."""

    keys: list[bytes]
    indexes: list[int]
    used: int
    intact: bool


class Key(NamedTuple):
    metric: str
    sample: str
    labels: dict[str, str]
    documentation: str


@lru_cache(maxsize=65536)
def parse_key(key: bytes) -> Key | None:
    """None for bytes that no metric writes."""
    try:
        metric, sample, labels, documentation = json.loads(key)
        float(labels.get("le", 0))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    texts = (metric, sample, documentation, *labels.values())
    if not all(isinstance(text, str) for text in texts) or not sample.startswith(metric):
        return None
    if not all(_METRIC_NAME.fullmatch(name) for name in (metric, sample)) or not all(
        map(_LABEL_NAME.fullmatch, labels)
    ):
        return None
    return Key(metric, sample, labels, documentation)


def read_entries(data: bytes | memoryview, size: int) -> Entries:
    """All entries that can be read, up to the first whose length cannot be one.

    `data` holds the first bytes of a file of `size` bytes.
    """
    used = _int.unpack_from(data, 0)[0] if len(data) >= HEADER_BYTES else -1
    if used == 0:
        return Entries([], [], HEADER_BYTES, True)
    intact = HEADER_BYTES <= used <= size and used % 8 == 0
    end = used if intact else len(data)
    keys, indexes, position = [], [], HEADER_BYTES
    while position + 4 <= end:
        length = _int.unpack_from(data, position)[0]
        value_at = position + 4 + length + (8 - (length + 4) % 8)
        if length <= 0 or value_at + 16 > end:
            intact = intact and position == end
            break
        key = bytes(data[position + 4 : position + 4 + length])
        if parse_key(key) is None:
            intact = False
        else:
            keys.append(key)
            indexes.append(value_at // 8)
        position = value_at + 16
    return Entries(keys, indexes, position, intact)


def encode_entry(key: bytes, value: float = 0.0, timestamp: float = 0.0) -> bytes:
    padded = key + b" " * (8 - (len(key) + 4) % 8)
    return struct.pack(f"i{len(padded)}sdd", len(key), padded, value, timestamp)


def repair(path: Path) -> bool:
    """Keep the entries of a damaged file that can still be read; False when there was nothing to repair.

    Only for a file that no living process has open. Raises OSError.
    """
    data = path.read_bytes()
    entries = read_entries(data, len(data))
    if data and entries.intact:
        return False
    body = b"".join(
        encode_entry(key, *struct.unpack_from("dd", data, index * 8))
        for key, index in zip(entries.keys, entries.indexes, strict=True)
    )
    used = HEADER_BYTES + len(body)
    content = struct.pack("ii", used, 0) + body
    temporary = path.with_suffix(f".{os.getpid()}.repair")
    temporary.write_bytes(content + b"\0" * (_capacity(used) - used))
    temporary.replace(path)
    return True


def _capacity(used: int) -> int:
    capacity = INITIAL_BYTES
    while capacity < used:
        capacity *= 2
    return capacity


class MetricFile:
    """An open file; `cells[index_of(key)]` is a value, the cell after it its timestamp.

    Not thread-safe. Raises OSError when the file cannot be opened, repaired or made larger.
    """

    def __init__(self, path: Path) -> None:
        if path.exists():
            repair(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._size = os.fstat(self._descriptor).st_size
            if self._size == 0:
                self._extend(INITIAL_BYTES)
            self._map()
        except BaseException:
            os.close(self._descriptor)
            raise
        entries = read_entries(self._mapping[:], self._size)
        self._indexes = dict(zip(entries.keys, entries.indexes, strict=True))
        self._used = entries.used
        self._mapping[:4] = _int.pack(self._used)

    def _extend(self, size: int) -> None:
        # Real zeros, not a hole: storing into a hole of a full disk ends the process with SIGBUS.
        missing = size - self._size
        if os.pwrite(self._descriptor, b"\0" * missing, self._size) != missing:
            raise OSError("the file could not be extended")
        self._size = size

    def _map(self) -> None:
        self._mapping = mmap.mmap(self._descriptor, self._size)
        self.cells = memoryview(self._mapping).cast("d")

    def index_of(self, key: bytes) -> int:
        """Where the value of `key` stands; a new key starts at zero. May replace `cells`."""
        index = self._indexes.get(key)
        if index is None:
            entry = encode_entry(key)
            end = self._used + len(entry)
            if end > self._size:
                self._extend(_capacity(end))
                self._unmap()
                self._map()
            self._mapping[self._used : end] = entry
            index = self._indexes[key] = (end - 16) // 8
            self._used = end
            self._mapping[:4] = _int.pack(end)
        return index

    def _unmap(self) -> None:
        self.cells.release()
        self._mapping.close()

    def close(self) -> None:
        self._unmap()
        os.close(self._descriptor)
