"""A blog at work, for tests that watch its page."""

import itertools
from typing import Any

import httpx

numbers = itertools.count(1)


class Coverage:
    """A blog, as its editor works on it. Hours are those of one day, `8.5` is half past eight."""

    def __init__(self, editor: httpx.Client, **details: Any) -> None:
        self.slug = f"market-{next(numbers)}"
        self.path = f"/blogs/{self.slug}"
        self._editor = editor
        self._call("POST", "", slug=self.slug, title="Market day", **details)
        self.becomes("live")

    def publish(self, title: str, hour: float, **said: Any) -> str:
        """The id of a new post."""
        moment = f"2025-06-24T{int(hour):02}:{round(hour % 1 * 60):02}:00Z"
        said = {
            "title": title,
            "published_at": moment,
            "markdown": f"{title}, *so we hear*.",
        } | said
        return str(self._call("POST", f"/{self.slug}/posts", **said).json()["id"])

    def revise(self, post: str, **said: Any) -> None:
        self._call("PATCH", f"/{self.slug}/posts/{post}", **said)

    def retract(self, post: str) -> None:
        self._call("PUT", f"/{self.slug}/posts/{post}/status", status="retracted", note="Wrong.")

    def mark(self, method: str, post: str, mark: str) -> None:
        self._call(method, f"/{self.slug}/posts/{post}/{mark}")

    def describe(self, **details: Any) -> None:
        self._call("PATCH", f"/{self.slug}", **details)

    def becomes(self, status: str) -> None:
        self._call("PUT", f"/{self.slug}/status", status=status)

    def order(self, post: str) -> str:
        """The place that it has in the page."""
        return str(self._call("GET", f"/{self.slug}/posts/{post}").json()["order"])

    def _call(self, method: str, path: str, **said: Any) -> httpx.Response:
        headers = {"if-match": "*"}
        answer = self._editor.request(method, f"/api/blogs{path}", json=said, headers=headers)
        assert answer.is_success, answer.text
        return answer
