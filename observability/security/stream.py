"""The count and the log line of an event. The source is shown by its own rule, and only in this stream."""

import logging

from observability.context import current
from observability.logs.record import RecordReader, mark_redacted
from observability.security.events import ROUTINE
from observability.security.metrics import events
from observability.security.observation import Observation

logger = logging.getLogger("observability.security")
_reader = RecordReader()


def tell(seen: Observation) -> None:
    events.inc(event=str(seen.event))
    level = logging.INFO if seen.event in ROUTINE else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    name = f"security.{seen.event}"
    record = logging.getLogRecordFactory()(logger.name, level, "", 0, name, (), None)
    record.__dict__.update(_reader.fields(dict(seen.facts)), event=name, source=seen.shown)
    if seen.person:
        record.__dict__["person"] = seen.person
    if seen.request_id and current() is None:
        record.__dict__["of_request"] = seen.request_id
    mark_redacted(record)
    logger.handle(record)
