"""Looks for a line in the log's store: Loki, or files where a file is the store."""

import glob
import json
import time
from pathlib import Path
from urllib.parse import urlencode

from observability.verification.client import Unreachable, bearer, get_json
from observability.verification.environment import Environment, Unset

TAIL_BYTES = 20_000_000
SPAN_SECONDS = 3600


class LogStore:
    def __init__(self, environment: Environment) -> None:
        """Raises Unset when neither store is known."""
        if not environment.loki_url and not environment.log_files:
            raise Unset("neither VERIFY_LOKI_URL nor VERIFY_LOG_FILES is set")
        self._loki, self._files = environment.loki_url, environment.log_files
        self._headers = bearer(environment.loki_token)

    def lines(self, text: str) -> list[str]:
        """The lines of the last hour that hold `text`. Raises Unreachable."""
        return self._from_loki(text) if self._loki else self._from_files(text)

    def _from_loki(self, text: str) -> list[str]:
        start = time.time_ns() - SPAN_SECONDS * 10**9
        query = f'{{job=~".+"}} |= {json.dumps(text)}'
        parameters = urlencode({"query": query, "start": str(start), "limit": "50"})
        found = get_json(f"{self._loki}/loki/api/v1/query_range?{parameters}", headers=self._headers)
        return [line for stream in found["data"]["result"] for _, line in stream["values"]]

    def _from_files(self, text: str) -> list[str]:
        paths = [Path(path) for path in glob.glob(self._files)]
        if not paths:
            raise Unreachable(f"no file matches {self._files}")
        lines: list[str] = []
        for path in paths:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - TAIL_BYTES))
                lines += [line for line in file.read().decode(errors="replace").splitlines() if text in line]
        return lines
