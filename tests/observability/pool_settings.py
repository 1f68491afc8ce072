"""The product's settings with the views of `pool_urls` beside its own."""

from lms.settings import *  # noqa: F403

ROOT_URLCONF = "tests.observability.pool_urls"
