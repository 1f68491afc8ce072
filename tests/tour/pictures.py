"""The pictures of the README's tour: which page, who looks at it, and what has to be there."""

from dataclasses import dataclass
from pathlib import Path

from tests.system import ROOT

DIRECTORY = ROOT / "docs" / "tour"
MOST_BYTES = 100_000
COURSE = "reliable-services"


@dataclass(frozen=True)
class Picture:
    """`path` may hold {lesson}, a lesson of the sample course; `text` is on the page before the picture is taken."""

    name: str
    person: str
    path: str
    text: str
    scheme: str = "light"

    @property
    def file(self) -> Path:
        return DIRECTORY / f"{self.name}.png"


PICTURES = (
    Picture("catalogue", "student1", "/", "Reliable services"),
    Picture("course", "student1", f"/courses/{COURSE}", "Reliable services"),
    Picture("lesson", "student1", "/lessons/{lesson}", "Reliable services"),
    Picture("operations", "admin1", "/admin/operations/", "Figures, from Prometheus", scheme="dark"),
)
# A dashboard has no page without Grafana; it is drawn as `make preview` draws it.
DASHBOARD = Picture("dashboard", "", "lms-system-health", "")
EVERY = (*PICTURES, DASHBOARD)
