"""A gauge whose open label has few values at a time: they are exchanged as a whole, in one process and in several."""

import pytest
from prometheus_client import REGISTRY

from observability import business, catalog, facts
from observability.testing import assert_metric_delta
from observability.top import TopGauge
from tests.observability.metric_process import run

gauge = TopGauge("test_top", "Tops.", label="course", size=2, labels={"band": ("low", "high")})
seen: dict[str, float] = {}
business.top_fact("test_top_fact", "Tops.", lambda: seen, label="course", size=2)


def exported(name: str) -> dict[tuple[str, ...], float]:
    family = next(family for family in REGISTRY.collect() if family.name == name)
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def test_what_left_the_top_is_exported_no_more_and_what_is_missing_is_zero():
    gauge.replace({("a", "low"): 1, ("b", "high"): 2, ("other", "low"): 3})
    gauge.replace({("b", "low"): 4, ("c", "low"): 5})
    assert exported("test_top") == {
        ("b", "low"): 4,
        ("b", "high"): 0,
        ("c", "low"): 5,
        ("c", "high"): 0,
        ("other", "low"): 0,
        ("other", "high"): 0,
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {("a", "low"): 1.0, ("b", "low"): 1.0, ("c", "low"): 1.0},
            "test_top takes 2 values of course at a time, not 3",
        ),
        ({("a", "middle"): 1}, r"test_top does not list \('a', 'middle'\)"),
    ],
)
def test_more_than_the_top_and_unlisted_values_are_refused_and_change_nothing(values, message):
    gauge.replace({("a", "low"): 1})
    before = exported("test_top")
    with pytest.raises(ValueError, match=message):
        gauge.replace(values)
    assert exported("test_top") == before


def test_the_budget_is_the_top_and_other_for_each_listed_value():
    entry = next(entry for entry in catalog.entries() if entry.name == "test_top")
    assert (entry.labels, entry.series) == ({"course": ("<top 2 or other>",), "band": ("low", "high")}, 6)


def test_a_fact_of_more_than_the_top_fails_and_keeps_its_values(monkeypatch):
    monkeypatch.setattr(facts, "_facts", {"test_top_fact": facts._facts["test_top_fact"]})
    seen.update(a=1, other=2)
    facts.refresh(force=True)
    seen.update(b=1, c=1)
    with assert_metric_delta("observability_fact_failures_total", 1, fact="test_top_fact"):
        facts.refresh(force=True)
    assert exported("test_top_fact") == {("a",): 1, ("other",): 2}


def test_among_processes_what_left_the_top_is_gone_from_a_scrape_until_it_returns(tmp_path):
    first, second, third = run(
        tmp_path,
        """
        from observability.multiprocess.values import install
        install()
        from observability.top import TopGauge
        gauge, seen = TopGauge("tops", "Tops.", label="course", size=1), []
        for values in ({("a",): 1, ("other",): 5}, {("b",): 2, ("other",): 4}, {("a",): 3, ("other",): 0}):
            gauge.replace(values)
            seen.append(samples(scrape()))
        answer(seen)
        """,
    )
    assert first == {'tops{course="a"}': 1, 'tops{course="other"}': 5}
    assert second == {'tops{course="b"}': 2, 'tops{course="other"}': 4}
    assert third == {'tops{course="a"}': 3, 'tops{course="other"}': 0}
