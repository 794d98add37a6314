"""Which posts a page of a blog lists, and where its neighbours are.

A page is a stretch of the timeline, newest or oldest first, of all posts or of those with a tag.
Its address is its cursor, so crawlers and readers without a script come to every post.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final, Literal
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from msgspec import Struct
from starlette.datastructures import QueryParams

from events.blog import Post
from events.position import Position
from events.timeline import PAGE, Timeline
from server.tail import Loaded
from server.web.problems import Problem

AROUND: Final = 10
"""Posts of a permalink's page: itself and those below it."""
TAGS: Final = 20
"""Tags a page offers as filters: the most used."""
LONGEST: Final = 200
"""Characters of a tag that is asked for."""

_OFFERED: Final[WeakKeyDictionary[Loaded, tuple[Position, Sequence[str]]]] = WeakKeyDictionary()

Sort = Literal["newest", "oldest"]


class Asked(Struct, frozen=True):
    """What a page's query says. `before` and `after` are orders, and not in the page themselves.

    `at` is a moment of the past, as it was asked for; "" is now.
    """

    before: str | None = None
    after: str | None = None
    tag: str = ""
    sort: Sort = "newest"
    at: str = ""

    @property
    def first(self) -> bool:
        """Whether it is the page that a blog begins with, in either order."""
        return not (self.before or self.after)

    def to(self, *, sort: Sort | None = None, tag: str | None = None) -> str:
        """The query of the first page in another order, or with another tag."""
        other = Asked(
            tag=self.tag if tag is None else tag,
            sort=self.sort if sort is None else sort,
            at=self.at,
        )
        return other.query()

    def query(self, **cursor: str) -> str:
        """The query of another page of the same list; "" is the blog's own page."""
        sort = "oldest" if self.sort == "oldest" else ""
        named = {"sort": sort, "tag": self.tag, **cursor, "at": self.at}
        given = {name: value for name, value in named.items() if value}
        return f"?{urlencode(given)}" if given else ""


class Stretch(Struct, frozen=True):
    """The posts of a page as it lists them, and the queries of those around it.

    `back` leads to what stands above the first post, None where nothing does; `on` to what stands
    below the last.
    """

    posts: list[Post]
    back: str | None
    on: str | None


def asked_of(params: QueryParams) -> Asked:
    """What a query asks for; raises a 400 problem that names what cannot be."""
    sort = params.get("sort") or "newest"
    if sort not in {"newest", "oldest"}:
        raise Problem(400, f"sort takes newest or oldest, not {sort[:40]}")
    tag = params.get("tag") or ""
    if len(tag) > LONGEST:
        raise Problem(400, f"tag takes at most {LONGEST} characters")
    before, after = (order_of(params.get(name), name) for name in ("before", "after"))
    if before and after:
        raise Problem(400, "before and after exclude each other")
    return Asked(
        before, after, tag, "oldest" if sort == "oldest" else "newest", params.get("at") or ""
    )


def order_of(text: str | None, name: str = "before") -> str | None:
    """An order as a reader sends it back; raises a 400 problem for what cannot be one."""
    if text and (len(text) > 40 or set(text) - set("0123456789abcdef-")):
        raise Problem(400, f"{name} takes the order of a post")
    return text or None


def of_page(timeline: Timeline, asked: Asked, size: int = PAGE) -> Stretch:
    """The stretch that is asked for."""
    if asked.sort == "oldest":
        return _oldest_first(timeline, asked, size)
    if asked.after:
        posts = _above(timeline, asked, asked.after, size)[::-1]
        below = bool(_below(timeline, asked, posts[-1].order, 1)) if posts else False
    else:
        found = _below(timeline, asked, asked.before, size + 1)
        posts, below = found[:size], len(found) > size
    edge = posts[0].order if posts else asked.after or _under(asked.before)
    return Stretch(
        posts,
        _newer(timeline, asked, edge, size) if edge else None,
        asked.query(before=posts[-1].order) if posts and below else None,
    )


def of_post(timeline: Timeline, post: Post, at: str = "", size: int = AROUND) -> Stretch:
    """The stretch that begins with a post."""
    asked = Asked(at=at)
    below = timeline.newest(size, post.order)
    posts = [post, *below[: size - 1]]
    return Stretch(
        posts,
        _newer(timeline, asked, post.order, PAGE),
        asked.query(before=posts[-1].order) if len(below) == size else None,
    )


def tags_of(timeline: Timeline, chosen: str = "") -> list[str]:
    """The tags of most posts, in the order of the alphabet, and the chosen one whatever it is."""
    return _with(chosen, _most_used(timeline))


def offered(loaded: Loaded, chosen: str = "") -> list[str]:
    """The same of a blog as it is now, counted once for each position."""
    position, tags = _OFFERED.get(loaded, (None, ()))
    if position != loaded.timeline.position:
        position, tags = loaded.timeline.position, _most_used(loaded.timeline)
        _OFFERED[loaded] = position, tags
    return _with(chosen, tags)


def _with(chosen: str, tags: Sequence[str]) -> list[str]:
    return sorted({*tags, *([chosen] if chosen else [])}, key=str.casefold)


def _most_used(timeline: Timeline) -> Sequence[str]:
    counts: dict[str, int] = {}
    # A list is made in one step: a page of the past asks for the tags of now beside the event loop.
    for post in list(timeline.posts.values()):
        for tag in post.tags:
            counts[tag] = counts.get(tag, 0) + 1
    return sorted(counts, key=lambda tag: (-counts[tag], tag))[:TAGS]


def _oldest_first(timeline: Timeline, asked: Asked, size: int) -> Stretch:
    found = _above(timeline, asked, asked.after, size + 1)
    posts = found[:size]
    on = asked.query(after=posts[-1].order) if len(found) > size else None
    return Stretch(posts, asked.query() if asked.after else None, on)


def _newer(timeline: Timeline, asked: Asked, order: str, size: int) -> str | None:
    """The page above an order: the first one as soon as it would hold all that is newer."""
    above = len(_above(timeline, asked, order, size + 1))
    if not above:
        return None
    return asked.query(after=order) if above > size else asked.query()


def _under(order: str | None) -> str | None:
    """An order below another, which no post has: `-` is lower than what all orders begin with."""
    return order and (order[:-1] or "-")


def _below(timeline: Timeline, asked: Asked, order: str | None, size: int) -> list[Post]:
    """Up to `size` posts under an order, the newest first."""
    if not asked.tag:
        return timeline.newest(size, order)
    return list(islice(timeline.tagged(asked.tag, order or None), size))


def _above(timeline: Timeline, asked: Asked, order: str | None, size: int) -> list[Post]:
    """Up to `size` posts over an order, the oldest first."""
    if not asked.tag:
        return timeline.oldest(size, order)
    return list(islice(timeline.tagged(asked.tag, order or None, newest_first=False), size))
