"""Whether Prometheus can parse what panels, variables and annotations ask, with Grafana's variables filled in.

`python -m deploy.grafana.parse` (in `make check`) asks promtool, prints a line for each that can't, and exits 1.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from deploy.grafana.queries import Range, label_values, promql, queries, variables
from deploy.names import DEPLOY
from lms import monitoring

RANGE = Range(0, 3600, 15)
VALUES: Mapping[str, Sequence[str]] = {"instance": [".*"]}
_COMPLAINT = re.compile(r'"query_(\d+)": could not parse expression: (.+)')


def asked(boards: Sequence[Mapping[str, object]]) -> list[tuple[str, str]]:
    """(where, expression) of all PromQL."""
    found = []
    for board in boards:
        selectors = [
            (query, label_values(query.text)[0]) for _, query in variables(board) if query.kind == "prometheus"
        ]
        texts = [(query, query.text) for query in queries(board) if query.kind == "prometheus"]
        found += [(query.where, promql(text, RANGE, VALUES)) for query, text in [*selectors, *texts] if text]
    return found


def findings(boards: Sequence[Mapping[str, object]], promtool: str) -> list[str]:
    """`dashboard: panel: promtool's complaint`. Raises RuntimeError when promtool says something else."""
    those = asked(boards)
    rules = [{"record": f"query_{number}", "expr": expression} for number, (_, expression) in enumerate(those)]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "panels.yml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
        result = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)
    complaints = dict(_COMPLAINT.findall(result.stdout + result.stderr))
    if result.returncode and not complaints:
        raise RuntimeError(result.stderr.strip())
    return [f"{those[int(number)][0]}: {text}" for number, text in complaints.items()]


def main() -> int:
    promtool = monitoring.find("promtool")
    if promtool is None:
        print("parse: no promtool here; `make monitoring` fetches it", file=sys.stderr)
        return 1
    paths = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    lines = findings([json.loads(path.read_text()) for path in paths], promtool)
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
