"""Composition root: settings, URLs, process entry points, and the commands that know several apps."""

from lms.celery import app as celery_app

__all__ = ["celery_app"]
