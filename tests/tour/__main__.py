"""`make tour`: the pictures of the README, taken anew of a demo of its own, on free ports.

    python -m tests.tour

Exit codes: 0 all are taken, 1 one isn't (a line on stderr says why).
"""

import argparse
import io
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.grafana.queries import Range
from lms import browser, monitoring
from lms.demo.ports import DEMO_PORTS
from lms.embedded import free_ports
from tests.panels.__main__ import dashboards
from tests.panels.answers import Sources, make_reporting_role
from tests.preview.server import serving
from tests.system import ROOT, wait_for
from tests.tour.pictures import COURSE, DASHBOARD, DIRECTORY, MOST_BYTES, PICTURES, Picture

WIDTH, HEIGHT = 1100, 760
COLOURS = (256, 128, 64)
PASSWORD = "learn-by-doing"
FIGURES_SECONDS = 90
DASHBOARD_SECONDS = 200
STEP_SECONDS = 5.0


@contextmanager
def demo(directory: Path) -> Iterator[str]:
    """The address of a running demo. Raises AssertionError with its last lines when it doesn't start."""
    ports = {port.variable: str(number) for port, number in zip(DEMO_PORTS, free_ports(len(DEMO_PORTS)), strict=True)}
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("LMS_", "DATABASE_", "REDIS_"))
    }
    own = {"LMS_RUN_DIR": str(directory / "run"), "LMS_TOOLS_DIR": str(monitoring.tools_directory())}
    log = directory / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lms.demo"],
            cwd=ROOT,
            env=inherited | ports | own | {"LMS_DEMO_STUDENTS": "60"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ready() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        return "The LMS is ready." in log.read_text()

    try:
        wait_for(ready, seconds=300, what="the demo's readiness")
        yield f"http://127.0.0.1:{ports['LMS_PORT']}"
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def log_in(page: Page, base: str, person: str) -> None:
    """At the admin's form, which takes everybody whom it lets in; learners use the pages' own."""
    at_admin = person.startswith("admin")
    page.goto(f"{base}/admin/login/?next=/admin/" if at_admin else f"{base}/account/login")
    page.locator("input[name=username], input[name=email], input[type=email]").first.fill(f"{person}@demo.lms.test")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "login" not in url)


def lesson(page: Page, base: str) -> str:
    """The id of the sample course's second lesson, enrolling where that isn't done."""
    page.goto(f"{base}/courses/{COURSE}")
    enrol = page.get_by_role("button", name="Enrol", exact=True)
    if enrol.count():
        enrol.click()
    links = page.locator("main a[href^='/lessons/']")
    links.first.wait_for()
    return str(links.nth(1).get_attribute("href")).rsplit("/", 1)[1]


def complete(page: Page) -> None:
    """Until no figure of the page of whoever is on call is unknown, or a while is over: a picture says what it says."""
    end = time.monotonic() + FIGURES_SECONDS
    while page.locator("td.unknown").count() and time.monotonic() < end:
        time.sleep(3)
        page.reload()


def take(launched: Browser, base: str, picture: Picture) -> None:
    context = launched.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB", timezone_id="UTC", color_scheme=picture.scheme
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    try:
        log_in(page, base, picture.person)
        path = picture.path.format(lesson=lesson(page, base)) if "{lesson}" in picture.path else picture.path
        page.goto(f"{base}{path}")
        page.get_by_text(picture.text).first.wait_for()
        complete(page)
        write(Image.open(io.BytesIO(page.screenshot())), picture)
    finally:
        context.close()


def write(image: Image.Image, picture: Picture) -> None:
    """As many colours as fit. Raises ValueError when none do."""
    for colours in COLOURS:
        content = io.BytesIO()
        # By the usual method a thin line's colour would become that of its background.
        few = image.convert("RGB").quantize(colours, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(content, "PNG", optimize=True)
        if content.tell() <= MOST_BYTES:
            picture.file.write_bytes(content.getvalue())
            print(f"{picture.file.relative_to(ROOT)}: {content.tell() / 1000:.0f} kB")
            return
    raise ValueError(f"{picture.name} is larger than {MOST_BYTES} bytes with {COLOURS[-1]} colours")


def draw(launched: Browser, directory: Path, began: float) -> None:
    """The upper part of a dashboard, with what Prometheus and PostgreSQL of the demo know since `began`."""
    settings = dict(line.split("=", 1) for line in (directory / "run" / "demo.env").read_text().splitlines())
    database, prometheus = (shlex.split(settings[name])[0] for name in ("DATABASE_URL", "LMS_PROMETHEUS_URL"))
    sources = Sources(prometheus, make_reporting_role(database))
    boards = [board for board in dashboards() if board["uid"] == DASHBOARD.path]
    # A rate needs some scrapes.
    time.sleep(max(0.0, began + DASHBOARD_SECONDS - time.time()))
    with serving(sources, boards, Range(began, time.time(), STEP_SECONDS)) as address:
        page = launched.new_page(viewport={"width": 1600, "height": round(1600 * HEIGHT / WIDTH)}, timezone_id="UTC")
        page.goto(f"{address}/d/{DASHBOARD.path}")
        page.wait_for_selector("body[data-ready]", timeout=120_000)
        image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        write(image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS), DASHBOARD)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tour", description="The pictures of the README, taken anew.")
    parser.parse_args()
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    try:
        found = browser.fetch()
        with (
            tempfile.TemporaryDirectory(prefix="lms-tour-") as directory,
            demo(Path(directory)) as base,
            sync_playwright() as playwright,
        ):
            launched = playwright.chromium.launch(
                executable_path=found.executable, env=dict(os.environ) | found.variables, timeout=60_000
            )
            began = time.time()
            for picture in PICTURES:
                take(launched, base, picture)
            draw(launched, Path(directory), began)
            launched.close()
    except (AssertionError, RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
        print(f"tour: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
