"""Whether maintenance is under way."""

from maintenance import selectors
from observability import business

business.fact(
    "lms_maintenance_active",
    "Maintenance windows that are open.",
    lambda: selectors.open_windows().count(),
    every=5,
)
