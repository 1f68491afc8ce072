"""One scrape: the processes' metrics, what is measured from outside them, and collectors of the host's own.

A collector that fails or is late is reported (observability_collector_up) and costs its own metrics, not the scrape.
"""

import gzip
import ipaddress
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import prometheus_client
from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, REGISTRY, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.samples import Sample

from observability import catalog
from observability.conf import conf
from observability.metrics import PARTS, absent_parts, http, process
from observability.multiprocess.merge import Encoder, Families, Merge
from observability.multiprocess.sources import STATES
from observability.multiprocess.values import directory

logger = logging.getLogger(__name__)

Collect = Callable[[], Iterable[Metric]]


@dataclass(frozen=True)
class Format:
    content_type: str
    encoder: Encoder
    end: bytes = b""


TEXT = Format(CONTENT_TYPE_PLAIN_0_0_4, generate_latest)
OPENMETRICS = Format(openmetrics.CONTENT_TYPE_LATEST, openmetrics.generate_latest, b"# EOF\n")


class Collector:
    """Runs `collect` in a thread, so that a scrape can go on without it."""

    def __init__(self, name: str, collect: Collect) -> None:
        self.name = name
        self._collect = collect
        self._thread: threading.Thread | None = None
        self._result: list[Metric] | None = None

    def begin(self) -> None:
        """Start collecting, unless an earlier scrape's run hasn't ended."""
        if self._thread is None or not self._thread.is_alive():
            self._result = None
            self._thread = threading.Thread(target=self._run, name=f"collect-{self.name}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._result = list(self._collect())
        except Exception as error:
            logger.warning("metrics collector %s failed: %s", self.name, type(error).__name__)

    def end(self, deadline: float) -> list[Metric] | None:
        """The metrics; None when it failed or hasn't answered by `deadline` (time.monotonic seconds)."""
        assert self._thread is not None
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return None if self._thread.is_alive() else self._result


COLLECTOR_UP = "observability_collector_up", "Whether this collector answered, 1 or 0."
FILES = "observability_metric_files", "Files of metrics seen by this scrape, by state."

catalog.add(catalog.Entry(COLLECTOR_UP[0], "gauge", COLLECTOR_UP[1], {"collector": ("<collector>",)}, 20))
catalog.add(catalog.Entry(FILES[0], "gauge", FILES[1], {"state": STATES}, len(STATES)))
PART_INSTALLED = "observability_part_installed", "Whether an optional package is installed, 1 or 0."
catalog.add(catalog.Entry(PART_INSTALLED[0], "gauge", PART_INSTALLED[1], {"part": PARTS}, len(PARTS)))

_collectors: dict[str, Collector] = {}
_lock = threading.Lock()
_merge: Merge | None = None


def register(name: str, collect: Collect) -> None:
    """Export what `collect` yields at each scrape, in every process model; another `collect` takes the place."""
    _collectors[name] = Collector(name, collect)


def render(accept: str = "") -> tuple[bytes, str]:
    """The exposition and its content type: OpenMetrics for who asks for it, else the text format."""
    form = OPENMETRICS if "application/openmetrics-text" in accept else TEXT
    deadline = time.monotonic() + conf.SCRAPE_DEADLINE_SECONDS
    custom = _custom_collectors()
    for collector in custom:
        collector.begin()
    up: dict[str, bool] = {}
    body, names, samples = b"", set[str](), dict[str, list[Sample]]()
    with _lock:
        merge = _current_merge()
        try:
            if merge is not None:
                body = merge.encode(form.encoder).encode()
                names, samples = merge.names, merge.samples(http.SOURCES)
            else:
                body, names, samples = _own_process(form)
        except Exception:
            logger.exception("the processes' metrics could not be read")
        up["metrics"] = bool(names)
    families = http.derive(samples)
    try:
        families += process.collect()
        up["process"] = True
    except Exception:
        logger.exception("the processes could not be measured")
        up["process"] = False
    if merge is not None:
        families += _file_metrics(merge)
    names |= {family.name for family in families}
    for collector in custom:
        collected = collector.end(deadline)
        up[collector.name] = collected is not None and names.isdisjoint(family.name for family in collected)
        if collected is not None and up[collector.name]:
            families += collected
            names |= {family.name for family in collected}
    absent = absent_parts()
    families.append(_gauge(*PART_INSTALLED, "part", {part: part not in absent for part in PARTS}))
    families.append(_gauge(*COLLECTOR_UP, "collector", up))
    return body + _encode(families, form) + form.end, form.content_type


def _current_merge() -> Merge | None:
    global _merge
    path = directory()
    if path is None:
        return None
    if _merge is None or _merge.directory.path != path:
        _merge = Merge(path)
    return _merge


def _own_process(form: Format) -> tuple[bytes, set[str], dict[str, list[Sample]]]:
    metrics = [collector for collector in _registered() if isinstance(collector, MetricWrapperBase)]
    families = [family for collector in metrics for family in collector.collect()]
    samples = {family.name: family.samples for family in families}
    return _encode(families, form), set(samples), samples


def _registered() -> list[prometheus_client.registry.Collector]:
    with REGISTRY._lock:
        return list(REGISTRY._collector_to_names)


def _custom_collectors() -> list[Collector]:
    """Ours, and what the host has registered with prometheus_client, which multiprocess mode would leave out."""
    standard = (GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR)
    for collector in _registered():
        if not isinstance(collector, MetricWrapperBase) and collector not in standard:
            name = type(collector).__name__
            if name not in _collectors:
                register(name, collector.collect)
    return list(_collectors.values())


def _file_metrics(merge: Merge) -> list[Metric]:
    states = {state: merge.directory.states[state] for state in STATES}
    return [
        _gauge(*FILES, "state", states),
    ]


def _gauge(name: str, documentation: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = Metric(name, documentation, "gauge")
    for value, number in values.items():
        metric.add_sample(name, {label: value}, float(number))
    return metric


def _encode(families: Iterable[Metric], form: Format) -> bytes:
    return form.encoder(Families(families)).removesuffix(form.end)


def may_scrape(peer: str, headers: Mapping[str, str]) -> bool:
    """Whether this request may read metrics: by bearer token, or directly from a trusted network.

    Header names are compared without case. The peer of a forwarded request is not who sent it: only the token counts.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if conf.METRICS_TOKEN and scheme.lower() == "bearer":
        return secrets.compare_digest(token.strip().encode(), str(conf.METRICS_TOKEN).encode())
    if "x-forwarded-for" in headers or "forwarded" in headers:
        return False
    try:
        address = ipaddress.ip_address(peer)
        return any(address in ipaddress.ip_network(network) for network in conf.METRICS_TRUSTED_NETWORKS)
    except ValueError:
        return False


def compress(body: bytes, accept_encoding: str) -> tuple[bytes, dict[str, str]]:
    """The body, compressed for who accepts gzip, and the headers that say so."""
    for coding in accept_encoding.split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        if name.lower() == "gzip" and weight not in ("0", "0.0", "0.00", "0.000"):
            return gzip.compress(body, compresslevel=4), {"Content-Encoding": "gzip", "Vary": "Accept, Accept-Encoding"}
    return body, {"Vary": "Accept, Accept-Encoding"}
