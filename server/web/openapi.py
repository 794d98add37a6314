"""OpenAPI 3.1, made from the endpoints' declarations and types, and a page that shows it."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.site import Site
from server.web import pages
from server.web.endpoint import Endpoint, json
from server.web.problems import TITLES


def describe(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The OpenAPI document."""
    types = {kind for each in endpoints for kind in (each.takes, each.gives) if kind}
    ordered = sorted(types, key=lambda kind: str(kind.__name__))
    schemas, components = msgspec.json.schema_components(
        ordered, ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in endpoints:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Liveblog",
            "version": "1",
            "description": "Every write takes an Idempotency-Key; sent again it is done once.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(each: Endpoint, schema_of: dict[Any, Any]) -> dict[str, Any]:
    where = [{"name": name, "in": "path", "required": True} for name in _names(each.path)]
    where += [{"name": name, "in": "query", "required": False} for name in each.query]
    writes = each.method != "GET"
    if writes:
        where.append({"name": "Idempotency-Key", "in": "header", "required": False})
    for parameter in where:
        parameter["schema"] = {"type": "string"}
    given = {"description": each.summary}
    if each.gives:
        given |= _content(schema_of[each.gives])
    operation: dict[str, Any] = {
        "operationId": each.handler.__name__,
        "summary": each.summary,
        "parameters": where,
        "responses": {
            str(each.status): given,
            "default": {"description": "A problem: " + ", ".join(map(str, TITLES))},
        },
        "security": [{"token": []}] if each.role else [{}, {"token": []}],
        "x-role": each.role or "anyone",
    }
    if each.takes:
        operation["requestBody"] = {"required": True, **_content(schema_of[each.takes])}
    return operation


def _content(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)}", path)


def routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    document = describe(endpoints)

    async def openapi(_: Request) -> Response:
        return json(document, cache_control="public, max-age=60")

    async def docs(request: Request) -> Response:
        site: Site = request.app.state.site
        return pages.page(site, "api.html", document=document)

    return [Route("/api/openapi.json", openapi), Route("/api/docs", docs)]
