"""Metrics, logs without personal data, errors and health for any Django project."""

from observability.multiprocess.values import install

# Before any metric is made, by whichever module is imported first.
install()
