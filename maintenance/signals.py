"""What happens to maintenance windows; each carries `window`."""

from django.dispatch import Signal

maintenance_silenced = Signal()
"""Alertmanager took the window's silence."""

maintenance_over = Signal()
"""The window has passed or was ended, and Alertmanager has no silence of it any more."""
