"""Metrics, logs without personal data, errors and health for any Django project."""
