"""A blog written over the API of a real server, for tests of what the audience is given."""

from io import BytesIO
from typing import Any, Self

import httpx
from PIL import Image

from tests.process import Server

ANY = {"if-match": "*"}
"""Whatever version the post has."""


class Newsroom:
    """One blog and its editor. `reader` asks as the audience does: without a token."""

    def __init__(self, server: Server, slug: str, title: str = "A day", **details: Any) -> None:
        self.server = server
        self.editor = server.client()
        self.reader = httpx.Client(base_url=server.url, timeout=30)
        self.api = f"/api/blogs/{slug}"
        self.path = f"/blogs/{slug}"
        sent = {"visibility": "public", **details, "slug": slug, "title": title}
        self.id = self.editor.post("/api/blogs", json=sent).raise_for_status().json()["id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.editor.close()
        self.reader.close()

    def turns(self, status: str) -> Self:
        sent = {"status": status}
        self.editor.put(f"{self.api}/status", json=sent).raise_for_status()
        return self

    def changes(self, **details: Any) -> None:
        self.editor.patch(self.api, json=details).raise_for_status()

    def writes(self, markdown: str = "", **said: Any) -> str:
        """Publish a post; its id."""
        sent = {"markdown": markdown, **said} if markdown else said
        answer = self.editor.post(f"{self.api}/posts", json=sent).raise_for_status()
        return str(answer.json()["id"])

    def revises(self, post: str, **said: Any) -> None:
        self.editor.patch(f"{self.api}/posts/{post}", json=said, headers=ANY).raise_for_status()

    def retracts(self, post: str) -> None:
        self._stands(post, "retracted")

    def restores(self, post: str) -> None:
        self._stands(post, "published")

    def uploads(self, colour: str = "teal", size: tuple[int, int] = (400, 300)) -> str:
        """A picture of one colour; its id."""
        file = BytesIO()
        Image.new("RGB", size, colour).save(file, "PNG")
        answer = self.editor.post(f"{self.api}/media", content=file.getvalue()).raise_for_status()
        return str(answer.json()["id"])

    def asks(self, path: str = "", **headers: str) -> httpx.Response:
        """What the audience is given below the blog's own address."""
        return self.reader.get(f"{self.path}{path}", headers=headers)

    def _stands(self, post: str, status: str) -> None:
        path = f"{self.api}/posts/{post}/status"
        self.editor.put(path, json={"status": status}, headers=ANY).raise_for_status()
