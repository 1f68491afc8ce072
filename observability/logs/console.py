"""The development format: what a person reads, redacted like the production one."""

import logging
import time
from typing import Any

from observability.logs.formatter import JsonFormatter

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if code != 0x09}
_CONTROL |= {0x0A: "\\n", 0x0D: "\\r", 0x2028: "\\u2028", 0x2029: "\\u2029"}
_SHOWN = frozenset({"time", "level", "logger", "message", "trace_id", "span_id", "exception", "stack", "request_id"})


class ConsoleFormatter(JsonFormatter):
    """`12:31:05 INFO    logger [request id] message key=value`, the exception on lines of its own, indented."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return self._readable(self.fields(record), record.created)
        except Exception:
            return self._last_resort(record)

    def _readable(self, fields: dict[str, Any], created: float) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(created))
        request_id = f" [{fields['request_id'][:8]}]" if "request_id" in fields else ""
        head = f"{clock} {fields['level']:<7} {fields['logger']}{request_id} {fields['message']}"
        pairs = [f"{key}={value}" for key, value in fields.items() if key not in _SHOWN]
        lines = [" ".join([head, *pairs]).translate(_CONTROL)]
        if "exception" in fields:
            lines += _exception_lines(fields["exception"], "    ")
        if "stack" in fields:
            lines += ["    " + line.translate(_CONTROL) for line in fields["stack"].split("\n")]
        return "\n".join(lines)


def _exception_lines(error: dict[str, Any], indent: str) -> list[str]:
    if "text" in error:
        return [indent + line.translate(_CONTROL) for line in error["text"].split("\n")]
    lines = [f"{indent}  {frame}".translate(_CONTROL) for frame in error.get("frames", ())]
    lines.append(indent + f"{error['type']}: {error['message']}".translate(_CONTROL))
    lines += [f"{indent}  note: {note}".translate(_CONTROL) for note in error.get("notes", ())]
    for link in ("cause", "context"):
        if link in error:
            lines += [f"{indent}{link}:", *_exception_lines(error[link], indent + "  ")]
    for member in error.get("exceptions", ()):
        lines += [f"{indent}member:", *_exception_lines(member, indent + "  ")]
    return lines
