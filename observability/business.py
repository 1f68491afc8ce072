"""What an app's `metrics.py` imports: metrics with closed label sets, and facts of the whole site."""

from observability.facts import register as fact
from observability.facts import register_top as top_fact
from observability.instruments import Counter, Gauge, Histogram

__all__ = ["Counter", "Gauge", "Histogram", "fact", "top_fact"]
