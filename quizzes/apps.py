"""App configuration of quizzes."""

from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    name = "quizzes"

    def ready(self) -> None:
        from quizzes import event_log, receivers

        event_log.connect()
        receivers.connect()
