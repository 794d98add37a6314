"""Events: facts in the past tense, never changed once stored.

An event has a structural part (who, which, when) and at most one *content*: the words that a
lawful erasure may later have to remove. The two are stored apart (see `entry`); a content that
was erased reads as `None`. A new event or field here is an addition; anything else needs an
upcaster (see `upcast`).
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from events.appearance import Appearance
from events.document import Block

BlogStatus = Literal["upcoming", "live", "paused", "ended"]
Visibility = Literal["draft", "public", "unlisted", "restricted"]


class BlogDetails(Struct, frozen=True, tag=True, omit_defaults=True):
    """What a blog says of itself."""

    title: str
    standfirst: str = ""


class PostContent(Struct, frozen=True, tag=True, omit_defaults=True):
    """What a post says."""

    title: str = ""
    body: tuple[Block, ...] = ()
    author: str = ""


class Note(Struct, frozen=True, tag=True, omit_defaults=True):
    """Why something was done, in the editor's words."""

    text: str = ""


class BlogSummary(Struct, frozen=True, tag=True, omit_defaults=True):
    """What has happened so far, in a few lines: see `events.summary`."""

    body: tuple[Block, ...] = ()


Content = BlogDetails | PostContent | Note | BlogSummary


class _Event(Struct, tag=True, omit_defaults=True):
    """Not frozen for one reason: the codec joins an event with its content after decoding."""


class BlogCreated(_Event):
    """`show_viewers`: the audience is told how many it is; without a word of it, it is not."""

    slug: str
    language: str
    time_zone: str
    visibility: Visibility
    show_viewers: bool = False
    content: BlogDetails | None = None


class BlogDetailsChanged(_Event):
    language: str
    time_zone: str
    show_viewers: bool = False
    content: BlogDetails | None = None


class BlogSlugChanged(_Event):
    slug: str
    content: None = None


class BlogStatusChanged(_Event):
    status: BlogStatus
    content: None = None


class BlogVisibilityChanged(_Event):
    visibility: Visibility
    content: None = None


class BlogAppearanceChanged(_Event):
    """`appearance` is the whole of it, as it is from now on."""

    appearance: Appearance
    content: None = None


class BlogSummarised(_Event):
    """The summary is this from now on; without lines there is none."""

    content: BlogSummary | None = None


class BlogPastClosed(_Event):
    """From now on only editors see the blog as it was at earlier moments."""

    content: None = None


class BlogPastOpened(_Event):
    """Whoever may read the blog sees its past too, as without a word of it."""

    content: None = None


class BlogDeleted(_Event):
    content: None = None


class PostDrafted(_Event):
    post: str
    tags: tuple[str, ...] = ()
    lang: str = ""
    content: PostContent | None = None


class PostSubmitted(_Event):
    """Handed to the editors for review."""

    post: str
    content: None = None


class PostReturned(_Event):
    """Back to draft: from review, from the schedule, or a discarded draft taken up again."""

    post: str
    content: None = None


class PostScheduled(_Event):
    post: str
    publish_at: datetime
    content: None = None


class PostPublished(_Event):
    """`published_at` is the time the post shows; None shows no time."""

    post: str
    published_at: datetime | None
    content: None = None


class PostRevised(_Event):
    post: str
    tags: tuple[str, ...] = ()
    lang: str = ""
    content: PostContent | None = None


class PostCorrected(_Event):
    """The revision in the same entry is a public correction; the note says of what."""

    post: str
    content: Note | None = None


class PostRetracted(_Event):
    """`keep_text`: the text stays visible in the past and the record."""

    post: str
    keep_text: bool = False
    content: Note | None = None


class PostRestored(_Event):
    post: str
    content: None = None


class PostPinned(_Event):
    post: str
    content: None = None


class PostUnpinned(_Event):
    post: str
    content: None = None


class PostKeyMarked(_Event):
    post: str
    content: None = None


class PostKeyCleared(_Event):
    post: str
    content: None = None


class PostTimeSet(_Event):
    """The shown time, and with it the place in the page, was changed."""

    post: str
    published_at: datetime | None
    content: None = None


BlogEvent = (
    BlogCreated
    | BlogDetailsChanged
    | BlogSlugChanged
    | BlogStatusChanged
    | BlogVisibilityChanged
    | BlogAppearanceChanged
    | BlogSummarised
    | BlogPastClosed
    | BlogPastOpened
    | BlogDeleted
)
PostStatusEvent = (
    PostSubmitted | PostReturned | PostScheduled | PostPublished | PostRetracted | PostRestored
)
PostEvent = (
    PostStatusEvent
    | PostDrafted
    | PostRevised
    | PostCorrected
    | PostPinned
    | PostUnpinned
    | PostKeyMarked
    | PostKeyCleared
    | PostTimeSet
)
Event = BlogEvent | PostEvent
