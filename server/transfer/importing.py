"""A day from elsewhere, carried out as commands; what is there already is passed over.

Reading the file and what may be wrong with it live in `import_file`.
"""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from events.commands import ChangeBlogStatus
from events.document import Image
from events.facts import BlogStatus
from server.site import Site
from server.storage.log import Request
from server.tail import Loaded, NoSuchBlog
from server.transfer.import_file import BadLine, Import, Wish, picture_bytes, read
from server.web.endpoint import NAMESPACE
from server.web.inputs import post_id

__all__ = ["BadLine", "Import", "carry_out", "read"]

ACTOR = "import"

Progress = Callable[[int, int], None]


async def carry_out(site: Site, import_: Import, *, as_happened: bool, progress: Progress) -> str:
    """Write the posts that are not there yet; returns the blog's slug.

    With `as_happened` the events occur at the posts' times, and the blog ends with the last.
    Raises SlugTaken where the slug is another blog's, and whatever a command raises; what was
    written stays, and the same import goes on from there. `site` must be following its log.
    """
    at = import_.began if as_happened else None
    loaded = await _open(site, import_, at)
    for done, wish in enumerate(import_.wishes):
        progress(done, len(import_.wishes))
        if as_happened and wish.at:
            at = max(at, wish.at) if at else wish.at
        await _write(site, loaded, wish, at)
    progress(len(import_.wishes), len(import_.wishes))
    if as_happened and loaded.blog.status == "live":
        await _change_status(site, loaded, import_, "ended", at)
    return loaded.blog.slug


async def _open(site: Site, import_: Import, at: datetime | None) -> Loaded:
    """The blog to write into, opened if it is not there, and live if it never was."""
    blog = import_.blog
    blog_id = await _blog_id(site, blog.slug)
    await site.index.claim(blog.slug, blog_id)
    try:
        loaded = await site.tail.load(blog_id)
    except NoSuchBlog:
        request = _request(f"{import_.digest}:blog", import_.digest, at)
        loaded = (await site.commands.handle(blog_id, blog, request)).loaded
    await site.index.add(blog_id, loaded.blog.slug)
    if loaded.blog.status == "upcoming":
        await _change_status(site, loaded, import_, "live", at)
    return loaded


async def _blog_id(site: Site, slug: str) -> str:
    """The id of the blog that imports under a slug make; a deleted one gives way to the next."""
    number = 0
    while True:
        blog_id = str(uuid.uuid5(NAMESPACE, f"{ACTOR}\n{slug}\n{number}"))
        try:
            if not (await site.tail.load(blog_id)).blog.deleted:
                return blog_id
        except NoSuchBlog:
            return blog_id
        number += 1


async def _write(site: Site, loaded: Loaded, wish: Wish, at: datetime | None) -> None:
    post = post_id(loaded.id, ACTOR, wish.key)
    if post in loaded.blog.posts:
        return
    command = replace(wish.command, post=post)
    if wish.file:
        first, *others = command.body
        assert isinstance(first, Image)
        data = await asyncio.to_thread(picture_bytes, wish.file)
        command = replace(command, body=(await _stored(site, first, data), *others))
    request = _request(wish.key, wish.fingerprint, at)
    await site.commands.handle(loaded.id, command, request)


async def _stored(site: Site, image: Image, data: bytes) -> Image:
    kept = await site.media.store(data)
    attrs: Any = {"media": kept.id, "ext": kept.ext, "width": kept.width, "height": kept.height}
    return replace(image, attrs=replace(image.attrs, **attrs))


async def _change_status(
    site: Site, loaded: Loaded, import_: Import, status: BlogStatus, at: datetime | None
) -> None:
    request = _request(f"{import_.digest}:{status}", import_.digest, at)
    await site.commands.handle(loaded.id, ChangeBlogStatus(status), request)


def _request(key: str, fingerprint: str, at: datetime | None) -> Request:
    now = datetime.now(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Request(ACTOR, key, fingerprint, now, at)
