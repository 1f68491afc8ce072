"""A handler whose caller never waits for the stream: lines go through a bounded queue, what doesn't fit is counted."""

import contextlib
import logging
import os
import select
import sys
import threading
import time
import weakref
from collections import Counter, deque
from typing import TextIO

MAX_QUEUED_CHARACTERS = 8 * 1024 * 1024
GATHER_SECONDS = 0.1
UNHURRIED = frozenset({"DEBUG", "INFO"})
FLUSH_SECONDS = 2.0
# A pipe keeps a write of at most this many bytes in one piece, so lines of several processes don't mix.
ATOMIC_WRITE_BYTES = select.PIPE_BUF


def count_messages(level: str, number: int) -> None:
    """Called with how many records of a level there were; `observability.logs.metrics` puts a counter here."""


def count_dropped(lines: int) -> None:
    """Called with the number of lines lost; `observability.logs.metrics` puts a counter here."""


class QueuedHandler(logging.Handler):
    """Formats in the caller's thread and writes in its own, which starts again in each forked process.

    Holds at most `capacity` characters; a stuck stream costs lines, counted in `dropped`, never time. `flush` waits at
    most 2 s. Warnings and worse are written at once; of the others, those of the last 100 ms are lost when the process
    is killed outright.
    """

    def __init__(self, stream: TextIO | None = None, *, capacity: int = MAX_QUEUED_CHARACTERS) -> None:
        super().__init__()
        self.stream = stream if stream is not None else sys.stdout
        self.capacity = capacity
        self.dropped = 0
        self.reset()
        _handlers.add(self)

    def reset(self) -> None:
        """Start with an empty queue and no thread: a forked child's lines are its own."""
        self._lines: deque[tuple[str, str]] = deque()
        self._queued = 0
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._writing = False
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def handle(self, record: logging.LogRecord) -> bool:  # type: ignore[override,unused-ignore]
        # Without the handler's lock: formatting may run a caller's __str__, and nobody should wait for that.
        kept = self.filter(record)
        if kept:
            self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return bool(kept)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.put(record.levelname, self.format(record))
        except Exception:
            self.handleError(record)

    def put(self, level: str, line: str) -> None:
        """Queue one finished line, counted as a record of `level`. Never raises, never waits."""
        try:
            # Added without a lock: the bound may be missed by as many lines as there are threads, no more.
            if self._queued + len(line) > self.capacity:
                count_messages(level, 1)
                self._drop(1)
                return
            self._queued += len(line)
            self._lines.append((level, line))
            if not self._wake.is_set():
                self._wake.set()
            if level not in UNHURRIED:
                self._urgent.set()
            if self._writer is None:
                self._start()
        except Exception:
            self._drop(1)

    def handleError(self, record: logging.LogRecord) -> None:
        # Logging's own answer prints the unredacted record to stderr.
        self._drop(1)

    def _drop(self, lines: int) -> None:
        self.dropped += lines
        with contextlib.suppress(Exception):
            count_dropped(lines)

    def _start(self) -> None:
        with self._starting:
            if self._writer is None:
                writer = threading.Thread(target=self._write_forever, name="log-writer", daemon=True)
                try:
                    writer.start()
                except RuntimeError:  # the interpreter is ending: no new threads
                    self._drain()
                else:
                    self._writer = writer

    def _write_forever(self) -> None:
        while True:
            self._wake.wait()
            # One wake-up for many lines: without it the thread takes the interpreter from requests at every line.
            self._urgent.wait(GATHER_SECONDS)
            self._wake.clear()
            self._urgent.clear()
            self._drain()

    def _drain(self) -> None:
        self._writing = True
        levels: Counter[str] = Counter()
        try:
            while self._lines:
                chunk = self._next_chunk(levels)
                try:
                    self._write("\n".join(chunk) + "\n")
                except Exception:
                    self._drop(len(chunk))
            self._queued = 0
            for level, number in levels.items():
                count_messages(level, number)
        finally:
            self._writing = False

    def _next_chunk(self, levels: Counter[str]) -> list[str]:
        chunk: list[str] = []
        size = 0
        while self._lines:
            level, line = self._lines[0]
            size += (len(line) if line.isascii() else 4 * len(line)) + 1
            if chunk and size > ATOMIC_WRITE_BYTES:
                break
            self._queued -= len(line)
            self._lines.popleft()
            levels[level] += 1
            chunk.append(line)
        return chunk

    def _write(self, text: str) -> None:
        try:
            descriptor = self.stream.fileno()
        except (OSError, ValueError, AttributeError):
            self.stream.write(text)
            self.stream.flush()
            return
        # Past the stream's own buffer: its lock, held by a stuck write, would abort the interpreter at exit.
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(descriptor, data) :]

    def flush(self) -> None:
        deadline = time.monotonic() + FLUSH_SECONDS
        while (self._lines or self._writing) and time.monotonic() < deadline:
            if self._writer is None or not self._writer.is_alive():
                self._drain()
                return
            self._wake.set()
            self._urgent.set()
            time.sleep(0.005)


_handlers: "weakref.WeakSet[QueuedHandler]" = weakref.WeakSet()


def flush_all() -> None:
    for handler in list(_handlers):
        handler.flush()


def _after_fork() -> None:
    for handler in list(_handlers):
        handler.reset()


os.register_at_fork(after_in_child=_after_fork)
