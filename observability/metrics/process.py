"""CPU, memory, files and threads of every process of the tree, read from outside, each with its limit.

Reading from outside also shows a process whose threads are all busy. Where there is no /proc, what cannot be read is
left out.
"""

import os
import resource
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psutil
from prometheus_client import PLATFORM_COLLECTOR, Metric

from observability import catalog
from observability.metrics.labels import PROCESS
from observability.multiprocess import slots
from observability.multiprocess.values import ROLE_VARIABLE, directory

MAX_PROCESSES = 64
CGROUP = Path("/sys/fs/cgroup")

FAMILIES = {
    "process_cpu_seconds": ("counter", "CPU time used, user and system, in seconds."),
    "process_resident_memory_bytes": ("gauge", "Resident memory."),
    "process_proportional_memory_bytes": ("gauge", "Memory with shared pages divided by their users (PSS)."),
    "process_virtual_memory_bytes": ("gauge", "Virtual memory."),
    "process_open_fds": ("gauge", "Open file descriptors."),
    "process_max_fds": ("gauge", "Limit of open file descriptors."),
    "process_threads": ("gauge", "Threads."),
    "process_start_time_seconds": ("gauge", "Start time in seconds since the epoch."),
}
LIMITS = {
    "process_memory_limit_bytes": "Memory that the processes of this host or container may use together.",
    "process_cpu_limit_cores": "CPU cores that the processes of this host or container may use together.",
    "process_threads_limit": "Threads and processes that this host or container may have together.",
}


def members() -> list[slots.Slot]:
    """The living processes that count together; this one alone in single-process mode."""
    path = directory()
    if path is None:
        return [slots.Slot(slots.clean_role(os.environ.get(ROLE_VARIABLE, "command")), 0, os.getpid())]
    return [slot for slot in slots.held(path) if slot.pid][:MAX_PROCESSES]


def collect() -> Iterable[Metric]:
    families = {name: Metric(name, text, kind) for name, (kind, text) in FAMILIES.items()}
    for slot in members():
        with suppress(psutil.Error):
            process = psutil.Process(slot.pid)
            labels = {"role": slot.role, "slot": str(slot.number)}
            with process.oneshot():
                for name, measure in MEASURES.items():
                    with suppress(psutil.Error, OSError, ValueError):
                        sample = name + "_total" if families[name].type == "counter" else name
                        families[name].add_sample(sample, labels, measure(process))
    yield from families.values()
    for name, limit in limits().items():
        family = Metric(name, LIMITS[name], "gauge")
        family.add_sample(name, {}, limit)
        yield family
    yield from PLATFORM_COLLECTOR.collect()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _proportional(process: psutil.Process) -> float:
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1]) * 1024
    raise ValueError("no Pss")


def _max_fds(process: psutil.Process) -> float:
    if process.pid == os.getpid():
        return float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return float(process.rlimit(psutil.RLIMIT_NOFILE)[0])


MEASURES: dict[str, Callable[[psutil.Process], float]] = {
    "process_cpu_seconds": _cpu,
    "process_resident_memory_bytes": lambda process: float(process.memory_info().rss),
    "process_proportional_memory_bytes": _proportional,
    "process_virtual_memory_bytes": lambda process: float(process.memory_info().vms),
    "process_open_fds": lambda process: float(process.num_fds()),
    "process_max_fds": _max_fds,
    "process_threads": lambda process: float(process.num_threads()),
    "process_start_time_seconds": lambda process: float(process.create_time()),
}


def limits() -> dict[str, float]:
    """The control group's limits (version 2, else 1), else those of the host."""
    memory = _first_number("memory.max", "memory/memory.limit_in_bytes")
    total = float(psutil.virtual_memory().total)
    found = {"process_memory_limit_bytes": min(memory or total, total), "process_cpu_limit_cores": _cores()}
    threads = _first_number("pids.max", "pids/pids.max")
    if threads is None:
        with suppress(OSError, ValueError):
            threads = float(Path("/proc/sys/kernel/threads-max").read_text())
    if threads is not None:
        found["process_threads_limit"] = threads
    return found


def _cores() -> float:
    host = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        return min(host, float(quota) / float(period))
    with suppress(OSError, ValueError):
        quota_us = float((CGROUP / "cpu/cpu.cfs_quota_us").read_text())
        if quota_us > 0:
            return min(host, quota_us / float((CGROUP / "cpu/cpu.cfs_period_us").read_text()))
    return host


def _first_number(*names: str) -> float | None:
    for name in names:
        with suppress(OSError, ValueError):
            return float((CGROUP / name).read_text())
    return None


for name, (kind, text) in FAMILIES.items():
    exported = f"{name}_total" if kind == "counter" else name
    catalog.add(catalog.Entry(exported, kind, text, PROCESS, MAX_PROCESSES))
for name, text in LIMITS.items():
    catalog.add(catalog.Entry(name, "gauge", text, {}, 1))
