"""Whether what rules and panels take from exporters is scraped, at hosts that the Compose file starts.

`python -m deploy.targets` (in `make check`) prints a line for each job or host that is missing, and exits 1.
"""

import re
import sys
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

import yaml

from deploy.names import (
    DEPLOY,
    FOREIGN,
    PROMETHEUS,
    Query,
    alerts,
    alternatives,
    expanded,
    matchers,
    metric_names,
    panels,
    recordings,
)

EXPORTED_BY = {"node": "node", "pg": "postgres", "probe": "blackbox", "redis": "redis"}  # prefix → job


def job_of(metric: str) -> str:
    """The job that scrapes an exporter's metric; empty for `up`, which every job has."""
    return "" if metric == "up" else EXPORTED_BY[metric.partition("_")[0]]


def scraped() -> dict[str, list[str]]:
    """Job → the hosts of its targets; of a probed page, the host of the exporter that asks for it."""
    found: dict[str, list[str]] = {}
    for job in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]:
        files = [name for discovery in job["file_sd_configs"] for name in discovery["files"]]
        groups: list[dict[str, Any]] = [
            group
            for name in files
            if (path := PROMETHEUS / name).is_file()
            for group in yaml.safe_load(path.read_text()) or []
        ]
        places = []
        for group in groups:
            asker = group.get("labels", {}).get("exporter")
            places += [asker] if asker else group["targets"]
        hosts = {urlsplit(place if "//" in place else f"//{place}").hostname or "" for place in places}
        found[job["job_name"]] = sorted(hosts)
    return found


def services() -> set[str]:
    return set(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"])


def findings(queries: Collection[Query]) -> Iterator[str]:
    jobs, started, recorded = scraped(), services(), recordings()
    for query in queries:
        expressions = [expression for expression, _ in expanded(query.expression, recorded)]
        metrics = {name for expression in expressions for name in metric_names(expression)} & FOREIGN.keys()
        for metric in sorted(metrics):
            if (job := job_of(metric)) and not jobs.get(job):
                yield f"{query.where}: no job {job} to scrape {metric} from"
        for expression in expressions:
            for metric, label, operator, job in matchers(expression):
                for one in alternatives(job) if label == "job" and "~" in operator else [re.escape(job)]:
                    if label == "job" and not any(re.fullmatch(one, name) and jobs[name] for name in jobs):
                        yield f"{query.where}: no job {one} to scrape {metric} from"
    for job, hosts in jobs.items():
        if not hosts:
            yield f"job {job}: no target"
        for host in hosts:
            if host not in started | {"localhost"}:
                yield f"job {job}: nothing starts {host}"


def main() -> int:
    lines = list(findings([*alerts(), *panels()]))
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
