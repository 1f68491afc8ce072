"""An app with a signal and a metric."""
