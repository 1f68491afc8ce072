"""What Alertmanager says, taken into the host's own log."""
