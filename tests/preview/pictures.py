"""Pictures of the dashboards, and whether each panel shows what its queries return."""

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, sync_playwright

from deploy.grafana.look import COLUMNS
from deploy.grafana.queries import Range, panels
from lms import browser
from tests.panels.answers import Finding, Sources, inspect
from tests.preview.server import serving

WIDTH = 1600
# Of a panel's inner pixels: a single flat line is thinner than this share of them by far.
LEAST_INK = 0.0005
COLOURS_OF_A_PICTURE = 64


def wrong(title: str, shown: int, expected: int, ink: float, findings: Sequence[Finding]) -> str:
    """What is wrong with a drawn panel, or "".

    `shown` and `expected` are the series or rows drawn and those of its answer; `ink` is the share of its pixels that
    differ from the background.
    """
    if failed := [finding.problem for finding in findings if finding.failed]:
        return f"{title}: {'; '.join(failed)}"
    if shown != expected:
        return f"{title}: shows {shown} series or rows; its queries return {expected}"
    if ink < LEAST_INK:
        return f"{title}: blank"
    return ""


def take(sources: Sources, dashboards: Sequence[Mapping[str, Any]], range_: Range, directory: Path) -> list[str]:
    """A picture of each dashboard in `directory`; a line for each panel that doesn't show what it should.

    Raises RuntimeError where no browser can be had.
    """
    found = browser.fetch()
    problems: list[str] = []
    directory.mkdir(parents=True, exist_ok=True)
    with serving(sources, dashboards, range_) as address, sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.executable, env=dict(os.environ) | found.variables, timeout=60_000
        )
        page = launched.new_page(viewport={"width": WIDTH, "height": 1000}, timezone_id="UTC", locale="en-GB")
        page.on("pageerror", lambda error: problems.append(str(error)))
        for board in dashboards:
            with page.expect_response(f"{address}/answers/{board['uid']}", timeout=120_000) as answered:
                page.goto(f"{address}/d/{board['uid']}")
            returned = {panel["title"]: panel for panel in answered.value.json()["panels"]}
            page.wait_for_selector("body[data-ready]", timeout=120_000)
            findings = inspect(sources, board, range_)
            boxes = page.locator("section").all()
            titles = [str(panel["title"]) for panel in panels(board)]
            if [box.get_attribute("data-title") for box in boxes] != titles:
                problems.append(f"{board['title']}: not every panel is there")
            problems += [
                f"{board['title']}: {problem}"
                for title, box in zip(titles, boxes, strict=False)
                if (problem := _problem(title, box, returned[title], findings))
            ]
            problems += [f"{board['title']}: {one}" for one in overlapping(board)]
            picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
            small = picture.convert("RGB").quantize(COLOURS_OF_A_PICTURE, dither=Image.Dither.NONE)
            small.save(directory / f"{board['uid']}.png", optimize=True)
        launched.close()
    return problems


def overlapping(board: Mapping[str, Any]) -> list[str]:
    """Panels that reach over the grid's columns or over one another: Grafana would put them elsewhere."""
    lines, taken = [], {}
    for panel in panels(board):
        grid = panel["gridPos"]
        if grid["x"] + grid["w"] > COLUMNS:
            lines.append(f"{panel['title']}: reaches over the edge")
        for cell in (
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        ):
            if cell in taken:
                lines.append(f"{panel['title']}: lies over {taken[cell]}")
                break
            taken[cell] = panel["title"]
    return lines


def _problem(title: str, box: Locator, answer: Mapping[str, Any], findings: Sequence[Finding]) -> str:
    kind = box.get_attribute("data-type")
    own = [finding for finding in findings if finding.query.panel == title]
    empty = not answer["series"]
    inner = box.locator(".u-over" if kind == "timeseries" and not empty else ".stat, .none, .error, .scroll").first
    picture = Image.open(io.BytesIO(inner.screenshot())).convert("L")
    histogram = picture.histogram()
    ink = 1 - max(histogram) / sum(histogram)
    return wrong(title, int(box.get_attribute("data-series") or 0), len(answer["series"] + answer["rows"]), ink, own)
