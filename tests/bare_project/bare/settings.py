"""What a host project adds is between the lines."""

from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "bare"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bare.urls"
DATABASES = {"default": {"ENGINE": "django_prometheus.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
CACHES = {"default": {"BACKEND": "observability.metrics.cache.LocMemCache"}}
USE_TZ = True
INSTALLED_APPS = [
    # ---
    "observability",
    # ---
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "shop",
]
MIDDLEWARE = [
    # ---
    "observability.middleware.RequestContextMiddleware",
    "observability.metrics.http.MetricsMiddleware",
    # ---
    "django.middleware.common.CommonMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
