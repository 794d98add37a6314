"""The parts a running process is made of, opened and closed in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import structlog
from jinja2 import Environment
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff

from server.access import Access
from server.commands import Commands
from server.index import Index
from server.media import Media
from server.past.as_it_was import Past
from server.past.course import Courses
from server.past.record import Records
from server.projections import Projections
from server.push.crowd import Crowd
from server.push.pulse import Pulse
from server.push.turnstile import Turnstile
from server.render import Articles, templates
from server.replay.replaying import Replays
from server.replay.track import Tracks
from server.schedule import Schedule
from server.settings import Settings
from server.storage.embedded import Embedded
from server.storage.redis_log import RedisLog
from server.tail import Tail
from server.viewers import Viewers

logger = structlog.get_logger("site")

CONNECTIONS = 64
"""Connections to Redis a process holds at most; more callers wait."""
ANSWER = 2.0
"""Seconds Redis is given for an answer."""


@dataclass(frozen=True)
class Site:
    """Everything a request handler or a command may need."""

    settings: Settings
    redis: Redis
    log: RedisLog
    tail: Tail
    commands: Commands
    schedule: Schedule
    viewers: Viewers
    index: Index
    access: Access
    media: Media
    past: Past
    projections: Projections
    courses: Courses
    replays: Replays
    records: Records
    crowd: Crowd
    turnstile: Turnstile
    pulse: Pulse
    templates: Environment
    articles: Articles


def connect(url: str) -> Redis:
    """A client that waits for a connection, gives up in bounded time, and retries twice."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=ANSWER,
        socket_timeout=ANSWER,
        socket_connect_timeout=ANSWER,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 2),
    )
    return Redis.from_pool(pool)  # which closes the pool with the client


def build(settings: Settings, redis: Redis) -> Site:
    """Put the parts together; nothing runs yet."""
    log = RedisLog(redis, replicas=settings.replicas, watch_replid=bool(settings.redis_url))
    environment = templates()
    articles = Articles(environment)
    index = Index(redis)
    tail = Tail(log, articles, index.withhold)
    schedule = Schedule(redis)
    past = Past(log, settings.snapshots)
    courses = Courses(log, past)
    return Site(
        settings=settings,
        redis=redis,
        log=log,
        tail=tail,
        commands=Commands(log, tail, schedule.mark),
        schedule=schedule,
        viewers=Viewers(redis, tail),
        index=index,
        access=Access(redis),
        media=Media(settings.media),
        past=past,
        projections=Projections(log),
        courses=courses,
        replays=Replays(Tracks(log, past, courses, articles), busy=tail.busy),
        records=Records(log, past, courses),
        crowd=Crowd(settings),
        turnstile=Turnstile(settings.accepts),
        pulse=Pulse(settings.ping, settings.stall),
        templates=environment,
        articles=articles,
    )


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Site]:
    """A site whose storage answers; the embedded server is started where no other is named."""
    async with contextlib.AsyncExitStack() as held:
        url = settings.redis_url
        if not url:
            embedded = Embedded(settings.data)
            url = await asyncio.to_thread(embedded.open)
            held.push_async_callback(asyncio.to_thread, embedded.close)
            keeping = asyncio.create_task(_ensure(embedded))
            held.push_async_callback(_ended, keeping)
        redis = connect(url)
        held.push_async_callback(redis.aclose)
        yield build(settings, redis)


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Site]:
    """A site that follows the log and publishes what is due."""
    async with opened(settings) as site:
        tasks = [
            asyncio.create_task(_kept(site.tail.run)),
            asyncio.create_task(_kept(lambda: site.schedule.run(site.commands))),
            asyncio.create_task(_kept(site.viewers.run)),
            asyncio.create_task(_kept(site.pulse.run)),
            asyncio.create_task(_kept(site.projections.run)),
            asyncio.create_task(_kept(site.past.albums.run)),
        ]
        try:
            yield site
        finally:
            for task in tasks:
                await _ended(task)


async def _kept(run: Callable[[], Awaitable[None]]) -> None:
    """Run for ever: a fault in it is logged, and a second later it goes on."""
    while True:
        try:
            await run()
        except Exception:
            logger.exception("a task ended that must not")
        await asyncio.sleep(1)


async def _ensure(embedded: Embedded) -> None:
    while True:
        await asyncio.sleep(1)
        with contextlib.suppress(Exception):  # tried again in a second
            await asyncio.to_thread(embedded.ensure)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task until it has ended: what it calls may lose a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
