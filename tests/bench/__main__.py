"""Prints the table of what this machine measured. Every row is paired with its own bare limit."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvicorn
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from events.blog import Blog, evolve
from events.commands import CreateBlog, WritePost
from events.entry import Stored, load, store
from events.markup import from_markdown
from events.timeline import Timeline
from server.app import app
from server.commands import new_salt
from server.log import Head, Request, Tip, beginning, entries
from server.settings import Settings
from server.site import Site, running
from server.tail import Tail

POSTS = 2_000
PAIRS = 400
TEXT = (
    "The ferry left at **nine** with forty people, two of them in *period dress*.\n\n"
    "- the queue reaches the bakery\n- the bell works again\n\n"
    "> Nobody here believed it would float, said the mechanic, and then it did.\n"
)
HEX = "0" * 8


class Row(msgspec.Struct):
    what: str
    ours: str
    beside: str
    ratio: str
    must: str


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        fsync = _fsync_p50(data)
        rows: list[Row] = []
        async with running(Settings(data=data / "log")) as site:
            rows += await _append(site)
            blog = await _day(site)
            rows += await _fold(site, blog)
            rows.append(await _cold(site, blog))
        rows.append(await _post_to_socket(data / "socket", fsync))
    _show(rows)


def _request(key: str) -> Request:
    return Request("bench", key, key, datetime.now(UTC))


async def _timed(do: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await do()
    return (time.perf_counter() - started) * 1000


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


def _fsync_p50(folder: Path) -> float:
    """Milliseconds of one small write and its fsync, in the same directory."""
    times = []
    descriptor = os.open(folder / "probe", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for _ in range(200):
        started = time.perf_counter()
        os.write(descriptor, b"x" * 512)
        os.fsync(descriptor)
        times.append((time.perf_counter() - started) * 1000)
    os.close(descriptor)
    return statistics.median(times)


async def _append(site: Site) -> list[Row]:
    """Our append and a bare XADD of the same bytes on the same connection pool, in turn."""
    redis: Redis = site.redis
    blog = "00000000-0000-0000-0000-000000000001"
    now = datetime.now(UTC)
    tip = beginning(int(now.timestamp() * 1000))
    state = Blog(blog)
    ours: list[float] = []
    bare: list[float] = []
    body = from_markdown(TEXT)
    from events.decide import decide
    from events.entry import Entry

    for number in range(PAIRS):
        command = (
            CreateBlog("bench", "Bench")
            if number == 0
            else WritePost(post=f"post-{number}", title="A title", body=body)
        )
        events = tuple(decide(state, command, now))
        entry = Entry(tip.following, now, now, "bench", str(number), events)
        stored = store(entry, tip.digest, new_salt, "f")
        ours.append(await _timed(lambda: site.log.append(blog, tip, stored, _request(f"{number}"))))  # noqa: B023 - awaited before the next turn
        fields: dict[bytes | str, bytes | str] = {"h": stored.head, "c": stored.content}
        bare.append(await _timed(lambda: redis.xadd("bare", fields)))  # type: ignore[arg-type] # noqa: B023 - as above
        state = evolve(state, entry)
        tip = Tip(Head(entry.position, tip.head.epoch), stored.digest)
    rows = []
    for name, share, must in (("p50", 0.5, "1.6 x"), ("p99", 0.99, "")):
        a, b = _percentile(ours, share), _percentile(bare, share)
        rows.append(
            Row(f"append {name}", f"{a:.2f} ms", f"XADD {b:.2f} ms", f"{a / b:.2f} x", must)
        )
    return rows


async def _day(site: Site) -> str:
    """A blog of POSTS posts through the write path's own encoding."""
    blog_id = "00000000-0000-0000-0000-000000000002"
    from events.decide import decide
    from events.entry import Entry

    now = datetime.now(UTC)
    tip, state = beginning(1), Blog(blog_id)
    batch: list[Stored] = []
    body = from_markdown(TEXT)
    for number in range(POSTS + 1):
        command = (
            CreateBlog("day", "Day", visibility="public")
            if number == 0
            else WritePost(post=f"post-{number:06}", title=f"Post {number}", body=body)
        )
        entry = Entry(
            tip.following, now, now, "bench", str(number), tuple(decide(state, command, now))
        )
        stored = store(entry, tip.digest, new_salt, "f")
        state = evolve(state, entry)
        tip = Tip(Head(entry.position, tip.head.epoch), stored.digest)
        batch.append(stored)
    await site.log.restore(blog_id, batch, epoch=2)
    return blog_id


async def _fold(site: Site, blog_id: str) -> list[Row]:
    stored = [each async for each in entries(site.log, blog_id)]
    decode, fold = [], []
    events = 0
    for _ in range(7):
        started = time.perf_counter()
        decoded = [load(each) for each in stored]
        decode.append(time.perf_counter() - started)
        events = sum(len(entry.events) for entry in decoded)
        blog, timeline = Blog(blog_id), Timeline()
        started = time.perf_counter()
        for entry in decoded:
            blog = evolve(blog, entry)
            timeline.apply(blog, entry)
        fold.append(time.perf_counter() - started)
    folded, read = statistics.median(fold), statistics.median(decode)
    return [
        Row("fold, events a second", f"{events / folded:,.0f}", "", "", "150,000"),
        Row("decode and fold, events a second", f"{events / (folded + read):,.0f}", "", "", ""),
    ]


async def _cold(site: Site, blog_id: str) -> Row:
    """A process that has never seen the blog: read, fold, and make its first page."""
    times = []
    for _ in range(7):
        tail = Tail(site.log, site.articles)

        async def first_page(tail: Tail = tail) -> None:
            loaded = await tail.load(blog_id)
            loaded.feed.answer(None, "html")

        times.append(await _timed(first_page))
    return Row(f"{POSTS:,} posts, cold", f"{statistics.median(times):.0f} ms", "", "", "200 ms")


async def _post_to_socket(data: Path, fsync: float) -> Row:
    """From sending the POST to the frame at a reader's socket, on an idle server."""
    import httpx

    application = app(Settings(data=data))
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", lifespan="on"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn sets a flag, no event
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    token = await application.state.site.access.create_token("admin")
    headers = {"authorization": f"Bearer {token}"}
    times = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        await client.post(
            "/api/blogs", json={"slug": "day", "title": "Day", "visibility": "public"}
        )
        async with connect(f"ws://127.0.0.1:{port}/blogs/day/live") as socket:
            await socket.recv()
            await socket.recv()
            for number in range(200):

                async def post(number: int = number) -> None:
                    writing = asyncio.create_task(
                        client.post(
                            "/api/blogs/day/posts", json={"title": f"{number}", "markdown": TEXT}
                        )
                    )
                    times.append(await _timed(socket.recv))
                    await writing

                await post()
    server.should_exit = True
    await serving
    p50 = statistics.median(times)
    return Row(
        "POST -> socket p50 (server, client, reader in one process)",
        f"{p50:.1f} ms",
        f"fsync {fsync:.2f} ms",
        f"{p50 - fsync:.1f} ms over",
        "8 ms over",
    )


def _show(rows: list[Row]) -> None:
    head = Row("what", "ours", "beside", "ratio", "must")
    table = [msgspec.structs.astuple(row) for row in (head, *rows)]
    widths = [max(len(row[i]) for row in table) for i in range(5)]
    for row in table:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


if __name__ == "__main__":
    asyncio.run(main())
