"""What a browser tells of the pages that its reader opens, as pages/static/pages/vitals.js does; no connection."""

import random
from typing import Any

SHARE = 0.5  # of page views: the others' browsers were closed, or block it
FAILING = 0.03
FAILURES: tuple[dict[str, Any], ...] = (
    {"kind": "script_error", "message": "film is null", "source": "/static/pages/watching.js", "line": 12},
    {"kind": "resource_error", "message": "img", "source": "/picture.png"},
    {"kind": "unhandled_rejection", "message": "Failed to fetch"},
)


def report(chooser: random.Random, page: str) -> dict[str, Any]:
    """Times are in seconds. Log-normal, as they are in the field: most readers wait little, a few very long."""
    first_byte = chooser.lognormvariate(-2.0, 0.6)
    first_paint = first_byte + chooser.lognormvariate(-1.2, 0.5)
    vitals = {
        "ttfb": first_byte,
        "fcp": first_paint,
        "lcp": first_paint + chooser.lognormvariate(-1.0, 0.7),
        "cls": chooser.expovariate(40.0) if chooser.random() < 0.4 else 0.0,
    }
    if chooser.random() < 0.7:  # the others read without touching anything
        vitals["inp"] = chooser.lognormvariate(-2.6, 0.6)
    believed = {name: round(min(value, 60.0), 4) for name, value in vitals.items()}
    errors = [chooser.choice(FAILURES)] if chooser.random() < FAILING else []
    return {"page": page, "vitals": believed, "errors": errors}
