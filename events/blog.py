"""The state of one blog and `evolve`, the fold that makes it from the log.

Everything else derives from this one interpretation of the events: decisions, the desk, the
timeline, the history.
"""

from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Literal, assert_never

from msgspec import Struct, field

from events.appearance import Appearance
from events.document import Block, images
from events.entry import Entry
from events.facts import (
    BlogAppearanceChanged,
    BlogCreated,
    BlogDeleted,
    BlogDetailsChanged,
    BlogEvent,
    BlogPastClosed,
    BlogPastOpened,
    BlogSlugChanged,
    BlogStatus,
    BlogStatusChanged,
    BlogSummarised,
    BlogVisibilityChanged,
    PostContent,
    PostCorrected,
    PostDrafted,
    PostEvent,
    PostKeyCleared,
    PostKeyMarked,
    PostPinned,
    PostPublished,
    PostRestored,
    PostRetracted,
    PostReturned,
    PostRevised,
    PostScheduled,
    PostStatusEvent,
    PostSubmitted,
    PostTimeSet,
    PostUnpinned,
    Visibility,
)
from events.position import START, Position

_YEAR_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

PostStatus = Literal["draft", "submitted", "scheduled", "published", "retracted"]


class Post(Struct):
    """One post as it stands. `evolve` never changes one that was given out: it makes the next.

    `version` counts the entries that touched the post. `order` is "" until first published.
    """

    id: str
    created_by: str
    created_at: datetime
    version: int = 0
    position: Position = START
    changed_by: str = ""
    changed_at: datetime | None = None
    status: PostStatus = "draft"
    title: str = ""
    body: tuple[Block, ...] = ()
    author: str = ""
    tags: tuple[str, ...] = ()
    lang: str = ""
    pinned: bool = False
    key: bool = False
    order: str = ""
    published_at: datetime | None = None
    first_published_at: datetime | None = None
    edited_at: datetime | None = None
    restored_at: datetime | None = None
    """When it was last brought back after a retraction."""
    correction: str = ""
    publish_at: datetime | None = None
    """Set while the status is `scheduled`."""
    reason: str = ""
    keep_text: bool = False
    """Both set while the status is `retracted`."""
    pictures: tuple[str, ...] = ()
    """Every picture that any version of it had: it is withdrawn with all of them."""

    @property
    def public(self) -> bool:
        return self.status == "published"


class Blog(Struct):
    """One blog at `position`. Version 0 of a blog is `Blog(id)`: nothing has happened."""

    id: str
    position: Position = START
    at: datetime | None = None
    slug: str = ""
    title: str = ""
    standfirst: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    status: BlogStatus = "upcoming"
    visibility: Visibility = "draft"
    show_viewers: bool = False
    """Whether the audience is told how many it is."""
    appearance: Appearance = Appearance()
    summary: tuple[Block, ...] = ()
    """A few lines on what has happened so far: see `events.summary`."""
    past_public: bool = True
    """Whether readers too may see the blog as it was at any moment."""
    deleted: bool = False
    prepared: Position = START
    """The last position, of those readers know, that came while the visibility was `draft`."""
    created_at: datetime | None = None
    started_at: datetime | None = None
    """When it first went live."""
    ended_at: datetime | None = None
    """Set while the status is `ended`."""
    posts: dict[str, Post] = field(default_factory=dict)
    """Every post ever drafted, in that order."""
    last_place: str = ""
    """The time part of the latest first publication's order."""
    epochs: list[Position] = field(default_factory=list)
    """The first position of every epoch this log has entries of, oldest first."""

    @property
    def exists(self) -> bool:
        return self.position != START and not self.deleted

    @property
    def opened(self) -> Position:
        """Where its readers came in: what it was before is the editors' alone. START in a draft."""
        return START if self.visibility == "draft" else self.prepared

    def holds(self, position: Position) -> bool:
        """Whether the log has an entry with that very id: the test of a cursor."""
        if position == START:
            return True
        if not START < position <= self.position:
            return False
        ends = [*self.epochs[1:], Position(self.position.epoch, self.position.seq + 1)]
        return any(
            first.epoch == position.epoch and first.seq <= position.seq < end.seq
            for first, end in zip(self.epochs, ends, strict=False)
        )


def evolve(blog: Blog, entry: Entry) -> Blog:
    """Apply one entry. Takes the blog over: use what is returned, not what was given.

    Total: whatever the log holds can be folded, an erased content leaves its place empty.
    """
    if not blog.epochs or blog.epochs[-1].epoch != entry.position.epoch:
        blog.epochs.append(entry.position)
    touched: Post | None = None
    public = False
    for event in entry.events:
        if isinstance(event, BlogEvent):
            _evolve_blog(blog, event, entry)
            public = public or not isinstance(event, BlogVisibilityChanged)
            continue
        if touched is None or touched.id != event.post:
            touched = _next_version(blog, event, entry)
        public = public or touched.public  # before, and after
        _evolve_post(blog, touched, event, entry)
        public = public or touched.public
    if public and blog.visibility == "draft":
        blog.prepared = entry.position
    blog.position = entry.position
    blog.at = entry.at
    return blog


def _next_version(blog: Blog, event: PostEvent, entry: Entry) -> Post:
    before = blog.posts.get(event.post)
    post = copy(before) if before else Post(event.post, entry.actor, entry.at)
    blog.posts[event.post] = post
    post.version += 1
    post.position = entry.position
    post.changed_by = entry.actor
    post.changed_at = entry.at
    return post


def _evolve_blog(blog: Blog, event: BlogEvent, entry: Entry) -> None:
    match event:
        case BlogCreated():
            blog.slug, blog.visibility, blog.created_at = event.slug, event.visibility, entry.at
            _describe(blog, event)
        case BlogDetailsChanged():
            _describe(blog, event)
        case BlogSlugChanged():
            blog.slug = event.slug
        case BlogStatusChanged():
            _turn(blog, event.status, entry.at)
        case BlogVisibilityChanged():
            blog.visibility = event.visibility
        case BlogAppearanceChanged():
            blog.appearance = event.appearance
        case BlogSummarised():
            blog.summary = event.content.body if event.content else ()
        case BlogPastClosed() | BlogPastOpened():
            blog.past_public = isinstance(event, BlogPastOpened)
        case BlogDeleted():
            blog.deleted = True
        case _:
            assert_never(event)


def _turn(blog: Blog, status: BlogStatus, at: datetime) -> None:
    blog.status = status
    blog.ended_at = at if status == "ended" else None
    if status == "live" and blog.started_at is None:
        blog.started_at = at


def _describe(blog: Blog, event: BlogCreated | BlogDetailsChanged) -> None:
    blog.language, blog.time_zone = event.language, event.time_zone
    blog.show_viewers = event.show_viewers
    if event.content:
        blog.title, blog.standfirst = event.content.title, event.content.standfirst


def _evolve_post(blog: Blog, post: Post, event: PostEvent, entry: Entry) -> None:
    match event:
        case PostDrafted() | PostRevised():
            _say(post, event)
            if post.public:
                post.edited_at = entry.at
        case PostCorrected():
            post.correction = event.content.text if event.content else ""
        case PostPinned() | PostUnpinned():
            post.pinned = isinstance(event, PostPinned)
        case PostKeyMarked() | PostKeyCleared():
            post.key = isinstance(event, PostKeyMarked)
        case PostTimeSet():
            _place(post, event.published_at)
        case _:
            _stand(blog, post, event, entry)


def _stand(blog: Blog, post: Post, event: PostStatusEvent, entry: Entry) -> None:
    """Change a post's status; what belongs to the status before goes with it."""
    post.publish_at, post.reason, post.keep_text = None, "", False
    match event:
        case PostPublished():
            post.status = "published"
            _publish(blog, post, event, entry)
        case PostSubmitted():
            post.status = "submitted"
        case PostReturned():
            post.status = "draft"
        case PostScheduled():
            post.status, post.publish_at = "scheduled", event.publish_at
        case PostRetracted():
            post.status, post.pinned, post.keep_text = "retracted", False, event.keep_text
            post.reason = event.content.text if event.content else ""
        case PostRestored():
            post.status, post.restored_at = "published", entry.at
        case _:
            assert_never(event)


def _say(post: Post, event: PostDrafted | PostRevised) -> None:
    content = event.content or PostContent()
    post.title, post.body, post.author = content.title, content.body, content.author
    post.tags, post.lang = event.tags, event.lang
    if shown := [image.attrs.media for image in images(content.body)]:
        post.pictures = tuple(dict.fromkeys([*post.pictures, *shown]))


def _publish(blog: Blog, post: Post, event: PostPublished, entry: Entry) -> None:
    if post.first_published_at is None:
        post.first_published_at = entry.at
        # Without a time it takes the place after the post before it in the log.
        time = event.published_at or None
        before = blog.last_place or place_of(entry.at)
        post.order = f"{place_of(time) if time else before}-{entry.position.seq:010x}"
        blog.last_place = post.order.partition("-")[0]
        post.published_at = event.published_at
    else:
        _place(post, event.published_at)


def _place(post: Post, published_at: datetime | None) -> None:
    """Move a post to its shown time; one that loses its time keeps its place."""
    post.published_at = published_at
    if published_at is not None and post.order:
        post.order = f"{place_of(published_at)}-{post.order.partition('-')[2]}"


def seq_of(order: str) -> int:
    """The seq at which the post of an order was first published."""
    return int(order.partition("-")[2], 16)


def place_of(time: datetime) -> str:
    """The sortable part of an order that a time gives: milliseconds since 1970, 12 hex digits."""
    # In whole numbers: a float of seconds may fall short of its millisecond.
    return f"{max(0, (time - _YEAR_1970) // _MILLISECOND):012x}"
