"""What every operation of the API document has in common."""

from typing import Any

PROBLEM = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; for programs."},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
EVERYWHERE = {
    "401": "Who asks is not known.",
    "403": "The caller may not do this, or a browser's session came without its CSRF token.",
    "429": "Too many requests; Retry-After says when to ask again.",
    "503": "A part of the service is out of reach; Retry-After says when to ask again.",
}
WITH_BODY = {"400": "The body can't be read, or some of its fields are not valid."}
CHANGES = {"409": "The present state doesn't allow this; `code` says why."}
ON_THINGS = {"404": "There is no such thing, or it isn't the caller's to see."}
ON_LISTS = {"400": "A filter is not valid.", "404": "The cursor is not valid, or there is no such thing."}


def add_common_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A drf-spectacular hook: the refusals that any operation may answer, with the media type that problems have."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            common = dict(EVERYWHERE)
            if method == "get" and any(parameter["in"] == "query" for parameter in operation.get("parameters", [])):
                common |= ON_LISTS
            if "requestBody" in operation:
                common |= WITH_BODY
            if method != "get":
                common |= CHANGES
            if "{" in path:
                common |= ON_THINGS
            for status, description in common.items():
                operation["responses"].setdefault(status, _problem(description))
            for status, response in operation["responses"].items():
                if status[0] in "45" and "content" in response:
                    response["content"] = _problem("")["content"]
    return result


def _problem(description: str) -> dict[str, Any]:
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {"description": description, "content": {"application/problem+json": reference}}
