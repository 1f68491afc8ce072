"""The Celery application; tasks are found in each installed app's `tasks.py`."""

import os

import environ
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")

env = environ.Env()
METRICS_PORTS = {"worker": ("LMS_WORKER_METRICS_PORT", 9102), "beat": ("LMS_BEAT_METRICS_PORT", 9103)}
role = os.environ.get("LMS_ROLE", "")
if role in METRICS_PORTS and env.bool("LMS_OBSERVABILITY", default=True):
    from observability.celery import prepare

    own_variable, port = METRICS_PORTS[role]
    prepare(
        role=role,
        port=env.int(own_variable, default=env.int("LMS_METRICS_PORT", default=port)),
        bind=env.str("LMS_METRICS_BIND", default="127.0.0.1"),
        environment={"LMS_ROLE": "exporter"},
    )

app = Celery("lms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
