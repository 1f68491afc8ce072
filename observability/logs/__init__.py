"""Logging without personal data: one JSON line per record in production, readable lines in development.

A host project puts `LOGGING = logging_config(...)` into its settings, or adds `RedactingFilter` to handlers of its own.
"""

from observability.logs.config import logging_config
from observability.logs.console import ConsoleFormatter
from observability.logs.filter import RedactingFilter
from observability.logs.formatter import JsonFormatter
from observability.logs.sink import QueuedHandler

__all__ = ["ConsoleFormatter", "JsonFormatter", "QueuedHandler", "RedactingFilter", "logging_config"]
