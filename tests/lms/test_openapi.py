"""The gate before the API document: what breaks clients is named, what doesn't passes."""

import copy
import json
from collections.abc import Callable

import pytest

from lms.openapi import DOCUMENT, breaking_changes

OLD = {
    "paths": {
        "/things": {
            "get": {
                "parameters": [{"in": "query", "name": "q"}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
                "responses": {"201": {}, "400": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "T": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "kind": {"allOf": [{"$ref": "#/components/schemas/Kind"}]},
                },
            },
            "Part": {"type": "object", "properties": {"size": {"type": "integer"}}},
            "Kind": {"type": "string", "enum": ["a", "b"]},
            "New": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kind": {"$ref": "#/components/schemas/Kind"}},
                "required": ["name"],
            },
        }
    },
}


def schemas(document: dict) -> dict:
    return document["components"]["schemas"]


BREAKING: dict[str, Callable[[dict], object]] = {
    "POST /things is gone": lambda new: new["paths"]["/things"].pop("post"),
    "GET /things: parameter q is gone": lambda new: new["paths"]["/things"]["get"].pop("parameters"),
    "GET /things: parameter q is now required": lambda new: new["paths"]["/things"]["get"]["parameters"][0].update(
        required=True
    ),
    "GET /things: response 200: field id is gone": lambda new: schemas(new)["T"]["properties"].pop("id"),
    "GET /things: response 200.parts[]: field size is gone": lambda new: schemas(new)["Part"]["properties"].pop("size"),
    "GET /things: response 200.parts[].size has another type": lambda new: schemas(new)["Part"]["properties"][
        "size"
    ].update(type="string"),
    "POST /things: request field kind is now required": lambda new: schemas(new)["New"]["required"].append("kind"),
    "POST /things: request field kind is gone": lambda new: schemas(new)["New"]["properties"].pop("kind"),
    "POST /things: request field name has another type": lambda new: schemas(new)["New"]["properties"]["name"].update(
        type="integer"
    ),
    "POST /things: request field kind no longer takes b": lambda new: schemas(new)["Kind"]["enum"].remove("b"),
    "POST /things: response 201 is gone": lambda new: new["paths"]["/things"]["post"]["responses"].pop("201"),
}
HARMLESS: dict[str, Callable[[dict], object]] = {
    "nothing": lambda new: None,
    "another operation": lambda new: new["paths"].update({"/others": {"get": {"responses": {}}}}),
    "another field in an answer": lambda new: schemas(new)["T"]["properties"].update(more={"type": "string"}),
    "another optional field in a request": lambda new: schemas(new)["New"]["properties"].update(more={}),
    "another value": lambda new: schemas(new)["Kind"]["enum"].append("c"),
    "a requirement less": lambda new: schemas(new)["New"]["required"].clear(),
    "a refusal less": lambda new: new["paths"]["/things"]["post"]["responses"].pop("400"),
}


@pytest.mark.parametrize("sentence", list(BREAKING))
def test_a_breaking_change_is_named(sentence):
    new = copy.deepcopy(OLD)
    BREAKING[sentence](new)
    assert breaking_changes(OLD, new) == [sentence]


@pytest.mark.parametrize("change", list(HARMLESS))
def test_a_harmless_change_passes(change):
    new = copy.deepcopy(OLD)
    HARMLESS[change](new)
    assert breaking_changes(OLD, new) == []


def test_the_committed_document_compares_with_itself():
    document = json.loads(DOCUMENT.read_text())
    assert breaking_changes(document, document) == []
    assert breaking_changes(document, document | {"paths": {}}) != []
