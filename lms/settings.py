"""The one settings file: everything that differs between environments comes from environment variables.

Defaults are safe for production; `.env.example` lists every variable. A file named by LMS_ENV_FILE (default `.env`)
is read first; variables already in the environment win over it.

Raises ImproperlyConfigured, naming the variable, when a required one is missing.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from celery.schedules import crontab, schedule
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from lms.database import bounded_connection

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
ENV_FILE = BASE_DIR / os.environ.get("LMS_ENV_FILE", ".env")
if ENV_FILE.exists():
    environ.Env.read_env(ENV_FILE)


def required(name: str, why: str = "") -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set{': ' + why if why else '.'}")
    return value


def _interval(name: str, default: int) -> int:
    """Whole seconds: beat's table keeps integers, and a fraction cut to 0 would run a task without a pause."""
    text = env.str(name, default=str(default))
    if not text.isdigit() or int(text) < 1:
        raise ImproperlyConfigured(f"{name}={text!r} is not a number of whole seconds (1 or more)")
    return int(text)


# --- what this process is ------------------------------------------------------------------------------------------
DEBUG = env.bool("LMS_DEBUG", default=False)
SECRET_KEY = required("DJANGO_SECRET_KEY", "generate one with `openssl rand -base64 48`.")
ROLE = env.str("LMS_ROLE", default="command")  # api, worker, beat, flower or command: sizes the pool, labels telemetry
RELEASE = env.str("LMS_RELEASE", default="unreleased")
ENVIRONMENT = env.str("LMS_ENVIRONMENT", default="development" if DEBUG else "production")
OBSERVABILITY_ENABLED = env.bool("LMS_OBSERVABILITY", default=True)

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
ASGI_APPLICATION = "lms.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = None

# --- where it is reached -------------------------------------------------------------------------------------------
BASE_URL = env.str("LMS_BASE_URL", default="http://127.0.0.1:8000" if DEBUG else "").rstrip("/")
if not BASE_URL:
    required("LMS_BASE_URL", "the public address that links in e-mail and certificates point to.")
ALLOWED_HOSTS = env.list("LMS_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.list("LMS_CSRF_TRUSTED_ORIGINS", default=[])
# Only peers inside these networks may name another client address (accounts.client_address).
TRUSTED_PROXIES = env.list("LMS_TRUSTED_PROXIES", default=[])
ADMIN_PATH = env.str("LMS_ADMIN_PATH", default="admin").strip("/") + "/"
ADMIN_NETWORKS = env.list("LMS_ADMIN_NETWORKS", default=[])  # the admin is there for these alone; empty: for everybody

# --- applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "accounts.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    "django_celery_beat",
    "outbox",
    "maintenance",
    "accounts",
    "courses",
    "quizzes",
    "certificates",
    "analytics",
    "pages",
    "lms.apps.LmsConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "lms.headers.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.pace.PaceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.admin_network.AdminNetworkMiddleware",
    "accounts.middleware.OddJSONMiddleware",
    "accounts.auth_limits.AuthLimitsMiddleware",
    "accounts.middleware.LastActivityMiddleware",
]
if OBSERVABILITY_ENABLED:
    INSTALLED_APPS = ["django_prometheus", "observability", "observability.security", *INSTALLED_APPS]
    MIDDLEWARE = [
        "observability.health.middleware.HealthMiddleware",
        "observability.middleware.RequestContextMiddleware",
        "observability.security.middleware.SecurityEventsMiddleware",
        "observability.metrics.http.MetricsMiddleware",
        *MIDDLEWARE,
    ]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "lms" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database: psycopg 3 with its pool -----------------------------------------------------------------------------
WEB_WORKERS = env.int("LMS_WEB_WORKERS", default=2)
WEB_THREADS = env.int("LMS_WEB_THREADS", default=12)  # at least the pool's size, or the pool can never fill
CELERY_CONCURRENCY = env.int("LMS_CELERY_CONCURRENCY", default=2)
DB_POOL_MAX_API = env.int("LMS_DB_POOL_MAX", default=12)
DB_POOL_MAX_OTHER = 2  # a Celery child, beat or a command runs one query at a time
DB_POOL_TIMEOUT_SECONDS = env.float("LMS_DB_POOL_TIMEOUT", default=2.0)
DB_STATEMENT_TIMEOUT_SECONDS = env.float("LMS_DB_STATEMENT_TIMEOUT", default=15.0)


def database() -> dict[str, Any]:
    hint = "`make demo` writes .run/demo.env (use it by LMS_ENV_FILE), or name a PostgreSQL server."
    required("DATABASE_URL", hint)
    config: dict[str, Any] = env.db_url("DATABASE_URL")
    engine = "django_prometheus.db.backends.postgresql" if OBSERVABILITY_ENABLED else "django.db.backends.postgresql"
    options = config.setdefault("OPTIONS", {})
    options.setdefault("connect_timeout", 3)
    options.setdefault("application_name", f"lms-{ROLE}")
    # A dead peer is noticed by TCP itself: statement_timeout needs a server that answers.
    options.setdefault("tcp_user_timeout", 5000)
    if ROLE == "api":
        options.setdefault("options", f"-c statement_timeout={int(DB_STATEMENT_TIMEOUT_SECONDS * 1000)}")
    options["pool"] = {
        "min_size": 1,
        "max_size": DB_POOL_MAX_API if ROLE == "api" else DB_POOL_MAX_OTHER,
        "timeout": DB_POOL_TIMEOUT_SECONDS,
        "max_idle": 300,
        # Psycopg's default of five minutes doubles its pauses: a minute after the database is back, it still waits.
        "reconnect_timeout": 2.0,
        "name": ROLE,
    }
    if ROLE == "api":
        options["pool"]["connection_class"] = bounded_connection(DB_STATEMENT_TIMEOUT_SECONDS + 1)
    return config | {"ENGINE": engine, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}


DATABASES = {"default": database()}

# --- Redis: cache, limits (database 0) and broker (database 1) -----------------------------------------------------
REDIS_URL = required("REDIS_URL", "`make demo` writes .run/demo.env (use it by LMS_ENV_FILE), or name a Redis server.")
BROKER_URL = env.str("LMS_BROKER_URL", default=REDIS_URL.rsplit("/", 1)[0] + "/1")
REDIS_TIMEOUT_SECONDS = env.float("LMS_REDIS_TIMEOUT", default=0.5)
# redis-py retries ten times by default, which turns a refused connection into seconds.
REDIS_CLIENT_OPTIONS: dict[str, Any] = {
    "socket_timeout": REDIS_TIMEOUT_SECONDS,
    "socket_connect_timeout": REDIS_TIMEOUT_SECONDS,
    "retry": Retry(NoBackoff(), 0),
    "health_check_interval": 30,
}
CACHES = {
    "default": {
        "BACKEND": "observability.metrics.cache.RedisCache"
        if OBSERVABILITY_ENABLED
        else "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "lms",
        "TIMEOUT": 300,
        "OPTIONS": REDIS_CLIENT_OPTIONS,
    }
}
SESSION_ENGINE = "accounts.sessions"  # a Redis outage logs nobody out

# --- Celery --------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 1.0,
    "socket_keepalive": True,
    "health_check_interval": 10,  # seconds until a worker notices that its connection leads nowhere any more
    "retry_on_timeout": False,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
    "visibility_timeout": 3600,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONCURRENCY = CELERY_CONCURRENCY
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "lms.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "expire-overdue-attempts": {
        "task": "quizzes.tasks.expire_overdue",
        "schedule": schedule(run_every=_interval("LMS_SWEEP_INTERVAL", 5)),
        "options": {"expires": 10},
    },
    "refresh-quiz-statistics": {
        "task": "quizzes.tasks.refresh_statistics",
        "schedule": schedule(run_every=600.0),
        "options": {"expires": 600},
    },
    "forget-idempotency-keys": {
        "task": "quizzes.tasks.forget_idempotency_keys",
        "schedule": schedule(run_every=3600.0),
        "options": {"expires": 3600},
    },
    # Relayed by schedule, not by a publish after each commit: a request never waits for the broker.
    "relay-outbox": {
        "task": "outbox.tasks.relay",
        "schedule": schedule(run_every=_interval("LMS_OUTBOX_INTERVAL", 2)),
        "options": {"expires": 30},
    },
    "carry-out-maintenance": {
        "task": "maintenance.tasks.carry_out",
        "schedule": schedule(run_every=_interval("LMS_MAINTENANCE_INTERVAL", 15)),
        "options": {"expires": 15},
    },
    "expire-enrollments": {
        "task": "courses.tasks.expire_enrollments",
        "schedule": schedule(run_every=600.0),
        "options": {"expires": 600},
    },
    "issue-missing-certificates": {
        "task": "certificates.tasks.issue_missing",
        "schedule": schedule(run_every=_interval("LMS_CERTIFICATE_SWEEP", 120)),
        "options": {"expires": 120},
    },
    "refresh-workload": {
        "task": "analytics.tasks.refresh_workload",
        "schedule": schedule(run_every=300.0),
        "options": {"expires": 300},
    },
    "refresh-changed-engagement": {
        "task": "analytics.tasks.refresh_changed_engagement",
        "schedule": schedule(run_every=60.0),
        "options": {"expires": 60},
    },
    "refresh-engagement": {
        "task": "analytics.tasks.refresh_engagement",
        "schedule": crontab(hour="2", minute="41"),
        "options": {"expires": 43200},
    },
    "check-consistency": {
        "task": "analytics.tasks.check_consistency",
        "schedule": schedule(run_every=_interval("LMS_CONSISTENCY_INTERVAL", 3600)),
        "options": {"expires": 3600},
    },
    "purge-old-data": {"task": "lms.tasks.purge_old_data", "schedule": crontab(hour="3", minute="17")},
}

# --- outbox --------------------------------------------------------------------------------------------------------
# The pause after the first failed delivery, doubled by each later one up to the longest; in seconds.
OUTBOX_FIRST_DELAY_SECONDS = env.float("LMS_OUTBOX_FIRST_DELAY", default=5.0)
OUTBOX_LONGEST_DELAY_SECONDS = env.float("LMS_OUTBOX_LONGEST_DELAY", default=300.0)

# --- people --------------------------------------------------------------------------------------------------------
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.password_validation.GuessablePasswordValidator"},
    {"NAME": "accounts.password_validation.BreachedPasswordValidator"},
]
BREACHED_PASSWORDS = env.str("LMS_BREACHED_PASSWORDS", default="")  # a file of leaked passwords, ordered by SHA-1
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[LMS] "
ACCOUNT_USER_DISPLAY = "accounts.selectors.display_email"
ACCOUNT_CHANGE_EMAIL = True  # one address a person; a new one counts once it is verified
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told to its owner
# accounts.limits counts on every path: allauth's own limits answer without Retry-After and fail with Redis.
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
HEADLESS_ONLY = True
HEADLESS_ADAPTER = "accounts.adapter.HeadlessAdapter"
HEADLESS_CLIENTS = ("app", "browser")
FRONTEND_URL = env.str("LMS_FRONTEND_URL", default="").rstrip("/")  # whose pages the links in mails lead to
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": f"{FRONTEND_URL or BASE_URL}/account/verify-email/{{key}}",
    "account_reset_password": f"{FRONTEND_URL or BASE_URL}/account/password/reset",
    "account_reset_password_from_key": f"{FRONTEND_URL or BASE_URL}/account/password/reset/key/{{key}}",
    "account_signup": f"{FRONTEND_URL or BASE_URL}/account/signup",
}
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "LMS"
MFA_TOTP_TOLERANCE = 0  # with 1, allauth accepts the same code twice
STAFF_MFA_REQUIRED = env.bool("LMS_STAFF_MFA_REQUIRED", default=False)
USERSESSIONS_TRACK_ACTIVITY = False
LIMIT_DEFAULTS = {  # at most amount/seconds
    "login_account": "5/300",  # wrong passwords for one account: per known source, and from everywhere else together
    "login_source": "30/60",  # wrong passwords from one source, over all accounts
    "login_calls": "240/60",  # logins from one source, right ones too: a class begins its lesson
    "mfa_account": "5/300",
    "mfa_source": "60/60",
    "signup_source": "60/60",
    "reset_address": "5/3600",
    "reset_source": "30/60",
    "token_source": "30/60",  # service tokens that aren't valid, from one source
    "key_source": "60/60",  # keys out of mails
    "password_change": "10/300",
    "mail_address": "6/3600",  # mails that a stranger can cause to one address
    "auth_writes": "120/60",
    "auth_reads": "600/60",
    "api_anonymous": "300/60",  # per source; the others per person
    "api_student": "600/60",
    "api_instructor": "1200/60",
    "api_admin": "1200/60",
    "submits": "60/60",
    "uploads": "30/60",
    "verification_page": "120/60",
    "page_beacons": "600/60",  # what browsers of one source report of pages; more is dropped
    "page_failures": "60/60",  # those of them that tell of failures: each is a line of the log and an event in Sentry
}
QUIZ_READING_SECONDS = env.float("LMS_QUIZ_READING_SECONDS", default=1.5)  # per question; faster is a security event
AUTH_ANSWER_SECONDS = env.float("LMS_AUTH_ANSWER_SECONDS", default=0.5)  # well above one password hash
LIMITS = LIMIT_DEFAULTS | env.dict("LMS_LIMITS", default={})  # login_source=60/60,api_student=900/60

ACTIVE_USERS_BACKGROUND = env.bool("LMS_ACTIVE_USERS_BACKGROUND", default=True)  # write who is active to Redis

SERVICE_SCOPES = {
    "courses:read": "Read courses, their lessons and files",
    "courses:write": "Make and change courses, sections, lessons and files",
    "learners:read": "Read who learns in a course and how far they are",
    "learners:write": "Enrol, approve and remove learners",
}

# --- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.SessionTokenAuthentication",
        "accounts.service_tokens.ServiceTokenAuthentication",
        "accounts.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.RoleThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "rest_framework.filters.OrderingFilter",
    ],
    "EXCEPTION_HANDLER": "core.problems.exception_handler",
    "DEFAULT_VERSION": "v1",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LMS API",
    "DESCRIPTION": "Courses, quizzes and certificates for students, instructors and admins.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.schema.add_common_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AttemptStateEnum": "quizzes.models.AttemptState",
        "CertificateStateEnum": "certificates.models.CertificateState",
        "CourseStateEnum": "courses.models.CourseState",
        "EnrollmentStateEnum": "courses.models.EnrollmentState",
        "FileRoleEnum": "courses.models.FileRole",
        "InconsistencyEnum": "analytics.models.Inconsistency",
        "LessonKindEnum": "courses.models.LessonKind",
        "QuestionKindEnum": "quizzes.api.serializers.QUESTION_KINDS",
        "StaffRoleEnum": "courses.models.StaffRole",
        "SubmissionStateEnum": "quizzes.models.SubmissionState",
        "UserRoleEnum": "accounts.models.Role",
    },
}

# --- certificates --------------------------------------------------------------------------------------------------
ISSUER_NAME = env.str("LMS_ISSUER_NAME", default="LMS")
BADGE_KEYS = env.list("LMS_BADGE_KEY", default=[])  # the first signs, the others still verify
CERTIFICATE_FONTS = env.list("LMS_CERTIFICATE_FONTS", default=[])  # directories of fonts for further scripts

# --- e-mail --------------------------------------------------------------------------------------------------------
vars().update(env.email_url("LMS_EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost:25"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("LMS_FROM_EMAIL", default="LMS <no-reply@localhost>")

# --- security ------------------------------------------------------------------------------------------------------
HTTPS = env.bool("LMS_HTTPS", default=not DEBUG)
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^api/v1/ready$", r"^metrics$", r"^alerts$"]  # plain HTTP inside
if env.bool("LMS_BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("LMS_HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
# Browsers keep a __Host- cookie from other hosts of the domain and from plain HTTP.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # without JavaScript the form of a whole quiz is sent at once

# --- language, time, files -----------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("LMS_STATIC_ROOT", default=BASE_DIR / "staticfiles")
# Private: no URL serves this directory, courses.files sends what a person may have.
MAX_FILE_BYTES = env.int("LMS_MAX_FILE_BYTES", default=256 * 1024 * 1024)
FILES_PROXY_PREFIX = env.str("LMS_FILES_PROXY_PREFIX", default="")  # internal nginx location that maps to MEDIA_ROOT
MEDIA_ROOT = env.path("LMS_MEDIA_ROOT", default=BASE_DIR / "media")
BACKUP_DIR = env.str("LMS_BACKUP_DIR", default="")  # whose newest backup is watched; empty: nobody watches
WHITENOISE_USE_FINDERS = DEBUG
COMPRESS_STATIC = env.bool("LMS_STATIC_COMPRESS", default=True)  # slow once, when files are collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COMPRESS_STATIC
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}

# --- telemetry -----------------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LMS_LOG_FORMAT", default="console" if DEBUG else "json")
LOG_LEVEL = env.str("LMS_LOG_LEVEL", default="INFO")
if OBSERVABILITY_ENABLED:
    from observability.logs import logging_config

    # What a command found out goes to standard output alone, so that it can be piped.
    LOGGING = logging_config(log_format=LOG_FORMAT, level=LOG_LEVEL, stream="stderr" if ROLE == "command" else "stdout")
else:
    LOGGING = {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "root": {"handlers": ["console"], "level": LOG_LEVEL},
    }
# What the page of whoever is on call asks and links to; empty: it says that it doesn't know.
OPERATIONS = {
    name: env.str(f"LMS_{name}_URL", default="").rstrip("/")
    for name in ("PROMETHEUS", "ALERTMANAGER", "GRAFANA", "FLOWER", "SENTRY", "PROXY_LOGS")
}
PROMETHEUS_EXPORT_MIGRATIONS = False
OBSERVABILITY = {
    "ROLE": ROLE,
    "RELEASE": RELEASE,
    "ENVIRONMENT": ENVIRONMENT,
    "SENTRY_DSN": env.str("SENTRY_DSN", default=""),
    "METRICS_TOKEN": env.str("OBSERVABILITY_METRICS_TOKEN", default=""),
    "ALERTS_TOKEN": env.str("OBSERVABILITY_ALERTS_TOKEN", default=""),
    "METRICS_TRUSTED_NETWORKS": env.list("OBSERVABILITY_METRICS_TRUSTED_NETWORKS", default=["127.0.0.0/8", "::1/128"]),
    "REDIS_URL": REDIS_URL,
    "BROKER_URL": BROKER_URL,
    "HEALTH_TOKEN": env.str("OBSERVABILITY_HEALTH_TOKEN", default=""),
    "DETAIL_CHECKS": {
        "migrations": "observability.health.details.Migrations",
        "storage": "health_check.checks.Storage",
        "disk": (
            "health_check.contrib.psutil.Disk",
            {"path": Path(str(MEDIA_ROOT)).parent, "max_disk_usage_percent": 90},
        ),
        "broker": ("observability.health.redis.Redis", {"url": BROKER_URL}),
        "workers": ("health_check.contrib.celery.Ping", {"limit": 1, "timeout": timedelta(seconds=1)}),
        "outbox": "lms.health.OutboxAge",
        "pool": "observability.health.details.Pool",
    },
    "USER_ID_ATTRIBUTE": "public_id",
    "SQL_COMMENTS": env.bool("LMS_SQL_COMMENTS", default=False),
    "SENTRY_SPOTLIGHT": env.str("SENTRY_SPOTLIGHT", default="") not in {"", "0"},  # the SDK reads a URL by itself
    "SENTRY_TRACES_SAMPLE_RATE": env.float("LMS_TRACES_SAMPLE_RATE", default=0.2),
    "SENTRY_ORDINARY_TRACES_KEPT": env.float("LMS_ORDINARY_TRACES_KEPT", default=0.5),
    "SENTRY_UNMONITORED_TASKS": ["relay-outbox"],  # every two seconds: no cron monitor is that fine
    "CLIENT_ADDRESS": "accounts.client_address.client_address",
    "SECURITY_SOURCE": env.str("LMS_SECURITY_SOURCE", default="keep"),
    "SECURITY_DETECTION": env.dict("LMS_SECURITY_DETECTION", default={}),  # brute_force=20/600,enumeration=
    "SECURITY_DOWNLOADS": ["file", "answer-file", "submission-file", "certificate-pdf"],
    "SECURITY_ONE_NETWORK": dict.fromkeys(
        ("attempt-answer", "attempt-submission", "answer-files", "pages:save-attempt", "pages:attempt-submission"),
        "public_id",
    ),
    "SECURITY_BACKGROUND": env.bool("LMS_SECURITY_BACKGROUND", default=True),
    "VERIFY": {
        "PROMETHEUS_CONFIG": BASE_DIR / "deploy/prometheus/prometheus.yml",
        "RULES": BASE_DIR / "deploy/prometheus/alerts.yml",
        "ALERTMANAGER_CONFIG": BASE_DIR / "deploy/alertmanager/alertmanager.yml",
        "DASHBOARDS": BASE_DIR / "deploy/grafana/dashboards",
        "LOG_RECEIVER": "log",
    },
}
