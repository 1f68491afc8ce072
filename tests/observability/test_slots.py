"""Slots: bounded, exclusive, free again when their process ends; counts outlive their process."""

import os
from pathlib import Path

from observability.multiprocess import slots
from tests.observability.metric_process import run


def test_the_lowest_free_slot_of_the_role_is_leased(tmp_path: Path):
    first, first_lock = slots.lease(tmp_path, "api")
    second, second_lock = slots.lease(tmp_path, "api")
    worker, worker_lock = slots.lease(tmp_path, "worker")
    assert [slot.name for slot in (first, second, worker)] == ["api-0", "api-1", "worker-0"]
    os.close(first_lock)
    again, again_lock = slots.lease(tmp_path, "api")
    assert again.name == "api-0"
    for lock in (second_lock, worker_lock, again_lock):
        os.close(lock)


def test_held_names_living_processes_only(tmp_path: Path):
    _, lock = slots.lease(tmp_path, "api")
    _, ended = slots.lease(tmp_path, "api")
    os.close(ended)
    assert slots.held(tmp_path) == [slots.Slot("api", 0, os.getpid())]
    os.close(lock)
    assert slots.held(tmp_path) == []


def test_asking_does_not_take_a_slot_away(tmp_path: Path):
    slots.lease(tmp_path, "api")
    for _ in range(3):
        slots.held(tmp_path)
    assert [slot.name for slot in slots.held(tmp_path)] == ["api-0"]


def test_a_role_is_made_fit_for_a_file_name():
    assert slots.clean_role("Web_Worker/1") == "webworker1"
    assert slots.clean_role("___") == "process"


def test_a_successor_carries_on_where_a_killed_process_stopped(tmp_path: Path):
    values = run(
        tmp_path,
        """
        counter = prometheus_client.Counter("jobs_total", "Jobs.", ["kind"])
        histogram = prometheus_client.Histogram("time_seconds", "Time.", buckets=(1, 2))
        seen = []
        for turn in range(5):
            def work():
                counter.labels("a").inc(turn + 1)
                histogram.observe(1.5)
                os.kill(os.getpid(), signal.SIGKILL)
            os.waitpid(child(work), 0)
            now = samples(scrape())
            seen.append([now['jobs_total{kind="a"}'], now["time_seconds_count"], now["time_seconds_sum"]])
        answer([seen, sorted(path.name for path in directory.glob("*.db"))])
        """,
    )
    assert values == [
        [[1, 1, 1.5], [3, 2, 3.0], [6, 3, 4.5], [10, 4, 6.0], [15, 5, 7.5]],
        ["counter_api-1.db", "histogram_api-0.db", "histogram_api-1.db"],
    ]


def test_a_child_does_not_write_into_its_parents_slot(tmp_path: Path):
    values = run(
        tmp_path,
        """
        counter = prometheus_client.Counter("jobs_total", "Jobs.")
        counter.inc(10)
        os.waitpid(child(lambda: counter.inc(5)), 0)
        counter.inc(1)
        answer([counter._value.get(), samples(scrape())["jobs_total"]])
        """,
    )
    assert values == [11, 16]


def test_a_parents_slot_is_free_when_it_dies_before_its_child(tmp_path: Path):
    assert run(
        tmp_path,
        """
        counter = prometheus_client.Counter("jobs_total", "Jobs.")
        reader, writer = os.pipe()
        def parent():
            counter.inc()
            def grandchild():
                counter.inc()
                os.write(writer, b"x")
                time.sleep(2)
            child(grandchild)
            time.sleep(5)
        pid = child(parent)
        os.read(reader, 1)
        before = [slot.number for slot in slots.held(directory)]
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        answer([before, [slot.number for slot in slots.held(directory)]])
        """,
    ) == [[0, 1, 2], [0, 2]]


def test_every_label_set_is_at_zero_in_a_forked_child(tmp_path: Path):
    names = run(
        tmp_path,
        """
        from observability.instruments import Counter
        counter = Counter("jobs_total", "Jobs.", labels={"kind": ("a", "b")})
        def work():
            counter.inc(kind="a")
            only = directory / f"counter_{store.slot.name}.db"
            os.write(writer, b"b" if b'"kind": "b"' in only.read_bytes() else b"-")
        reader, writer = os.pipe()
        os.waitpid(child(work), 0)
        answer(os.read(reader, 1).decode())
        """,
    )
    assert names == "b"


def test_live_gauges_of_the_dead_are_not_summed(tmp_path: Path):
    assert run(
        tmp_path,
        """
        gauge = prometheus_client.Gauge("busy", "Busy.", multiprocess_mode="livesum")
        kept = prometheus_client.Gauge("last", "Last.", multiprocess_mode="mostrecent")
        gauge.set(1)
        def work():
            gauge.set(5)
            kept.set(7)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child(work), 0)
        now = samples(scrape())
        answer([now["busy"], now["last"]])
        """,
    ) == [1, 7]


def test_a_thousand_restarts_leave_as_many_files_as_ten(tmp_path: Path):
    few, many = run(
        tmp_path,
        """
        counter = prometheus_client.Counter("jobs_total", "Jobs.")
        counts = []
        for turn in range(1, 1001):
            os.waitpid(child(counter.inc), 0)
            if turn in (10, 1000):
                counts.append([len(list(directory.iterdir())), samples(scrape())["jobs_total"]])
        answer(counts)
        """,
    )
    assert few[1:] == [10]
    assert many == [few[0], 1000]


def test_a_full_or_missing_directory_costs_the_metrics_and_not_the_process(tmp_path: Path):
    missing = tmp_path / "missing"
    assert run(
        missing,
        """
        counter = prometheus_client.Counter("jobs_total", "Jobs.")
        counter.inc(3)
        answer([counter._value.get(), store.failures > 0])
        """,
    ) == [3, True]


def test_a_disk_that_fills_up_costs_the_metrics_and_not_the_process(tmp_path: Path):
    # The limit on a file's size stands in for the disk's: both answer the write that extends the file.
    assert run(
        tmp_path,
        """
        import resource
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        counter = prometheus_client.Counter("jobs_total", "Jobs.", ["kind"])
        counter.labels("first").inc()
        resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, 70_000))
        for number in range(2000):
            counter.labels(f"kind {number:04}").inc(2)
        counter.labels("first").inc()
        now = samples(scrape())
        answer([counter.labels("kind 1999")._value.get(), now['jobs_total{kind="first"}'], store.failures > 0])
        """,
    ) == [2, 2, True]
