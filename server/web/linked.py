"""What search engines are told of a blog and its posts: JSON-LD in the words of schema.org.

https://schema.org/LiveBlogPosting, https://schema.org/BlogPosting
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from markupsafe import Markup

from events.accept import fit
from events.blog import Blog, Post
from events.document import ImageAttrs, images, plain_text
from server.render import rfc3339
from server.web.address import host_of, picture
from server.words import language

HEADLINE: Final = 110
"""Characters of a headline."""
BODY: Final = 5_000
"""Characters of a post's text in a list of posts: the page has the whole of it already."""

Node = dict[str, Any]


def shortened(text: str, limit: int) -> str:
    """The first words of a text, at most `limit` characters with the dots that say it goes on."""
    words = " ".join(text[: 8 * limit].split())
    if len(words) <= limit:
        return words
    whole = words[:limit].rpartition(" ")[0]
    return (whole or words[: limit - 1]) + "…"


def headline(blog: Blog, post: Post, limit: int = HEADLINE) -> str:
    """The title of a post; one without has its first words, or what its first picture shows."""
    alts = (image.attrs.alt for image in images(post.body))
    said = post.title or plain_text(post.body) or next(filter(None, alts), "")
    return shortened(fit(said), limit) or str(language(post.lang or blog.language)("update"))


def published(post: Post) -> str:
    time = post.published_at or post.first_published_at or post.created_at
    return rfc3339(time)


def modified(post: Post) -> str:
    """When a published post last changed what it says, or came back."""
    since = [rfc3339(time) for time in (post.edited_at, post.restored_at) if time]
    return max([published(post), *since])


def of_post(base: str, blog: Blog, post: Post, url: str, *, whole: bool = False) -> Node:
    """A `BlogPosting`, with its `whole` text or so much of it as a list of posts gives."""
    text = plain_text(post.body) or headline(blog, post)
    node: Node = {
        "@type": "BlogPosting",
        "@id": url,
        "url": url,
        "headline": headline(blog, post),
        "articleBody": text if whole or len(text) <= BODY else shortened(text, BODY),
        "datePublished": published(post),
        "dateModified": modified(post),
        "author": {"@type": "Person", "name": post.author} if post.author else _site(base),
        "inLanguage": post.lang or blog.language,
    }
    if pictures := _pictures(base, post):
        node["image"] = pictures
    if post.tags:
        node["keywords"] = list(post.tags)
    if post.correction:
        node["correction"] = post.correction
    return node


def of_blog(base: str, blog: Blog, url: str, changed_at: datetime, updates: Iterable[Node]) -> Node:
    """A `LiveBlogPosting` with the updates that its page shows."""
    node: Node = {
        "@type": "LiveBlogPosting",
        "@id": url,
        "url": url,
        "headline": shortened(blog.title, HEADLINE),
        "inLanguage": blog.language,
        "dateModified": rfc3339(changed_at),
        "author": _site(base),
        "publisher": _site(base),
        "liveBlogUpdate": list(updates),
    }
    if blog.standfirst:
        node["description"] = blog.standfirst
    for name, time in (
        ("datePublished", blog.started_at or blog.created_at),
        ("coverageStartTime", blog.started_at),
        ("coverageEndTime", blog.ended_at),
    ):
        if time is not None:
            node[name] = rfc3339(time)
    return node


def script(node: Node) -> Markup:
    """A node as the content of `<script type="application/ld+json">`; nothing leads out of it."""
    text = msgspec.json.encode({"@context": "https://schema.org", **node}).decode()
    # In JSON these stand in strings alone, where an escape means the same.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - no sign is left in it that HTML knows


def _pictures(base: str, post: Post) -> list[Node]:
    """The pictures of a post as `ImageObject`s."""
    return [_picture(base, image.attrs) for image in images(post.body)]


def _picture(base: str, image: ImageAttrs) -> Node:
    node: Node = {"@type": "ImageObject", "url": picture(base, image)}
    for name, value in (
        ("width", image.width),
        ("height", image.height),
        ("caption", image.caption or image.alt),
        ("creditText", image.credit),
    ):
        if value:
            node[name] = value
    return node


def _site(base: str) -> Node:
    return {"@type": "Organization", "name": host_of(base), "url": base + "/"}
