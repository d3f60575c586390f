"""The API as a page to read, made from its own document: no foreign script would be let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_GET

from sticktionary.web.api.document import ROOT
from sticktionary.web.api.urls import api
from sticktionary.web.workbench import allowed, show


@require_GET
@allowed("view_trainingrun")
def told(request: HttpRequest) -> HttpResponse:
    described = api.get_openapi_schema()
    groups: dict[str, list[dict[str, Any]]] = {}
    for address, methods in described["paths"].items():
        for method, call in methods.items():
            groups.setdefault(call["tags"][0], []).append(_call(method, address, call, described))
    return show(request, "lab_api", "lab", {"here": "api", "groups": groups, "root": ROOT, "info": described["info"]})


def _call(method: str, address: str, call: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    return {
        "method": method.upper(),
        "address": address,
        "says": call.get("description", ""),
        "scope": call["security"][0]["token"][0],
        "parameters": [
            {**part, "type": _type(part["schema"])} for part in [*call.get("parameters", ()), *_body(call, described)]
        ],
        "answers": sorted(call["responses"]),
    }


def _body(call: dict[str, Any], described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    named = described["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    for name, shape in named.get("properties", {}).items():
        needed = name in named.get("required", ())
        yield {
            "in": "body",
            "name": name,
            "required": needed,
            "schema": shape,
            "description": shape.get("description", ""),
        }


def _type(shape: dict[str, Any]) -> str:
    """In short: integer, string, one of these words."""
    either = [_type(part) for part in shape.get("anyOf", ())]
    words = [str(word) for word in shape.get("enum", ())]
    named = shape.get("$ref", "").rpartition("/")[2]
    return " | ".join([*either, *words]) or named or str(shape.get("type", ""))


urlpatterns = [path("", told, name="lab_api")]
