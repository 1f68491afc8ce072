"""Storing a parsed export: created the first time, brought up to date afterwards, by the stable keys of its blocks.

The export is the truth for what it holds: a lesson edited here is overwritten by the next import. What was made here
(no source key) is left alone. Nothing is half-stored: rows by one transaction, and bytes written by a failed import
are removed.
"""

from courses.importing.report import ImportReport
from courses.importing.store import store_course

__all__ = ["ImportReport", "store_course"]
