"""Every port the product listens on: name, environment variable, default."""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    name: str
    variable: str
    default: int

    @property
    def number(self) -> int:
        """Raises ValueError, naming the variable, when it doesn't hold a port."""
        text = os.environ.get(self.variable, "")
        if not text:
            return self.default
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise ValueError(f"{self.variable}={text!r} is not a port (1-65535).")
        return int(text)


WEB = Port("web", "LMS_PORT", 8000)
API_METRICS = Port("API metrics", "LMS_METRICS_PORT", 9101)
WORKER_METRICS = Port("worker metrics", "LMS_WORKER_METRICS_PORT", 9102)
BEAT_METRICS = Port("beat metrics", "LMS_BEAT_METRICS_PORT", 9103)
FLOWER = Port("Flower", "LMS_FLOWER_PORT", 5555)
PROMETHEUS = Port("Prometheus", "LMS_PROMETHEUS_PORT", 9090)
ALERTMANAGER = Port("Alertmanager", "LMS_ALERTMANAGER_PORT", 9093)
NODE_EXPORTER = Port("node exporter", "LMS_NODE_EXPORTER_PORT", 9100)
POSTGRES_EXPORTER = Port("PostgreSQL exporter", "LMS_POSTGRES_EXPORTER_PORT", 9187)
REDIS_EXPORTER = Port("Redis exporter", "LMS_REDIS_EXPORTER_PORT", 9121)
BLACKBOX = Port("blackbox exporter", "LMS_BLACKBOX_PORT", 9115)
TLS = Port("TLS", "LMS_TLS_PORT", 8443)

MONITORING_PORTS = (PROMETHEUS, ALERTMANAGER, NODE_EXPORTER, POSTGRES_EXPORTER, REDIS_EXPORTER, BLACKBOX, TLS)
DEMO_PORTS = (WEB, API_METRICS, WORKER_METRICS, BEAT_METRICS, FLOWER, *MONITORING_PORTS)
