"""The API's description: made from the declarations, whole, and without outside assets."""

from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from server.app import ENDPOINTS
from server.render import templates
from server.web.openapi import describe


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(ENDPOINTS)


def test_every_endpoint_is_described_with_its_role(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    described = {
        (method.upper(), path): operation["x-role"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert described == {(e.method, e.path): e.role or "anyone" for e in ENDPOINTS}


def test_every_reference_leads_to_a_schema(document: dict[str, Any]) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            found = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return found + [ref for value in node.values() for ref in references(value)]
        if isinstance(node, list):
            return [ref for value in node for ref in references(value)]
        return []

    schemas = document["components"]["schemas"]
    wanted = {ref.removeprefix("#/components/schemas/") for ref in references(document)}
    assert wanted <= set(schemas)
    assert {"NewPost", "PostView", "BlogView"} <= wanted


def test_path_parameters_are_declared(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            declared = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert all(f"{{{name}}}" in path for name in declared)
            assert path.count("{") == len(declared)


def test_the_page_loads_nothing_from_elsewhere(document: dict[str, Any]) -> None:
    page = LexborHTMLParser(templates().get_template("api.html").render(document=document))
    linked = [
        node.attributes.get("href") or node.attributes.get("src") or ""
        for node in page.css("link, script, img")
    ]
    assert linked
    assert all(address.startswith("/static/") for address in linked)
