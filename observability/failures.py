"""What went wrong inside observability and was swallowed, so that the host's work went on."""

from observability import instruments

PARTS = ("http", "cache", "database", "celery", "sampler", "receiver")

failures = instruments.Counter(
    "observability_failures_total",
    "Errors inside observability that were kept from the host, by part.",
    labels={"part": PARTS},
)
