"""A small Django project with observability alone, driven through its WSGI application in a process of its own.

    python -m tests.observability.sentry_app '{"dsn": ..., "requests": [["GET", "/path", {headers}, "body"], ...]}'

Prints one JSON object: statuses, milliseconds per request, resident memory before and after, seconds to end.
"""

import io
import json
import logging
import sys
import time

import django
import psutil
from django.conf import settings

CONFIG = json.loads(sys.argv[1]) if __name__ == "__main__" else {}

if not settings.configured:
    settings.configure(
        SECRET_KEY="tests-only-" + "s" * 50,
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="tests.observability.sentry_urls",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "observability"],
        MIDDLEWARE=["observability.middleware.RequestContextMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []},
        LOGGING_CONFIG=None,
        OBSERVABILITY={
            "SENTRY_DSN": CONFIG.get("dsn", ""),
            "SENTRY_SPOTLIGHT": CONFIG.get("spotlight", False),
            "SENTRY_TRACES_SAMPLE_RATE": CONFIG.get("traces", 0.0),
            "SENTRY_ORDINARY_TRACES_KEPT": 1.0,
            "SENTRY_OPTIONS": CONFIG.get("options", {}),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "RELEASE": "1.2.3",
            "ENVIRONMENT": "testing",
            "ROLE": "api",
        },
    )


def call(application, method, path, headers=None, body=""):
    path, _, query = path.partition("?")
    data = body.encode()
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "lms.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.77",
        "CONTENT_LENGTH": str(len(data)),
        "CONTENT_TYPE": "application/json",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(data),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    answer = []
    response = application(environ, lambda status, headers, exc_info=None: answer.append(int(status.split()[0])))
    for _ in response:
        pass
    response.close()
    return answer[0]


def main():
    django.setup()
    from django.core.wsgi import get_wsgi_application

    logging.getLogger("django.request").setLevel(logging.CRITICAL)
    application = get_wsgi_application()
    process = psutil.Process()
    statuses, milliseconds = [], []
    for _ in range(CONFIG.get("warm_up", 0)):
        call(application, *CONFIG["requests"][0])
    before = process.memory_info().rss
    for number in range(len(CONFIG["requests"]) * CONFIG.get("repeat", 1)):
        started = time.perf_counter()
        statuses.append(call(application, *CONFIG["requests"][number % len(CONFIG["requests"])]))
        milliseconds.append((time.perf_counter() - started) * 1000)
        if "per_second" in CONFIG:
            time.sleep(max(0.0, started + 1 / CONFIG["per_second"] - time.perf_counter()))
    after = process.memory_info().rss
    started = time.perf_counter()
    import sentry_sdk

    sentry_sdk.get_client().close()
    sys.stdout.write(
        json.dumps(
            {
                "statuses": statuses[:100],
                "milliseconds": [round(value, 3) for value in milliseconds],
                "memory": [before, after],
                "closing_seconds": time.perf_counter() - started,
            }
        )
    )


if __name__ == "__main__":
    main()
