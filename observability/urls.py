"""/metrics, /health, /api/v1/ready. Include at the root of the host's URLs."""

from django.urls import path

from observability import views

urlpatterns = [
    path("metrics", views.metrics, name="metrics"),
    path("health", views.liveness, name="health"),
    path("api/v1/ready", views.readiness, name="ready"),
]
