"""Planned work on the system: while it lasts, warnings are silent and pages are not."""
