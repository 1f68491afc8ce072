"""What rules and their tests say, taken apart for the checks."""

from deploy.names import PROMETHEUS, load, matchers, metric_names

__all__ = ["PROMETHEUS", "load", "matchers", "metric_names"]
