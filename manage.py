#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  older ones must get a clear line too
    sys.exit("manage.py: Python 3.11 or newer is needed, this is {}.{}.".format(*sys.version_info))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
