#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  older ones must get a clear line too
    sys.exit("manage.py: Python 3.11 or newer is needed, this is {}.{}.".format(*sys.version_info))


def main() -> None:
    if sys.argv[1:2] == ["health"]:
        # A container asks every few seconds: Django's start-up would cost more than the answer.
        from observability.health import command

        host, port = os.environ.get("LMS_BIND", "127.0.0.1"), int(os.environ.get("LMS_PORT", "8000"))
        sys.exit(command.main(sys.argv[2:], host="127.0.0.1" if host == "0.0.0.0" else host, port=port))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
