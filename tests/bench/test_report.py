"""The report of all measurements: bars, the comparison with the report before, and what broke off."""

import json

import pytest

from bench import __main__ as bench
from bench.figures import Figure, report


@pytest.fixture
def measurements(monkeypatch, tmp_path):
    """Stand-ins that end in a second: what is measured has tests of its own."""
    source = tmp_path / "measured.py"
    source.write_text(
        "import sys\nfrom bench.figures import report\n"
        "print('measuring')\n"
        "if sys.argv[1:] == ['breaks']: sys.exit('no server')\n"
        "value = float(sys.argv[1])\n"
        "held = report('time', value, 's', at_most=2, spread=(value - 0.5, value + 1))\nsys.exit(not held)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{bench.ROOT}")
    commands: dict[str, list[str]] = {}
    monkeypatch.setattr(bench, "MEASUREMENTS", commands)
    return commands


def test_a_figure_holds_its_bar_up_to_the_bar_itself():
    assert Figure("a", 2.0, at_most=2).held is True
    assert Figure("a", 2.01, at_most=2).held is False
    assert Figure("a", 9.99, at_least=10).held is False
    assert Figure("a", 10.0, at_least=10).held is True
    assert Figure("a", 1.0).held is None


def test_outside_of_a_report_nothing_is_written(monkeypatch):
    monkeypatch.delenv("BENCH_FIGURES", raising=False)
    assert report("time", 3.0, "s", at_most=2) is False


def test_a_second_report_is_compared_with_the_first_and_a_missed_bar_is_no_error(measurements, tmp_path, capsys):
    measurements["one"] = ["measured", "1.5"]
    assert bench.main(["--output", str(tmp_path / "out")]) == 0
    measurements["one"] = ["measured", "3.0"]
    assert bench.main(["--output", str(tmp_path / "out")]) == 0
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| one | time | 3 s | 2.5 to 4 | ≤ 2 **missed** | 1.5 (+100%) |" in text
    assert "`python -m measured 3.0`" in text
    assert "measuring" in text
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [figure["value"] for figure in found["results"][0]["figures"]] == [3.0]
    assert "[1/1] one" in capsys.readouterr().out


def test_what_broke_off_is_named_and_the_others_are_reported(measurements, tmp_path, capsys):
    measurements |= {"one": ["measured", "breaks"], "two": ["measured", "1"]}
    assert bench.main(["--output", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == "bench: one broke off (exit code 1)\n"
    text = (tmp_path / "out" / "report.md").read_text()
    assert "no server" in text
    assert "| two | time | 1 s | 0.5 to 2 | ≤ 2 held |  |" in text


def test_some_of_the_measurements_leave_the_report_of_all_alone(measurements, tmp_path):
    measurements |= {"one": ["measured", "1"], "two": ["measured", "1"]}
    assert bench.main(["--output", str(tmp_path), "--only", "TWO"]) == 0
    assert not (tmp_path / "report.json").exists()
    assert [r["name"] for r in json.loads((tmp_path / "report-two.json").read_text())["results"]] == ["two"]


def test_an_unknown_name_is_one_line(measurements, tmp_path, capsys):
    measurements["one"] = ["measured", "1"]
    assert bench.main(["--output", str(tmp_path), "--only", "none"]) == 2
    assert capsys.readouterr().err == "bench: no measurement contains 'none'; there are one\n"


def test_every_measurement_can_be_started():
    for module, *_ in bench.MEASUREMENTS.values():
        assert (bench.ROOT / f"{module.replace('.', '/')}.py").is_file(), module
