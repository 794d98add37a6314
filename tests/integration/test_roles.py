"""Every route and socket with every role. A route without its row here fails."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from server.access import ROLES
from server.app import app
from server.settings import Settings
from tests.process import Server, liveblog

WHO = ("nobody", *ROLES)


@dataclass
class Row:
    """What nobody, a reader, a contributor, an editor and an admin are answered."""

    answers: str
    send: dict[str, Any] = field(default_factory=dict)


NEW = {"title": "A post"}
STATUS = {"status": "live"}
ANY = {"if-match": "*"}

# The post in the path was written by the editor and is published; the blog is public.
TABLE: dict[str, Row] = {
    "GET /api/blogs": Row("200 200 200 200 200"),
    "POST /api/blogs": Row("401 403 403 403 201", {"json": {"slug": "new", "title": "New"}}),
    "GET /api/blogs/{blog}": Row("200 200 200 200 200"),
    "PATCH /api/blogs/{blog}": Row("401 403 403 200 200", {"json": {"title": "Changed"}}),
    "DELETE /api/blogs/{blog}": Row("401 403 403 403 204"),
    "PUT /api/blogs/{blog}/status": Row("401 403 403 200 200", {"json": STATUS}),
    "GET /api/blogs/{blog}/posts": Row("200 200 200 200 200"),
    "POST /api/blogs/{blog}/posts": Row("401 403 201 201 201", {"json": NEW}),
    "GET /api/blogs/{blog}/posts/{post}": Row("200 200 200 200 200"),
    "PATCH /api/blogs/{blog}/posts/{post}": Row(
        "401 403 403 200 200", {"json": {"title": "Changed"}, "headers": ANY}
    ),
    "GET /api/blogs/{blog}/posts/{post}/history": Row("401 403 403 200 200"),
    "PUT /api/blogs/{blog}/posts/{post}/status": Row(
        "401 403 403 200 200", {"json": {"status": "published"}, "headers": ANY}
    ),
    "PUT /api/blogs/{blog}/posts/{post}/pin": Row("401 403 403 200 200"),
    "DELETE /api/blogs/{blog}/posts/{post}/pin": Row("401 403 403 200 200"),
    "PUT /api/blogs/{blog}/posts/{post}/key": Row("401 403 403 200 200"),
    "DELETE /api/blogs/{blog}/posts/{post}/key": Row("401 403 403 200 200"),
    "POST /api/blogs/{blog}/media": Row("401 403 415 415 415", {"content": b"no picture"}),
    "GET /api/blogs/{blog}/changes": Row("200 200 200 200 200"),
    "GET /api/blogs/{blog}/marks": Row("200 200 200 200 200"),
    "GET /api/blogs/{blog}/record": Row("200 200 200 200 200"),
    "GET /api/blogs/{blog}/log": Row("401 403 403 200 200"),
    "GET /api/openapi.json": Row("200 200 200 200 200"),
    "GET /api/docs": Row("200 200 200 200 200"),
    "GET /healthz": Row("200 200 200 200 200"),
    "GET /readyz": Row("200 200 200 200 200"),
    "GET /metrics": Row("200 200 200 200 200"),
    "GET /login/{secret}": Row("200 200 200 200 200"),
    "POST /login/{secret}": Row("403 403 403 403 403"),
    "POST /logout": Row("303 303 303 303 303"),
    "GET /": Row("200 200 200 200 200"),
    "GET /demo": Row("404 404 404 404 404"),
    "GET /blogs/{blog}": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/posts/{post}": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/record": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/replay": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/embed": Row("200 200 200 200 200"),
    "GET /embed.js": Row("200 200 200 200 200"),
    "GET /oembed": Row("404 404 404 404 404"),
    "GET /themes/{accent}.css": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/feed.atom": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/feed.rss": Row("200 200 200 200 200"),
    "GET /blogs/{blog}/feed.json": Row("200 200 200 200 200"),
    "GET /sitemap.xml": Row("200 200 200 200 200"),
    "GET /robots.txt": Row("200 200 200 200 200"),
    "GET /media/{name}": Row("404 404 404 404 404"),
    "GET /blogs/{blog}/live": Row(
        "200 200 200 200 200", {"headers": {"accept": "text/event-stream"}}
    ),
    "GET /desk": Row("401 403 200 200 200"),
    "GET /desk/{blog}": Row("401 403 200 200 200"),
    "GET /desk/{blog}/details": Row("401 403 200 200 200"),
    "GET /desk/{blog}/statistics": Row("401 403 403 200 200"),
    "POST /desk/{blog}/preview": Row("401 403 200 200 200", {"json": {"markdown": "x"}}),
    "GET /desk/{blog}/posts/{post}/source": Row("401 403 200 200 200"),
    "GET /desk/{blog}/posts/{post}/history": Row("401 403 403 200 200"),
}
SOCKETS: dict[str, str] = {
    "/blogs/{blog}/live": "hello hello hello hello hello",
    "/blogs/{blog}/replay/live": "hello hello hello hello hello",
    "/desk/{blog}/live": "4401 4401 hello hello hello",
}
READABLE_TO = {
    "public": "200 200 200 200 200",
    "unlisted": "200 200 200 200 200",
    "restricted": "401 200 200 200 200",
    "draft": "404 404 200 200 200",
}


class House:
    """A server with one client a role, and a fresh blog with one post for each question."""

    def __init__(self, server: Server) -> None:
        self.server = server
        tokens: dict[str, str] = {"nobody": ""}
        tokens.update((role, server.token(role)) for role in ROLES)
        self.headers = {
            who: {"authorization": f"Bearer {token}"} if token else {}
            for who, token in tokens.items()
        }
        self.clients = {
            who: httpx.Client(base_url=server.url, headers=headers, timeout=30)
            for who, headers in self.headers.items()
        }
        self.count = 0

    def blog(self, visibility: str = "public") -> dict[str, str]:
        self.count += 1
        slug = f"blog-{self.count}"
        sent = {"slug": slug, "title": "A blog", "visibility": visibility}
        self.clients["admin"].post("/api/blogs", json=sent).raise_for_status()
        post = self.clients["editor"].post(f"/api/blogs/{slug}/posts", json=NEW).json()
        return {
            "blog": slug,
            "post": post["id"],
            "name": f"{'0' * 64}.jpg",
            "secret": "unknown",
            "accent": "0a7d55",
        }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with Server(tmp_path_factory.mktemp("roles") / "data") as server:
        house = House(server)
        yield house
        for client in house.clients.values():
            client.close()


def routes() -> list[BaseRoute]:
    return app(Settings()).routes


def test_every_route_has_its_row() -> None:
    there = {
        f"{method} {route.path}"
        for route in routes()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert there == set(TABLE)


def test_every_socket_has_its_row() -> None:
    assert {r.path for r in routes() if isinstance(r, WebSocketRoute)} == set(SOCKETS)
    assert [r.path for r in routes() if isinstance(r, Mount)] == ["/static"]


@pytest.mark.parametrize("route", TABLE)
def test_a_route_answers_each_role(house: House, route: str) -> None:
    method, path = route.split()
    answers = []
    for who in WHO:
        url = path.format(**house.blog())
        if path != "/api/blogs":
            send = TABLE[route].send
        else:
            send = {"json": {"slug": f"new-{who}", "title": "New"}} if method == "POST" else {}
        with house.clients[who].stream(method, url, **send) as answer:
            answers.append(str(answer.status_code))
    assert " ".join(answers) == TABLE[route].answers


@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_answers_each_role(house: House, path: str) -> None:
    answers = []
    for who in WHO:
        url = house.server.url.replace("http", "ws") + path.format(**house.blog())
        with connect(url, additional_headers=house.headers[who]) as socket:
            try:
                message = socket.recv(timeout=10)
                answers.append("hello" if '"hello"' in str(message) else str(message))
            except ConnectionClosed as closed:
                answers.append(str(closed.rcvd.code if closed.rcvd else None))
    assert " ".join(answers) == SOCKETS[path]


@pytest.mark.parametrize("visibility", READABLE_TO)
def test_a_blog_is_readable_to_whom_its_visibility_says(house: House, visibility: str) -> None:
    blog = house.blog(visibility)["blog"]
    feeds = [f"/blogs/{blog}/feed.{form}" for form in ("atom", "rss", "json")]
    records = [f"/blogs/{blog}/record", f"/api/blogs/{blog}/record", f"/blogs/{blog}/replay"]
    changes = f"/api/blogs/{blog}/changes"
    for path in (f"/api/blogs/{blog}", f"/blogs/{blog}", changes, *records, *feeds):
        answers = [str(house.clients[who].get(path).status_code) for who in WHO]
        assert " ".join(answers) == READABLE_TO[visibility]


def test_a_draft_is_for_its_author_and_the_editors(house: House) -> None:
    blog = house.blog()["blog"]
    sent = {"title": "Not yet", "status": "draft"}
    post = house.clients["contributor"].post(f"/api/blogs/{blog}/posts", json=sent).json()["id"]
    path = f"/api/blogs/{blog}/posts/{post}"
    answers = [house.clients[who].get(path).status_code for who in WHO]
    assert answers == [404, 404, 200, 200, 200]
    other = {"authorization": f"Bearer {house.server.token('contributor', fresh=True)}"}
    assert httpx.get(house.server.url + path, headers=other).status_code == 404


def test_a_contributor_neither_pins_nor_marks_an_own_draft(house: House) -> None:
    blog = house.blog()["blog"]
    sent = {"title": "Not yet", "status": "draft"}
    post = house.clients["contributor"].post(f"/api/blogs/{blog}/posts", json=sent).json()["id"]
    path = f"/api/blogs/{blog}/posts/{post}"
    for wish, status in (({"pinned": True}, 403), ({"key": True}, 403), ({"title": "Now"}, 200)):
        answer = house.clients["contributor"].patch(path, json=wish, headers=ANY)
        assert answer.status_code == status


def test_a_token_confined_to_one_blog_reaches_no_other(house: House) -> None:
    mine, other = house.blog()["blog"], house.blog()["blog"]
    token = liveblog("token", "create", "--role", "editor", "--blog", mine, data=house.server.data)
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=house.server.url, headers=headers) as client:
        assert client.post(f"/api/blogs/{mine}/posts", json=NEW).status_code == 201
        assert client.post(f"/api/blogs/{other}/posts", json=NEW).status_code == 403
        assert client.get(f"/api/blogs/{other}/log").status_code == 403
