"""The index: which blogs there are and which slug leads where. Repairable from the logs.

It lives in another slot than the logs, so it cannot change in one step with them. Hence the
order: a slug is claimed before the entry that uses it, a blog is listed after its log exists.
"""

from redis.asyncio import Redis

from events.blog import Blog
from events.desk import withdrawn_pictures
from server.storage.redis_log import reach

BLOGS = "liveblog:blogs"
SLUGS = "liveblog:slugs"
WITHHELD = "liveblog:withheld:"
"""Followed by a picture's id: the blogs that have withdrawn it."""
SHOWN = "liveblog:shown:"
"""Likewise: the blogs that show it."""


class SlugTaken(Exception):
    def __init__(self, slug: str) -> None:
        super().__init__(f"the slug {slug!r} belongs to another blog")
        self.slug = slug


class Index:
    """Every slug a blog ever had leads to it; whether it is the present one, the blog says."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._found: dict[str, str] = {}

    async def claim(self, slug: str, blog: str) -> bool:
        """Make a slug lead to a blog; whether it did not before. Raises SlugTaken."""
        new = await reach(lambda: self._redis.hsetnx(SLUGS, slug, blog))
        if not new and await self.find(slug) != blog:
            raise SlugTaken(slug)
        return bool(new)

    async def release(self, slug: str) -> None:
        """Take back a claim that came to nothing."""
        self._found.pop(slug, None)
        await reach(lambda: self._redis.hdel(SLUGS, slug))

    async def find(self, slug: str) -> str | None:
        """The id of the blog a slug leads to."""
        found = await reach(lambda: self._redis.hget(SLUGS, slug))
        if not isinstance(found, bytes):
            return None
        blog = self._found[slug] = found.decode()
        return blog

    def known(self, slug: str) -> str | None:
        """The blog a slug led to when last looked up: it still does, unless that was deleted."""
        return self._found.get(slug)

    async def add(self, blog: str, slug: str) -> None:
        """List a blog."""
        await reach(lambda: self._redis.hset(BLOGS, blog, slug))

    async def remove(self, blog: str) -> None:
        """Take a deleted blog off the list and set its slugs free."""
        slugs = await reach(lambda: self._redis.hgetall(SLUGS))
        old = [slug for slug, owner in slugs.items() if owner == blog.encode()]
        await reach(lambda: self._redis.hdel(BLOGS, blog))
        if old:
            await reach(lambda: self._redis.hdel(SLUGS, *old))

    async def withhold(self, blog: Blog) -> None:
        """Bring up to date which pictures this blog has withdrawn."""
        gone, shown = withdrawn_pictures(blog)
        async with self._redis.pipeline(transaction=False) as pipe:
            for picture in gone:
                pipe.sadd(WITHHELD + picture, blog.id)
                pipe.srem(SHOWN + picture, blog.id)
            for picture in shown:
                pipe.srem(WITHHELD + picture, blog.id)
                pipe.sadd(SHOWN + picture, blog.id)
            if gone or shown:
                await reach(pipe.execute)

    async def withheld(self, picture: str) -> bool:
        """Whether a blog has withdrawn this picture, and none shows it."""
        if not await reach(lambda: self._redis.exists(WITHHELD + picture)):
            return False
        return not await reach(lambda: self._redis.exists(SHOWN + picture))

    async def blogs(self) -> list[str]:
        """The ids of all listed blogs."""
        return [key.decode() for key in await reach(lambda: self._redis.hkeys(BLOGS))]
