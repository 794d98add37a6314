"""A post made readable: the one article template, and the post as the API reads it."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from msgspec.structs import replace

from events import html
from events.blog import Blog, Post
from events.cards import Words
from events.frames import PostView
from server.words import DEFAULT, common, direction, language

TEMPLATES = Path(__file__).with_name("templates")


def templates() -> Environment:
    """Every template of the project: escaping all, refusing names nobody gave."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rfc3339"] = rfc3339
    environment.filters["clock"] = clock
    environment.filters["day"] = day
    environment.filters["days"] = days
    environment.filters["body"] = lambda body: Markup(html.render(body))  # noqa: S704 - it is safe
    environment.globals |= {"language": language, "direction": direction, "common": common}
    return environment


def rfc3339(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(time: datetime, zone: str, tag: str = DEFAULT) -> str:
    """The time of day on the wall of the blog's zone, in its language: `14:05`."""
    return language(tag).clock(local(time, zone))


def day(time: datetime, zone: str, tag: str = DEFAULT) -> str:
    """The day in the blog's zone, in its language: `24 June 2025`."""
    return language(tag).day(local(time, zone))


def days(
    times: Iterable[datetime | None], zone: str, tag: str = DEFAULT, oldest_first: bool = False
) -> list[str]:
    """Of a list of posts the day to name above each, "" where that of the one above goes on.

    A post without a time belongs to the day of the one after which it was written; the page's
    script does the same (client/src/reader/days.ts).
    """
    own = [day(time, zone, tag) if time else "" for time in times]
    step = 1 if oldest_first else -1
    known: list[str] = []
    for each in own[::step]:
        known.append(each or (known[-1] if known else ""))
    known = known[::step]
    return ["" if each == above else each for above, each in pairwise(["", *known])]


def local(time: datetime, zone: str) -> datetime:
    """A time in a zone; as it is where the log holds one at the very end of the calendar."""
    try:
        return time.astimezone(ZoneInfo(zone))
    except OverflowError:
        return time


@lru_cache(256)
def words(tag: str, around: str = "") -> Words:
    """What the cards and pictures of a blog's posts say, in its language.

    `around` is the language of the post, where it is another.
    """
    say = language(tag)
    foreign = say.lang(around or tag)
    return Words(
        **{name: say(name).unescape() for name in ("captions", "transcript", "enlarge")},
        load_video=say("load_video", host="{host}").unescape(),
        load_embed=say("load_embed", host="{host}").unescape(),
        lang=say.words if foreign else "",
    )


@lru_cache(256)
def plain(tag: str, around: str = "") -> Words:
    """The same where there is no script of ours that could load anything."""
    return replace(words(tag, around), load_video="", load_embed="")


class Articles:
    """Renders posts. Stateless but for the compiled template: any number of blogs may share it."""

    def __init__(self, environment: Environment) -> None:
        self._article = environment.get_template("article.html")

    def article(self, blog: Blog, post: Post, url: str = "") -> str:
        """The `<article>` of a published post, for page, frame and embed alike.

        `url` is its address where that is not the permalink.
        """
        body = html.render(post.body, words=words(blog.language, post.lang))
        return self._article.render(
            blog=blog, post=post, body=body, url=url or self.url(blog, post)
        ).strip()

    def url(self, blog: Blog, post: Post) -> str:
        """The permalink, from the root of the site."""
        return f"/blogs/{blog.slug}/posts/{post.id}"

    def view(self, blog: Blog, post: Post) -> PostView:
        """A post as the API and the wire's form `json` give it."""
        return PostView(
            id=post.id,
            version=post.version,
            position=str(post.position),
            order=post.order,
            status=post.status,
            title=post.title,
            body=post.body,
            html=html.render(post.body, words=plain(blog.language, post.lang)),
            author=post.author,
            tags=post.tags,
            lang=post.lang,
            pinned=post.pinned,
            key=post.key,
            published_at=post.published_at,
            first_published_at=post.first_published_at,
            edited_at=post.edited_at,
            correction=post.correction,
            url=self.url(blog, post),
        )
