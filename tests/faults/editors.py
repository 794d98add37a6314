"""Editors who write through every outage: each write is sent with its key until it is answered."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from tests.faults.storage import PATIENCE

AGAIN = {429, 503}
"""Statuses after which the same request is sent again."""
READINGS = 8_000
"""Numbers in a long post: some 170 KB on the wire, more than a link holds that stalls."""
PAUSE = 0.15
"""Seconds between two writes at most."""

Answer = dict[str, Any]


class Editor:
    """Writes posts and changes them; they are its own, so it knows how each of them stands."""

    def __init__(self, url: str, token: str, name: str) -> None:
        self.posts: dict[str, Answer] = {}
        """Each as the answer to its last write shows it."""
        self.acknowledged: list[str] = []
        """The keys of the writes that were answered. Each of them changed something."""
        self._blog = f"{url}/api/blogs/day"
        self._name = name
        self._chance = random.Random(name)
        self._numbers = count(1)
        self._http = httpx.AsyncClient(
            headers={"authorization": f"Bearer {token}"}, timeout=5, trust_env=False
        )

    async def works(self, over: asyncio.Event) -> None:
        """Write one thing after the other until told that it is over; none is left unanswered."""
        while not over.is_set():
            await self.writes()
            await asyncio.sleep(self._chance.uniform(0, PAUSE))

    async def writes(self) -> None:
        """Do one thing of those that can be done now."""
        await self._chance.choice(self._possible())()

    async def publishes(self, **more: Any) -> Answer:
        """A post of which nobody has heard."""
        return await self._put("POST", "/posts", {"title": self._title(), **more})

    async def leaves(self) -> None:
        await self._http.aclose()

    def _possible(self) -> list[Callable[[], Any]]:
        """The wishes that would change something, the likely ones more than once."""
        publish = [self.publishes] * 4
        if len(self.posts) < 4:
            return list(publish)
        post = self._chance.choice(list(self.posts.values()))
        match post["status"]:
            case "retracted":
                return [*publish, lambda: self._becomes(post, "published")]
            case "draft":
                return [lambda: self._becomes(post, "published"), lambda: self.revises(post)]
        return [
            *publish,
            *[lambda: self.revises(post)] * 4,
            *[lambda: self._becomes(post, "retracted")] * 2,
            *[lambda: self._marks(post, "pin", "pinned")] * 2,
            *[lambda: self._marks(post, "key", "key")] * 2,
            lambda: self._moves(post),
            lambda: self.publishes(status="draft"),
        ]

    async def revises(self, post: Answer) -> None:
        said = {"title": self._title()}
        if self._chance.random() < 0.25:
            readings = (f"{self._chance.randrange(10**8)}" for _ in range(READINGS))
            said["markdown"] = f"All gauges from the source down: {', '.join(readings)}."
        await self._put("PATCH", f"/posts/{post['id']}", said)

    async def _moves(self, post: Answer) -> None:
        """Show another time, which is another place in the page."""
        then = datetime.now(UTC) - timedelta(seconds=self._chance.uniform(0, 30))
        await self._put("PATCH", f"/posts/{post['id']}", {"published_at": then.isoformat()})

    async def _becomes(self, post: Answer, status: str) -> None:
        await self._put("PUT", f"/posts/{post['id']}/status", {"status": status})

    async def _marks(self, post: Answer, path: str, member: str) -> None:
        await self._put("DELETE" if post[member] else "PUT", f"/posts/{post['id']}/{path}", None)

    async def _put(self, method: str, path: str, body: Answer | None) -> Answer:
        answer = await self.sends(method, path, body)
        self.posts[answer["id"]] = answer
        return answer

    async def sends(self, method: str, path: str, body: Answer | None) -> Answer:
        """One write with a key of its own, repeated until there is an answer to it."""
        key = f"{self._name}-{next(self._numbers)}"
        headers = {"idempotency-key": key, "if-match": "*"}
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    answer = await self._http.request(
                        method, f"{self._blog}{path}", json=body, headers=headers
                    )
                except httpx.HTTPError:
                    pass  # unknown whether it was written: the same key settles it
                else:
                    if answer.is_success:
                        break
                    assert answer.status_code in AGAIN, (key, method, path, answer.text)
                await asyncio.sleep(self._chance.uniform(0, 0.2))
        self.acknowledged.append(key)
        return dict(answer.json())

    def _title(self) -> str:
        return f"{self._name} writes for the {next(self._numbers)}th time"


class Chief(Editor):
    """Also changes what the blog is called, pauses it and lets it go on."""

    def __init__(self, url: str, token: str, name: str) -> None:
        super().__init__(url, token, name)
        self._status = "live"
        self._shows = False

    def _possible(self) -> list[Callable[[], Any]]:
        return [*super()._possible(), self._renames, self._pauses, self._counts]

    async def _renames(self) -> None:
        member = self._chance.choice(["title", "standfirst"])
        await self.sends("PATCH", "", {member: self._title()})

    async def _pauses(self) -> None:
        status = "paused" if self._status == "live" else "live"
        await self.sends("PUT", "/status", {"status": status})
        self._status = status

    async def _counts(self) -> None:
        """Have the audience told how many it is, or not any more."""
        self._shows = not self._shows
        await self.sends("PATCH", "", {"show_viewers": self._shows})
