"""`python -m deploy.grafana.build`: write dashboards/*.json; with --check say which are not fresh and exit 1."""

import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.panels import DASHBOARDS

DIRECTORY = Path(__file__).resolve().parent / "dashboards"


def built() -> dict[Path, str]:
    return {
        DIRECTORY / f"{name}.json": JSONEncoder(sort_keys=True, indent=2).encode(make().build()) + "\n"
        for name, make in DASHBOARDS.items()
    }


def main() -> int:
    files = built()
    if "--check" in sys.argv[1:]:
        stale = [path.name for path, text in files.items() if not path.exists() or path.read_text() != text]
        if stale:
            print(f"dashboards: not fresh: {', '.join(stale)}; run `make dashboards`.", file=sys.stderr)
        return 1 if stale else 0
    DIRECTORY.mkdir(exist_ok=True)
    for path, text in files.items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
