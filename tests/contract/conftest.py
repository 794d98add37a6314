"""Fixtures for what is looked at from the wire."""

from collections.abc import Iterator

import httpx
import pytest

from tests.contract.a_blog import Blog
from tests.process import Server


@pytest.fixture(scope="session")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Blog]:
    """One for the whole run; it is quiet, so that what is heard was asked for."""
    with Server(
        tmp_path_factory.mktemp("websocket") / "data",
        LIVEBLOG_PING="120",
        LIVEBLOG_ACCEPTS="0",
        LIVEBLOG_DRAIN="0",
    ) as server:
        with server.client() as editor:
            editor.post("/api/blogs", json={"slug": "fair", "title": "Fair"}).raise_for_status()
            editor.put("/api/blogs/fair/status", json={"status": "live"}).raise_for_status()
            for n in range(3):
                post = {"title": f"Post {n}", "markdown": "The band plays on and on. " * 20}
                editor.post("/api/blogs/fair/posts", json=post).raise_for_status()
            here = editor.get("/api/blogs/fair/posts").json()["position"]
        path = f"/blogs/fair/live?as=json&since={here}"
        with httpx.Client(base_url=server.url) as http:
            yield Blog(int(server.url.rpartition(":")[2]), path, http)


@pytest.fixture(params=[False, True], ids=["in one segment", "in small segments"])
def small(request: pytest.FixtureRequest) -> bool:
    """Whether what is said arrives in small segments."""
    return bool(request.param)
