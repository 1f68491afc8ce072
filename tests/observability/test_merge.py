"""The merged exposition: the stock collector's for the same files, and a scrape for any files at all."""

import struct
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics import exposition as openmetrics

from observability.multiprocess.files import MetricFile, encode_entry, parse_name, read_entries, repair
from observability.multiprocess.merge import Families, Merge
from observability.multiprocess.sources import Directory
from tests.observability.metric_process import run

EVERY_KIND = """
names = ["counter", "all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum", "mostrecent"]
counter = prometheus_client.Counter("things_total", "Things.", ["kind"])
plain = prometheus_client.Counter("plain_total", "Plain \\\\ and\\nnew line.")
summary = prometheus_client.Summary("size_bytes", "Size.", ["kind"])
histogram = prometheus_client.Histogram("time_seconds", "Time.", ["kind"], buckets=(0.1, 1, 2, 2.5))
gauges = {
    mode: prometheus_client.Gauge(f"gauge_{mode}", "Gauge.", ["kind"], multiprocess_mode=mode) for mode in names[1:]
}
unset = prometheus_client.Gauge("gauge_unset", "Unset.", multiprocess_mode="mostrecent")
reader, writer = os.pipe()
for number in range(4):
    def work():
        for kind in range(number + 2):
            counter.labels(f"kind {kind}").inc(0.1 * (kind + 1))
            summary.labels('quo"te\\n').observe(number * 1e6)
            histogram.labels(str(kind)).observe(0.7 * kind)
            for gauge in gauges.values():
                gauge.labels(str(kind)).set(number - kind + 0.1)
        plain.inc(1e15)
        os.write(writer, b"x")
        time.sleep(30)
    pids = globals().setdefault("pids", []) + [child(work)]
    os.read(reader, 1)
"""


def stock(directory: Path, encoder=generate_latest) -> list[str]:
    merged = MultiProcessCollector.merge(sorted(str(path) for path in directory.glob("*.db")))
    return sorted(encoder(Families(list(merged))).decode().splitlines())


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of four processes with every metric type and gauge mode, under names that no slot is."""
    directory = tmp_path_factory.mktemp("kinds")
    run(directory, EVERY_KIND + "\nfor pid in pids: os.kill(pid, signal.SIGKILL)\nanswer(1)")
    for path in directory.glob("*.db"):
        path.rename(path.with_name(path.name.replace("api-", "100")))
    return directory


@pytest.mark.parametrize("encoder", [generate_latest, openmetrics.generate_latest])
def test_the_exposition_is_the_stock_collectors(every_kind: Path, encoder):
    expected = [line for line in stock(every_kind, encoder) if line != "# EOF"]
    assert len(expected) > 100
    assert sorted(Merge(every_kind).encode(encoder).splitlines()) == expected


def test_a_kept_layout_gives_new_values(tmp_path: Path):
    first = MetricFile(tmp_path / "counter_1.db")
    key = b'["jobs", "jobs_total", {}, "Jobs."]'
    first.cells[first.index_of(key)] = 1.0
    merge = Merge(tmp_path)
    assert merge.encode(generate_latest).splitlines()[-1] == "jobs_total 1.0"
    first.cells[first.index_of(key)] = 2.0
    assert merge.encode(generate_latest).splitlines()[-1] == "jobs_total 2.0"
    second = MetricFile(tmp_path / "counter_2.db")
    second.cells[second.index_of(key)] = 40.0
    assert merge.encode(generate_latest).splitlines()[-1] == "jobs_total 42.0"
    second.index_of(b'["jobs", "jobs_total", {"kind": "b"}, "Jobs."]')
    assert merge.encode(generate_latest).splitlines()[-2:] == ["jobs_total 42.0", 'jobs_total{kind="b"} 0.0']
    (tmp_path / "counter_2.db").unlink()
    assert merge.encode(generate_latest).splitlines()[-1] == "jobs_total 2.0"


def test_our_files_can_be_read_by_the_stock_collector(tmp_path: Path):
    file = MetricFile(tmp_path / "counter_1.db")
    for number in range(2000):
        index = file.index_of(b'["jobs", "jobs_total", {"kind": "%d"}, "Jobs."]' % number)
        file.cells[index] = float(number)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))
    assert registry.get_sample_value("jobs_total", {"kind": "1999"}) == 1999.0
    assert sorted(Merge(tmp_path).encode(generate_latest).splitlines()) == stock(tmp_path)


KEY = b'["jobs", "jobs_total", {}, "Jobs."]'


def good(path: Path, slot: str = "api-0", value: float = 5.0) -> Path:
    file = MetricFile(path / f"counter_{slot}.db")
    for kind in (b"a", b"b"):
        file.cells[file.index_of(b'["jobs", "jobs_total", {"kind": "%s"}, "Jobs."]' % kind)] = value
    file.close()
    return path / f"counter_{slot}.db"


def damage_length(data: bytearray) -> None:
    second = read_entries(data, len(data)).indexes[0] * 8 + 16
    struct.pack_into("i", data, second, 1 << 30)


def damage_used(data: bytearray) -> None:
    struct.pack_into("i", data, 0, 1 << 30)


def damage_key(data: bytearray) -> None:
    second = read_entries(data, len(data)).indexes[0] * 8 + 16
    data[second + 4 : second + 8] = b"\xff\xfe\x00x"


@pytest.mark.parametrize(
    ("damage", "survivors"), [(damage_length, {"a"}), (damage_used, {"a", "b"}), (damage_key, {"a"})]
)
def test_a_damaged_file_keeps_what_can_be_read_and_is_repaired(tmp_path: Path, damage, survivors):
    path = good(tmp_path)
    good(tmp_path, "api-1", 1.0)
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)
    merge = Merge(tmp_path)
    expected = {f'jobs_total{{kind="{kind}"}} {6.0 if kind in survivors else 1.0}' for kind in "ab"}
    assert set(merge.encode(generate_latest).splitlines()[2:]) == expected
    assert (merge.directory.states["damaged"], merge.directory.repaired) == (1, 1)
    assert set(merge.encode(generate_latest).splitlines()[2:]) == expected
    assert (merge.directory.states["damaged"], merge.directory.states["ok"]) == (0, 2)


def test_an_empty_file_is_counted_and_repaired(tmp_path: Path):
    good(tmp_path)
    (tmp_path / "counter_api-1.db").touch()
    merge = Merge(tmp_path)
    for state in ("empty", "ok"):
        assert 'jobs_total{kind="a"} 5.0' in merge.encode(generate_latest)
        assert merge.directory.states[state] >= 1
    assert merge.directory.states["empty"] == 0


def test_a_living_writers_file_is_left_alone(tmp_path: Path):
    from observability.multiprocess import slots

    slot, _ = slots.lease(tmp_path, "api")
    path = good(tmp_path, slot.name)
    data = bytearray(path.read_bytes())
    damage_length(data)
    path.write_bytes(data)
    directory = Directory(tmp_path)
    directory.read()
    assert (directory.states["damaged"], directory.repaired) == (1, 0)
    assert path.read_bytes() == data


def test_foreign_vanished_and_unreadable_files_cost_only_themselves(tmp_path: Path):
    good(tmp_path)
    (tmp_path / "notes.db").write_text("not ours")
    (tmp_path / "counter_api-7.db").symlink_to(tmp_path / "gone")
    (tmp_path / "counter_api-8.db").mkdir()
    merge = Merge(tmp_path)
    assert 'jobs_total{kind="a"} 5.0' in merge.encode(generate_latest)
    assert merge.directory.states == {"ok": 1, "foreign": 1, "vanished": 1, "unreadable": 1}


def test_random_bytes_never_break_a_scrape(tmp_path: Path):
    import random

    generator = random.Random(7)
    original = good(tmp_path).read_bytes()
    for _ in range(300):
        data = bytearray(original)
        for _ in range(generator.randrange(1, 20)):
            data[generator.randrange(0, 300)] = generator.randrange(256)
        (tmp_path / "counter_7.db").write_bytes(data)
        Merge(tmp_path).encode(generate_latest)


def test_repair_leaves_a_sound_file_as_it_is(tmp_path: Path):
    path = good(tmp_path)
    before = path.read_bytes()
    assert repair(path) is False
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("counter_12.db", "counter"),
        ("gauge_livemostrecent_api-3.db", "gauge_livemostrecent"),
        ("gauge_12.db", None),
        ("counter_1_2.db", None),
        ("x_counter_1.db", None),
    ],
)
def test_file_names(name: str, kind: str | None):
    parsed = parse_name(name)
    assert (parsed.kind if parsed else None) == kind


def test_an_entry_is_read_back():
    data = struct.pack("ii", 0, 0) + encode_entry(KEY, 1.5, 2.5)
    data = struct.pack("ii", len(data), 0) + data[8:]
    entries = read_entries(data, len(data))
    assert (entries.keys, entries.intact) == ([KEY], True)
    assert struct.unpack_from("dd", data, entries.indexes[0] * 8) == (1.5, 2.5)
