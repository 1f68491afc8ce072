"""What went wrong inside observability and was swallowed, so that the host's work went on."""

from observability import business

PARTS = ("http", "cache", "database", "celery", "sampler", "receiver")

failures = business.Counter(
    "observability_failures_total",
    "Errors inside observability that were kept from the host, by part.",
    labels={"part": PARTS},
)
