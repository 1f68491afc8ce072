"""App configuration of courses."""

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    name = "courses"

    def ready(self) -> None:
        from courses import event_log, receivers

        event_log.connect()
        receivers.connect()
