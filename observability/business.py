"""What an app's `metrics.py` imports: metrics with closed label sets, and facts of the whole site."""

from observability.facts import register as fact
from observability.instruments import Counter, Gauge, Histogram

__all__ = ["Counter", "Gauge", "Histogram", "fact"]
