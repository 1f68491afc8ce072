"""The API's OpenAPI document: written to docs/openapi.json, proven fresh, and guarded against breaking changes.

`python -m lms.openapi --check` (part of `make check`) exits 1 when the committed document isn't what the code gives.
`make schema` writes it, and refuses when clients of the committed one would break, unless BREAKING=1 says it is meant.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "openapi.json"
Schema = dict[str, Any]


def generate() -> str:
    """The document of the code as it is, as JSON text."""
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    schema = SchemaGenerator().get_schema(request=None, public=True)
    return json.dumps(schema, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What a client written against `old` can no longer do, or no longer gets, with `new`."""
    return sorted(set(_changes(old, new)))


def _changes(old: Schema, new: Schema) -> Iterator[str]:
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            name = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            if after is None:
                yield f"{name} is gone"
                continue
            yield from _parameters(name, before, after)
            yield from _request(name, _Resolved(old, before), _Resolved(new, after))
            yield from _responses(name, _Resolved(old, before), _Resolved(new, after))


class _Resolved:
    """An operation with the document that its references point into."""

    def __init__(self, document: Schema, operation: Schema) -> None:
        self.document = document
        self.operation = operation

    def schema(self, node: Schema | None) -> Schema:
        node = node or {}
        while "$ref" in node:
            node = self.document["components"]["schemas"][node["$ref"].rsplit("/", 1)[1]]
        if len(parts := node.get("allOf") or node.get("oneOf") or []) == 1:
            return self.schema(parts[0])
        return node

    def request(self) -> Schema:
        return self._content(self.operation.get("requestBody"))

    def response(self, status: str) -> Schema:
        return self._content(self.operation["responses"].get(status))

    def _content(self, body: Schema | None) -> Schema:
        contents = list((body or {}).get("content", {}).values())
        return self.schema(contents[0].get("schema")) if contents else {}


def _parameters(name: str, before: Schema, after: Schema) -> Iterator[str]:
    known = {(parameter["in"], parameter["name"]): parameter for parameter in before.get("parameters", [])}
    now = {(parameter["in"], parameter["name"]): parameter for parameter in after.get("parameters", [])}
    for key in known.keys() - now.keys():
        yield f"{name}: parameter {key[1]} is gone"
    for key, parameter in now.items():
        if parameter.get("required") and not known.get(key, {}).get("required"):
            yield f"{name}: parameter {key[1]} is now required"


def _request(name: str, before: _Resolved, after: _Resolved) -> Iterator[str]:
    old, new = before.request(), after.request()
    for field in set(new.get("required", [])) - set(old.get("required", [])):
        yield f"{name}: request field {field} is now required"
    for field, node in old.get("properties", {}).items():
        if field not in new.get("properties", {}):
            yield f"{name}: request field {field} is gone"
            continue
        was, now = before.schema(node), after.schema(new["properties"][field])
        if was.get("type") != now.get("type"):
            yield f"{name}: request field {field} has another type"
        for value in _values(was) - _values(now) if "enum" in now else ():
            yield f"{name}: request field {field} no longer takes {value}"


def _values(node: Schema) -> set[str]:
    return {str(value) for value in node.get("enum", [])}


def _responses(name: str, before: _Resolved, after: _Resolved) -> Iterator[str]:
    for status in before.operation["responses"]:
        if not status.startswith("2"):
            continue
        if status not in after.operation["responses"]:
            yield f"{name}: response {status} is gone"
            continue
        yield from _fields(f"{name}: response {status}", before, after, before.response(status), after.response(status))


def _fields(name: str, before: _Resolved, after: _Resolved, old: Schema, new: Schema, depth: int = 0) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield f"{name} has another type"
        return
    if depth > 8:
        return
    if "items" in old and "items" in new:
        yield from _fields(
            f"{name}[]", before, after, before.schema(old["items"]), after.schema(new["items"]), depth + 1
        )
    for field, node in old.get("properties", {}).items():
        if field not in new.get("properties", {}):
            yield f"{name}: field {field} is gone"
        else:
            was, now = before.schema(node), after.schema(new["properties"][field])
            yield from _fields(f"{name}.{field}", before, after, was, now, depth + 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 unless the committed document is fresh")
    options = parser.parse_args()
    text = generate()
    committed = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    if options.check:
        if text != committed:
            print(f"{DOCUMENT.name} is not what the code gives: run `make schema`", file=sys.stderr)
        return int(text != committed)
    breaks = breaking_changes(json.loads(committed), json.loads(text)) if committed else []
    if breaks and os.environ.get("BREAKING") != "1":
        print("Clients would break (BREAKING=1 writes it all the same):", *breaks, sep="\n  ", file=sys.stderr)
        return 1
    DOCUMENT.write_text(text)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    sys.exit(main())
