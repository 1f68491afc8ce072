"""gunicorn, Celery, Django's database layer and urllib3 at DEBUG, working with texts that stand in for personal data.

    echo '["a text", ...]' | python -m tests.observability.libraries

What the libraries log goes to standard output through `logging_config(level="DEBUG")`, gunicorn's access lines too.
"""

import contextlib
import json
import logging
import logging.config
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from observability.logs import logging_config
from observability.logs.gunicorn import Logger

WAYS = (quote, quote_plus, lambda text: quote(text, safe="/:@?=&"))


class DebugLogger(Logger):
    level = "DEBUG"

    def setup(self, cfg) -> None:
        super().setup(cfg)
        self.access_log.setLevel(logging.DEBUG)


# gunicorn's settings, read from this module: everything a request holds is in the access line.
logger_class = DebugLogger
accesslog = "-"
access_log_format = '%(h)s "%(r)s" %(U)s %(q)s %(s)s "%(f)s" "%(a)s" %({cookie}i)s %({authorization}i)s %({x-note}i)s'
loglevel = "debug"
control_socket_disable = True


def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/fails"):
        raise ValueError(environ["QUERY_STRING"], environ["HTTP_X_NOTE"])
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


def headers(text: str) -> dict[str, str]:
    plain = text.replace("\n", " ").encode("ascii", "backslashreplace").decode()
    return dict.fromkeys(("Referer", "User-Agent", "Cookie", "Authorization", "X-Note"), plain)


@contextlib.contextmanager
def gunicorn() -> Iterator[str]:
    """The URL of a running server."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", f"python:{__spec__.name}", "-b", f"127.0.0.1:{port}",
         f"{__spec__.name}:application"],
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("gunicorn did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def ask(url: str, texts: list[str]) -> None:
    """Every text in path, query and headers: urllib3 logs the requests it makes, gunicorn those it answers."""
    import requests

    for number, text in enumerate(texts):
        for way in WAYS:
            requests.get(f"{url}/{quote(text)}?q={way(text)}", headers=headers(text), timeout=20)
        request = urllib.request.Request(f"{url}/fails?{quote(text)}", headers=headers(text))
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=20)
        if number == 0:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"http://127.0.0.1:1/{quote(text)}", timeout=1)


def query(texts: list[str]) -> None:
    import django
    from django.conf import settings
    from django.db import DatabaseError, connection

    settings.configure(
        DEBUG=True,
        SECRET_KEY="tests-only-" + "s" * 50,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        LOGGING_CONFIG=None,
    )
    django.setup()
    with connection.cursor() as cursor:
        for text in texts:
            literal = text.replace("'", "''").replace("%", "%%")
            cursor.execute(f"SELECT %s, '{literal}'", [text])
            with contextlib.suppress(DatabaseError):
                cursor.execute(f"SELECT {literal}, %s", [text])


def work(texts: list[str]) -> None:
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    app = Celery("libraries", broker="memory://", backend="cache+memory://")
    app.conf.update(worker_hijack_root_logger=False, worker_redirect_stdouts=False)

    @app.task
    def fail(text: str, note: str) -> None:
        raise ValueError(text)

    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="DEBUG", shutdown_timeout=30):
        for result in [fail.delay(text, note=text) for text in texts]:
            result.get(timeout=30, propagate=False)


def main() -> None:
    texts = json.load(sys.stdin)
    logging.config.dictConfig(logging_config(level="DEBUG"))
    with gunicorn() as url:
        ask(url, texts)
    query(texts)
    work(texts)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
