"""The SQL of panels and variables, carried out on a migrated database.

`python -m deploy.statements` (in `make check`, on DATABASE_URL) names each panel whose statement fails, and exits 1.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg

DASHBOARDS = Path(__file__).resolve().parent / "grafana" / "dashboards"
_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
CHOICES = {"course": "''", "learner": "''"}


def statements() -> Iterator[tuple[str, str]]:
    """(panel or variable, its statement)."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        board = json.loads(path.read_text())
        for variable in board["templating"]["list"]:
            if variable["type"] == "query" and variable["datasource"]["type"] == "grafana-postgresql-datasource":
                yield f"variable {board['title']}: {variable['name']}", variable["query"]
        for panel in board["panels"]:
            for target in panel["targets"]:
                if "rawSql" in target:
                    yield f"panel {board['title']}: {panel['title']}", target["rawSql"]


def filled_in(statement: str, choices: Mapping[str, str] = CHOICES) -> str:
    """`choices` are SQL: one quoted string, or several with commas. Raises KeyError for a variable without one."""
    return _VARIABLE.sub(lambda found: choices[found[1]], statement)


def main() -> int:
    failed = 0
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as session:
        for where, statement in statements():
            try:
                session.execute(filled_in(statement).encode())
            except psycopg.Error as error:
                failed += 1
                print(f"{where}: {str(error).splitlines()[0]}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
