"""The numbers of a blog on a real server and its storage: asked for, rebuilt, and by whom."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.blog import Blog, evolve
from events.commands import ChangePostStatus, Command, CreateBlog, RevisePost, WritePost
from events.entry import Stored, load
from events.position import Position
from events.projection import Projection
from events.statistics import PostsADay, WordsADay
from server.projections import Projections
from server.settings import Settings
from server.site import Site, running
from server.storage.log import Log, Request, entries
from tests.process import PATIENCE, Server, liveblog
from tests.story import says


class Held:
    """The site's log, of which a build gets no more than it is let have."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.reads = 0
        self.let = asyncio.Event()
        self.asked = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def read(self, blog: str, after: Position, limit: int = 500) -> list[Stored]:
        self.reads += 1
        if self.reads > 1 and not self.let.is_set():
            self.asked.set()
            await self.let.wait()
        return await self._log.read(blog, after, min(limit, 5))


async def does(site: Site, command: Command) -> None:
    key = str(uuid.uuid4())
    await site.commands.handle("fair", command, Request("ann", key, key, datetime.now(UTC)))


async def plain(site: Site, version: type[Projection]) -> Projection:
    blog, made = Blog("fair"), version()
    async for stored in entries(site.log, "fair"):
        entry = load(stored)
        blog = evolve(blog, entry)
        made.apply(blog, entry)
    return made


async def test_while_two_is_built_one_goes_on_and_then_two_answers_for_all_of_it(
    tmp_path: Path,
) -> None:
    async with running(Settings(data=tmp_path / "data")) as site:
        await does(site, CreateBlog("fair", "The fair"))
        for number in range(12):
            await does(site, WritePost(f"{number}", body=says("Some words."), author="Ann"))
        loaded = await site.tail.load("fair")

        one = Projections(site.log, (PostsADay,))
        building = asyncio.create_task(one.run())
        await one.of(loaded).there.wait()
        building.cancel()
        projected = one.of(loaded)

        held = Held(site.log)
        both = Projections(held, (PostsADay, WordsADay))
        both._projected[loaded] = projected  # as before the release that brought version two
        building = asyncio.create_task(both.run())
        both.of(loaded)
        await held.asked.wait()  # a part of the log is folded, and the build waits for the rest
        for number in range(12):
            await does(site, ChangePostStatus(f"{number}", "retracted"))
            await does(site, WritePost(f"new {number}", body=says("More words, later.")))
            assert both.of(loaded) is projected
            assert isinstance(projected.answers, PostsADay)
            assert projected.answers == await plain(site, PostsADay)
        held.let.set()
        while not isinstance(projected.answers, WordsADay):
            assert isinstance(projected.answers, PostsADay)
            await does(site, RevisePost("new 1", body=says(f"{projected.answers.posts} words.")))
        assert projected.answers == await plain(site, WordsADay)
        await does(site, RevisePost("new 2", body=says("One."), correction="It was none."))
        assert projected.answers == await plain(site, WordsADay)
        building.cancel()


def test_every_answer_of_a_server_is_of_the_position_it_names(tmp_path: Path) -> None:
    """While others write, and while version two is built: each post has two words."""
    data, day = tmp_path / "data", tmp_path / "day.jsonl"
    lines: list[dict[str, Any]] = [{"blog": {"slug": "fair", "title": "The fair"}}]
    lines += [{"title": "Two words", "author": f"Author {n % 4}"} for n in range(150)]
    day.write_text("\n".join(map(json.dumps, lines)))
    liveblog("import", str(day), data=data)
    with Server(data) as server:
        seen: list[int] = []
        with server.client() as reader, server.client() as writer, ThreadPoolExecutor(1) as others:

            def write() -> None:
                for _ in range(60):
                    sent = {"title": "Two words", "author": "Ann"}
                    writer.post("/api/blogs/fair/posts", json=sent).raise_for_status()

            writing = others.submit(write)
            deadline = time.monotonic() + 4 * PATIENCE
            while not (writing.done() and 2 in seen):
                assert time.monotonic() < deadline, "version two does not come"
                told = reader.get("/desk/fair/statistics").raise_for_status().json()
                posts = Position.parse(told["position"]).seq - 2  # it was created, and went live
                counted = sum(map(int, re.findall(r'class="count"[^>]*>(\d+)<', told["html"])))
                assert counted == posts * told["schema"], "two words each, or one post"
                seen.append(told["schema"])
            writing.result()
        assert seen == sorted(seen)
        assert server.stop() == 0


# --- on the desk -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("numbers") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def editor(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        client.post("/api/blogs", json={"slug": "fair", "title": "The fair"}).raise_for_status()
        for text in ("One two three.", "Four five."):
            sent = {"markdown": text, "author": "Ann <b>Field</b>"}
            client.post("/api/blogs/fair/posts", json=sent).raise_for_status()
        yield client


def numbers(client: httpx.Client, slug: str = "fair") -> dict[str, Any]:
    """What is shown once nothing newer is on its way."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        told = client.get(f"/desk/{slug}/statistics").raise_for_status().json()
        if not told["newer"]:
            return dict(told)
    raise TimeoutError("there is always something newer on its way")


def test_words_a_day_are_plotted_and_told_in_a_table(editor: httpx.Client) -> None:
    told = numbers(editor)
    assert told["schema"] == 2
    html = told["html"]
    assert '<svg class="plot"' in html
    assert "<bdi>Ann &lt;b&gt;Field&lt;/b&gt;</bdi>" in html
    assert '<td class="number">2</td><td class="number">5</td>' in html
    assert "Corrections" not in html
    assert "style=" not in html


def test_whoever_writes_finds_it_counted(editor: httpx.Client) -> None:
    before = numbers(editor)
    sent = {"markdown": "A word more.", "author": "Bea"}
    post = editor.post("/api/blogs/fair/posts", json=sent).raise_for_status().json()
    assert numbers(editor)["position"] == post["position"] > before["position"]
    path = f"/api/blogs/fair/posts/{post['id']}"
    change = {"title": "Corrected", "correction": "It was three."}
    editor.patch(path, json=change, headers={"if-match": "*"}).raise_for_status()
    html = numbers(editor)["html"]
    assert "<bdi>Bea</bdi>" in html
    assert "Corrections" in html


def test_a_blog_without_posts_says_so(editor: httpx.Client) -> None:
    editor.post("/api/blogs", json={"slug": "empty", "title": "Empty"}).raise_for_status()
    assert "Nothing has been published yet." in numbers(editor, "empty")["html"]


def test_an_operator_sees_which_version_answers(editor: httpx.Client) -> None:
    numbers(editor)
    told = editor.get("/metrics").text
    assert 'liveblog_projections{name="statistics",schema="2"}' in told
    assert "liveblog_projections_building 0" in told
    assert "liveblog_projections_failed 0" in told


@pytest.mark.usefixtures("editor")
def test_numbers_are_the_editors_of_the_blog(server: Server) -> None:
    asked = "/desk/fair/statistics"
    assert httpx.get(server.url + asked).status_code == 401
    with server.client("contributor") as contributor:
        assert contributor.get(asked).status_code == 403
    with server.client() as admin:
        admin.post("/api/blogs", json={"slug": "other", "title": "Other"}).raise_for_status()
        assert admin.get("/desk/nowhere/statistics").status_code == 404
    token = ("token", "create", "--role", "editor", "--blog", "other")
    headers = {"authorization": f"Bearer {liveblog(*token, data=server.data)}"}
    assert httpx.get(server.url + asked, headers=headers).status_code in {403, 404}
