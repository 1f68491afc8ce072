"""What gunicorn's configuration refuses at the start, in one line."""

from types import SimpleNamespace

import pytest

from observability import gunicorn

ALONE = SimpleNamespace(cfg=SimpleNamespace(workers=1))


@pytest.fixture
def without_settings(monkeypatch):
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


@pytest.mark.parametrize(("environment", "refused"), [(None, True), ({"DJANGO_SETTINGS_MODULE": "a.b"}, False)])
def test_the_process_beside_the_workers_is_not_started_without_settings(
    without_settings, monkeypatch, environment, refused
):
    monkeypatch.setattr(gunicorn, "_exporter", {"port": 1, "bind": "127.0.0.1", "environment": environment})
    if refused:
        with pytest.raises(SystemExit, match="needs DJANGO_SETTINGS_MODULE"):
            gunicorn.on_starting(ALONE)
    else:
        gunicorn.on_starting(ALONE)


def test_without_such_a_process_gunicorn_names_the_settings_where_it_likes(without_settings, monkeypatch):
    monkeypatch.setattr(gunicorn, "_exporter", None)
    gunicorn.on_starting(ALONE)
