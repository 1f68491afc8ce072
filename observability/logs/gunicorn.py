"""gunicorn's logger on our handlers: `logger_class = "observability.logs.gunicorn.Logger"`."""

import logging
import logging.config
from typing import Any

from gunicorn.glogging import Logger as GunicornLogger

from observability.logs.config import logging_config


class Logger(GunicornLogger):  # type: ignore[misc,unused-ignore]
    """gunicorn's messages reach the root logger's handlers, in the master process too, which never loads Django.

    `log_format` and `level` of a subclass choose the master's format; a worker takes them from Django's LOGGING.
    """

    log_format = "json"
    level = "INFO"

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
        if not logging.getLogger().handlers:
            logging.config.dictConfig(logging_config(log_format=self.log_format, level=self.level))
