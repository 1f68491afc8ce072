"""`python -m deploy.grafana.build`: write dashboards/*.json; with --check say what is not fresh or lacks something.

Exit codes: 0 all is well, 1 something isn't (a line each on stderr).
"""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana import lint
from deploy.grafana.panels import DASHBOARDS

DIRECTORY = Path(__file__).resolve().parent / "dashboards"


def built() -> dict[Path, str]:
    return {
        DIRECTORY / f"{name}.json": JSONEncoder(sort_keys=True, indent=2).encode(make().build()) + "\n"
        for name, make in DASHBOARDS.items()
    }


def wrong(files: dict[Path, str]) -> list[str]:
    lines = [line for text in files.values() for line in lint.findings(json.loads(text))]
    if stale := [path.name for path, text in files.items() if not path.exists() or path.read_text() != text]:
        lines.append(f"not fresh: {', '.join(stale)}; run `make dashboards`.")
    if left_over := sorted(path.name for path in set(DIRECTORY.glob("*.json")) - files.keys()):
        lines.append(f"nothing builds {', '.join(left_over)} any more.")
    return lines


def main() -> int:
    files = built()
    if "--check" in sys.argv[1:]:
        lines = wrong(files)
        for line in lines:
            print(f"dashboards: {line}", file=sys.stderr)
        return 1 if lines else 0
    DIRECTORY.mkdir(exist_ok=True)
    for path, text in files.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
