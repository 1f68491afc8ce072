"""/metrics, /health, /api/v1/ready. Include at the root of the host's URLs."""

from django.urls import path

from observability import views
from observability.health import views as health

urlpatterns = [
    path("metrics", views.metrics, name="metrics"),
    path("health", health.liveness, name="health"),
    path("api/v1/ready", health.ready, name="ready"),
    path("api/v1/ready/details", health.details, name="ready-details"),
]
