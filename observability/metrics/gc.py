"""Python's garbage collector, for each process."""

import gc
import os

from prometheus_client import GC_COLLECTOR, REGISTRY, Counter

from observability import catalog, sampler
from observability.metrics.labels import PROCESS, process_labels

# Its names, without role and slot, and nothing at all in multiprocess mode.
REGISTRY.unregister(GC_COLLECTOR)

STATISTICS = {
    "collections": Counter("python_gc_collections_total", "Garbage collections.", ("generation", *PROCESS)),
    "collected": Counter("python_gc_objects_collected_total", "Objects collected.", ("generation", *PROCESS)),
    "uncollectable": Counter("python_gc_objects_uncollectable_total", "Objects never freed.", ("generation", *PROCESS)),
}

_seen: tuple[int, list[dict[str, int]]] = (0, [])


def sample() -> None:
    # Read now and then: a gc callback may run while a counter's lock is held.
    global _seen
    now = gc.get_stats()
    owner, before = _seen
    if owner != os.getpid():
        before = now
    _seen = (os.getpid(), now)
    for generation, (new, old) in enumerate(zip(now, before, strict=True)):
        for name, counter in STATISTICS.items():
            counter.labels(str(generation), *process_labels()).inc(max(0, new[name] - old[name]))


for counter in STATISTICS.values():
    labels = {"generation": ("0", "1", "2"), **PROCESS}
    catalog.add(catalog.Entry(f"{counter._name}_total", "counter", counter._documentation, labels, 192))
sampler.register("gc", sample)
