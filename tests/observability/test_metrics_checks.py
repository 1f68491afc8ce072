"""Each system check says one thing, and nothing about a sound project."""

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from observability import checks

MIDDLEWARE = [checks.MIDDLEWARE]


def ids(found) -> list[str]:
    return [message.id for message in found]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"METRICS_TRUSTED_NETWORKS": ["10.0.0.0/8", "10.0.0.1/8", "proxy"]}, ["observability.E001"] * 2),
        ({"METRICS_TOKEN": "short"}, ["observability.W001"]),
        ({"METRICS_TOKEN": "t" * 32}, []),
    ],
)
def test_access(settings: dict[str, object], expected: list[str]):
    with override_settings(OBSERVABILITY=settings):
        assert ids(checks.check_access()) == expected


def test_an_unknown_setting_names_the_nearest(settings):
    settings.OBSERVABILITY = {"METRIC_TOKEN": "x"}
    (found,) = checks.check_settings()
    assert (found.id, found.hint) == ("observability.W004", "Did you mean METRICS_TOKEN?")


def test_the_metrics_directory_must_exist(tmp_path, monkeypatch: pytest.MonkeyPatch, settings):
    settings.OBSERVABILITY = {}
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "missing"))
    assert ids(checks.check_settings()) == ["observability.E002"]
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert checks.check_settings() == []


@pytest.mark.parametrize(
    ("middleware", "expected"),
    [
        (MIDDLEWARE, []),
        ([], ["observability.W002"]),
        (["django_prometheus.middleware.PrometheusBeforeMiddleware", *MIDDLEWARE], ["observability.E003"]),
    ],
)
def test_middleware(middleware: list[str], expected: list[str], settings):
    settings.MIDDLEWARE = middleware
    assert ids(checks.check_middleware()) == expected


@pytest.mark.parametrize(("size", "expected"), [(9, ["observability.W003"]), (10, [])])
def test_small_pools(size: int, expected: list[str], settings, monkeypatch: pytest.MonkeyPatch):
    settings.OBSERVABILITY = {"ROLE": "api"}
    monkeypatch.setattr(checks, "configured_pools", lambda: {"default": {"max_size": size}})
    assert ids(checks.check_pools()) == expected


def test_every_id_is_in_the_table():
    import re
    from pathlib import Path

    source = Path(checks.__file__).read_text()
    table, code = source.split('"""')[1], source.split('"""', 2)[2]
    assert sorted(re.findall(r"^observability\.\w+", table, re.M)) == sorted(
        f"observability.{found}" for found in set(re.findall(r'id="observability\.(\w+)"', code))
    )


def test_the_catalogue_says_when_a_file_is_stale(tmp_path, capsys: pytest.CaptureFixture[str]):
    call_command("metrics_catalog", format="markdown")
    page = tmp_path / "metrics.md"
    page.write_text(capsys.readouterr().out)
    call_command("metrics_catalog", format="markdown", check=page)
    page.write_text(page.read_text().replace("celery_workers", "celery_people"))
    with pytest.raises(CommandError, match="out of date"):
        call_command("metrics_catalog", format="markdown", check=page)
    with pytest.raises(CommandError, match="No such file"):
        call_command("metrics_catalog", format="markdown", check=tmp_path / "absent.md")
