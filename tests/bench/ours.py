"""Our own server as a stage: a real `liveblog serve` in a process of its own, on its core."""

import contextlib
import http.client
import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tests.bench import machine
from tests.bench.stage import Stage
from tests.process import Server

READ: Final = "/blogs/day/live"
TEXT: Final = "The mill wheel turns again after forty years."
KEPT: Final = 2.0
"""Seconds for which an idle connection is used again: less than the server keeps it."""
LIMITS: Final = {
    "LIVEBLOG_ACCEPTS": "0",
    "LIVEBLOG_READERS_PER_ADDRESS": "0",
    "LIVEBLOG_READERS": "16000",
}
"""Nothing is held back: what is measured is what the server can do."""


class Unavailable(Exception):
    """503: whether it was done is unknown, and the same key will tell."""


class _Besieged(Server):
    """One that thousands ask something of at once: whether it is ready, the posts will tell."""

    def _wait_until_ready(self) -> None:
        pass


class Ours:
    """A server with one public blog, `day`, and an editor who writes in it."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self._environment = LIMITS | environment
        with machine.on(machine.SERVER):
            self.server = Server(data, port=0, **self._environment)
        self.port = int(urlsplit(self.server.url).port or 0)
        self._token = self.server.token()
        self._connection: http.client.HTTPConnection | None = None
        self._used = 0.0
        self._before = self.position = self.create("day")
        self.published: list[int] = []
        self.refused = 0

    @property
    def pid(self) -> int:
        return self.server.process.pid

    @property
    def stage(self) -> Stage:
        return Stage(self.port, self.pid, READ, self.post, greeted=True, since=self.position)

    def create(self, slug: str) -> str:
        """A public blog; its first position."""
        details = {"slug": slug, "title": "Day", "visibility": "public"}
        return str(self._send("POST", "/api/blogs", details)["position"])

    def post(self, text: str = TEXT) -> None:
        """Publish a post that says when it was sent; it is durable when this returns."""
        sent = time.monotonic_ns()
        self.write({"markdown": f"ts={sent} {text}"})
        self.published.append(sent)

    def write(self, post: dict[str, str]) -> None:
        """Publish any post."""
        written = self._send("POST", "/api/blogs/day/posts", post)
        self._before, self.position = self.position, str(written["position"])

    def post_surely(self) -> None:
        """The same while the server may be away: again, with one key, until it is answered.

        Raises TimeoutError after 30 s.
        """
        key, sent = str(uuid.uuid4()), time.monotonic_ns()
        body = {"markdown": f"ts={sent} {TEXT}"}
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException, Unavailable):
                self._send("POST", "/api/blogs/day/posts", body, key)
                self.published.append(sent)
                return
            self.refused += 1
            time.sleep(0.05)
        raise TimeoutError("the server takes no post")

    def frame_size(self) -> int:
        """Bytes of the newest post as a reader is told it."""
        messages = self._ask("GET", f"/api/blogs/day/changes?as=html&since={self._before}")
        return len(msgspec.json.decode(messages, type=list[msgspec.Raw])[-1])

    def ends(self, slug: str) -> tuple[str, str]:
        """The first position of a blog's log, and its last."""
        blog = msgspec.json.decode(self._ask("GET", f"/api/blogs/{slug}"), type=dict[str, object])
        last = str(blog["position"])
        return f"{last.split('-')[0]}-1", last

    def post_p50(self, times: int = 20) -> float:
        """Milliseconds that one durable POST takes, from sending to its answer."""
        taken = []
        for _ in range(times):
            started = time.perf_counter()
            self.post()
            taken.append((time.perf_counter() - started) * 1000)
        return sorted(taken)[times // 2]

    def kill(self) -> None:
        self.server.kill()

    def restart(self) -> None:
        """Come back on the same port with the same data; listening, as yet, not more."""
        with machine.on(machine.SERVER):
            self.server = _Besieged(self.data, port=self.port, **self._environment)

    def _send(self, method: str, path: str, body: object, key: str = "") -> dict[str, object]:
        answer = self._ask(method, path, json.dumps(body), key)
        return msgspec.json.decode(answer, type=dict[str, object])

    def _ask(self, method: str, path: str, body: str | None = None, key: str = "") -> bytes:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        if key:
            headers["idempotency-key"] = key
        connection = self._connection
        if connection is None or time.monotonic() - self._used > KEPT:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self._connection = None
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        read = answer.read()
        if answer.status == 503:
            raise Unavailable(read)
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {read[:200]!r}")
        self._connection, self._used = connection, time.monotonic()
        return read


@contextlib.contextmanager
def ours(**environment: str) -> Iterator[Ours]:
    """A fresh server in a folder of its own; ended and forgotten."""
    with tempfile.TemporaryDirectory() as folder:
        made = Ours(Path(folder) / "data", **environment)
        try:
            yield made
        finally:
            made.server.stop()
