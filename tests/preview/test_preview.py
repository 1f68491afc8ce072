"""What the pictures' check and the pages' data rest on."""

import json
import urllib.error
import urllib.request

import pytest

from deploy.grafana.queries import Query, Range
from tests.panels.__main__ import dashboards
from tests.panels.answers import Finding, Sources
from tests.preview.pictures import overlapping, wrong
from tests.preview.server import answers, legend, serving

UP = Query("b", "Up", "A", "prometheus", "up")
SOURCE = {"type": "prometheus", "uid": "p"}
BOARD = {
    "uid": "b",
    "title": "Board",
    "templating": {"list": []},
    "panels": [
        {
            "type": "timeseries",
            "title": "Up",
            "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
            "targets": [{"refId": "A", "expr": "up", "datasource": SOURCE, "legendFormat": "{{job}} is"}],
        }
    ],
}


class Answering(Sources):
    def get(self, path, parameters):
        assert (path, parameters["query"]) == ("/api/v1/query_range", "up")
        return {"result": [{"metric": {"job": "web"}, "values": [[1000, "1"], [1005, "NaN"]]}]}


def test_a_panel_gets_its_series_with_gaps_where_there_is_no_number():
    (panel,) = answers(Answering("http://nowhere"), BOARD, Range(1000, 1600, 5))["panels"]
    assert panel["series"] == [{"name": "web is", "points": [[1000, 1.0], [1005, None]]}]
    assert panel["error"] == ""


def test_an_error_of_a_source_is_its_panels():
    (panel,) = answers(Sources("http://127.0.0.1:1"), BOARD, Range(1000, 1600, 5))["panels"]
    assert (panel["series"], "refused" in panel["error"]) == ([], True)


def test_a_legend_without_a_format_lists_the_labels():
    assert legend("", {"job": "a", "code": "200"}) == '{job="a", code="200"}'


def test_fewer_series_a_blank_panel_and_a_failed_query_are_told():
    found = [Finding(UP, 2, "1")]
    assert wrong("Up", 2, 2, 0.1, found) == ""
    assert wrong("Up", 1, 2, 0.1, found) == "Up: shows 1 series or rows; its queries return 2"
    assert wrong("Up", 2, 2, 0.0, found) == "Up: blank"
    assert wrong("Up", 0, 0, 0.1, [Finding(UP, 0, "", "empty")]) == "Up: empty"


def test_no_panel_reaches_over_the_edge_or_over_another():
    assert [line for board in dashboards() for line in overlapping(board)] == []
    wide = BOARD["panels"][0] | {"title": "Wide", "gridPos": {"x": 11, "y": 7, "w": 14, "h": 1}}
    assert overlapping(BOARD | {"panels": [*BOARD["panels"], wide]}) == [
        "Wide: reaches over the edge",
        "Wide: lies over Up",
    ]


def test_pages_answers_and_nothing_else_are_served():
    with serving(Answering("http://nowhere"), [BOARD], Range(1000, 1600, 5)) as address:
        with urllib.request.urlopen(f"{address}/answers/b", timeout=30) as answer:
            assert json.load(answer)["title"] == "Board"
        with urllib.request.urlopen(f"{address}/d/b", timeout=30) as page:
            assert b"/preview.js" in page.read()
        for path in ("/d/c", "/answers/c", "/../server.py"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(address + path, timeout=30)
