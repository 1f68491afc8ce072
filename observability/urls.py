"""/metrics, /health, /api/v1/ready, /alerts. Include at the root of the host's URLs."""

from django.urls import path

from observability import views
from observability.alerts import views as alerts
from observability.health import views as health

urlpatterns = [
    path("metrics", views.metrics, name="metrics"),
    path("health", health.liveness, name="health"),
    path("api/v1/ready", health.ready, name="ready"),
    path("alerts", alerts.receive, name="alerts"),
    path("api/v1/ready/details", health.details, name="ready-details"),
]
