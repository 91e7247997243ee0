"""``python -m tests.contract``: the facts of a document, and their differences."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.contract.__main__ import main, report
from tests.contract.compare import differences
from tests.contract.document import FACTS, load, read

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/orders/{uid}": {
            "post": {
                "description": "Not a fact.",
                "parameters": [
                    {"name": "uid", "in": "path", "type": "string", "required": True},
                    {"name": "amount", "in": "formData", "type": "number", "maxLength": "9"},
                    {"name": "kind", "in": "formData", "type": "string", "enum": ["a", "b"]},
                    {
                        "name": "items",
                        "in": "formData",
                        "type": "array",
                        "items": {"$ref": "#/definitions/Item"},
                    },
                ],
                "responses": {
                    "200": {"schema": {"$ref": "#/definitions/OrderResponse"}},
                    "404": {},
                },
            }
        }
    },
    "definitions": {
        "Item": {"required": ["name"], "properties": {"name": {"type": "string"}}},
        "Order": {"required": ["uid"], "properties": {"uid": {"type": "string"}}},
        "OrderResponse": {
            "allOf": [
                {"$ref": "#/definitions/Envelope"},
                {"properties": {"response": {"$ref": "#/definitions/Order"}}},
            ]
        },
        "Envelope": {"properties": {"code": {"type": "integer"}, "message": {"type": "string"}}},
        "Unused": {"properties": {"name": {"type": "string"}}},
    },
}


def operation(document: Any) -> Any:
    return document["paths"]["/orders/{uid}"]["post"]


def changed() -> Any:
    return copy.deepcopy(DOCUMENT)


def sentences(document: Any) -> list[str]:
    return [*differences(read(DOCUMENT), read(document))]


def test_facts_are_the_parameters_the_response_and_the_types() -> None:
    assert read(DOCUMENT) == {
        "operations": {
            "POST /orders/{uid}": {
                "parameters": {
                    "uid": {"place": "path", "type": "string", "required": True},
                    "amount": {"place": "body", "type": "number", "max_length": 9},
                    "kind": {"place": "body", "type": "string", "words": ["a", "b"]},
                    "items": {"place": "body", "type": "array", "items": "Item"},
                },
                "response": ["Order"],
                "statuses": [200, 404],
            }
        },
        "types": {
            "Item": {"fields": {"name": {"type": "string"}}, "required": ["name"]},
            "Order": {"fields": {"uid": {"type": "string"}}, "required": ["uid"]},
        },
    }


def test_same_document_has_no_difference() -> None:
    assert sentences(changed()) == []


def test_new_and_removed_operations_are_reported() -> None:
    document = changed()
    document["paths"]["/orders"] = {"get": {"responses": {"200": {}}}}
    del document["paths"]["/orders/{uid}"]

    assert sentences(document)[:2] == [
        "new operation GET /orders",
        "operation POST /orders/{uid} is gone",
    ]


def test_changes_of_parameters_are_reported() -> None:
    document = changed()
    parameters = operation(document)["parameters"]
    parameters[0]["in"] = "query"
    parameters[1]["required"] = True
    parameters[1]["maxLength"] = 12
    parameters[2]["enum"] = ["b", "c"]
    parameters[3] = {"name": "memo", "in": "formData", "type": "string", "required": True}

    assert sentences(document) == [
        "POST /orders/{uid}: new parameter memo (string, body, required)",
        "POST /orders/{uid}: parameter items is gone",
        "POST /orders/{uid}: parameter amount: max_length: was 9, is 12",
        "POST /orders/{uid}: parameter amount: required: was none, is True",
        "POST /orders/{uid}: parameter kind: words: c added",
        "POST /orders/{uid}: parameter kind: words: a removed",
        "POST /orders/{uid}: parameter uid: place: was path, is query",
        "type Item is gone",
    ]


def test_changes_of_responses_are_reported() -> None:
    document = changed()
    operation(document)["responses"]["409"] = {}
    document["definitions"]["Order"]["properties"]["memo"] = {"type": "string"}
    document["definitions"]["Order"]["required"] = ["memo"]

    assert sentences(document) == [
        "POST /orders/{uid}: HTTP statuses: 409 added",
        "Order: new field memo (string)",
        "Order: required fields: memo added",
        "Order: required fields: uid removed",
    ]


def test_description_is_not_a_difference() -> None:
    document = changed()
    operation(document)["description"] = "Another."

    assert sentences(document) == []


def test_stored_facts_have_eighty_operations() -> None:
    assert len(load()["operations"]) == 80


def test_stored_facts_have_no_sentences() -> None:
    words = re.findall(r'"([^"]*)"', FACTS.read_text("utf-8"))

    assert all(word.isascii() for word in words)
    assert {word for word in words if " " in word} == set(load()["operations"])


def test_report_of_a_newer_document_has_changes_and_gaps() -> None:
    newer = load()
    codes = newer["operations"]["GET /banks/{bank_standard_code}"]
    codes["parameters"]["language"] = {"place": "query", "type": "string"}
    newer["types"]["StandardCodeAnnotation"]["fields"]["english_name"] = {"type": "string"}
    newer["operations"]["GET /holidays"] = {"parameters": {}, "response": [], "statuses": [200]}

    lines = report(load(), newer)

    assert lines[:5] == [
        "The document differs from the stored facts:",
        "  new operation GET /holidays",
        "  GET /banks/{bank_standard_code}: new parameter language (string, query)",
        "  StandardCodeAnnotation: new field english_name (string)",
        "This package differs from the document:",
    ]
    assert {
        "  GET /holidays is not in OPERATIONS",
        "  GET /banks/{bank_standard_code}: codes.bank has no parameter language",
        "  GET /cards: StandardCode has no field english_name of StandardCodeAnnotation",
    } <= {*lines[5:]}


def test_command_compares_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "document.json"
    path.write_text(json.dumps(DOCUMENT), "utf-8")

    assert main([str(path)]) == 1

    assert "  new operation POST /orders/{uid}\n" in capsys.readouterr().out
