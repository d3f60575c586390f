"""The API's own description, OpenAPI 3.1, made from its code."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from sticktionary.web.api import problems
from sticktionary.web.api.gate import Needs

ROOT = "/api/v1/"
SCHEME = "token"
SCHEMES = {SCHEME: {"type": "http", "scheme": "bearer", "description": "A token made on the lab's page “Tokens”."}}


class Api(NinjaAPI):
    """Describes, besides, which scope a call needs and that refusals are problem details."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        document = super().get_openapi_schema(path_prefix=path_prefix or ROOT, path_params=path_params)
        document["components"]["securitySchemes"] = SCHEMES
        for path, methods in self._scopes(document).items():
            for method, scope in methods.items():
                described = document["paths"][path][method]
                described["security"] = [{SCHEME: [scope]}]
                _tell_problems(described["responses"])
        return document

    def _scopes(self, document: dict[str, Any]) -> dict[str, dict[str, str]]:
        """By path and method. A call without a scope is one that anybody could make: there is none."""
        scopes = {
            operation.operation_id: callback.scope.value
            for router in self._get_bound_routers()
            for view in router.path_operations.values()
            for operation in view.operations
            for callback in operation.auth_callbacks
            if isinstance(callback, Needs)
        }
        return {
            path: {method: scopes[described["operationId"]] for method, described in methods.items()}
            for path, methods in document["paths"].items()
        }


def _tell_problems(responses: dict[int, dict[str, Any]]) -> None:
    for status, response in responses.items():
        content = response.get("content", {})
        if int(status) >= 400 and "application/json" in content:
            response["content"] = {problems.MEDIA_TYPE: content["application/json"]}
