"""Commands: wishes in the imperative, and the ways a wish is refused.

A command is already well-formed: sizes, times and bodies were checked where it was read. What
is left to `decide` is whether it may happen *now*.

    Refused
    ├── NoSuchPost      there is no such post in this blog
    ├── CannotFollow    this status cannot follow the present one
    ├── Stale           the post has changed since the version the wish was based on
    ├── NotAllowed      this role may not do this
    └── Nonsense        the wish contradicts itself or its time
"""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType

from events.appearance import Restyle
from events.document import Block
from events.facts import BlogStatus, Visibility


class Refused(Exception):
    """The command may not happen; nothing has changed."""


class NoSuchPost(Refused):
    def __init__(self, post: str) -> None:
        super().__init__(f"there is no post {post} in this blog")
        self.post = post


class CannotFollow(Refused):
    def __init__(self, what: str, now: str, wanted: str) -> None:
        super().__init__(f"the {what} is {now}; {wanted} cannot follow")
        self.now = now
        self.wanted = wanted


class Stale(Refused):
    def __init__(self, current_version: int, given: int) -> None:
        super().__init__(
            f"the post has changed: it is at version {current_version}, you edited {given}"
        )
        self.current_version = current_version


class NotAllowed(Refused):
    """The actor's role does not reach this far."""


class Nonsense(Refused):
    """`field` names the part of the wish that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class _Command(Struct, frozen=True, tag=True):
    pass


class CreateBlog(_Command, frozen=True):
    slug: str
    title: str
    standfirst: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    visibility: Visibility = "draft"
    show_viewers: bool = False
    past_public: bool = True
    summary: tuple[Block, ...] = ()
    appearance: Restyle = Restyle()


class ChangeBlog(_Command, frozen=True):
    """What is UNSET stays as it is."""

    title: str | UnsetType = UNSET
    standfirst: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    slug: str | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    show_viewers: bool | UnsetType = UNSET
    past_public: bool | UnsetType = UNSET
    summary: tuple[Block, ...] | UnsetType = UNSET
    appearance: Restyle = Restyle()


class ChangeBlogStatus(_Command, frozen=True):
    status: BlogStatus


class DeleteBlog(_Command, frozen=True):
    pass


class WritePost(_Command, frozen=True):
    """A new post, which starts as `status`.

    `published_at` is the time it shows: none for None, that of the publication for UNSET.
    """

    post: str
    title: str = ""
    body: tuple[Block, ...] = ()
    author: str = ""
    tags: tuple[str, ...] = ()
    lang: str = ""
    status: str = "published"
    published_at: datetime | UnsetType | None = UNSET
    publish_at: datetime | None = None
    pinned: bool = False
    key: bool = False


class RevisePost(_Command, frozen=True):
    """Change what a post says or shows; what is UNSET stays. `version` is what it was based on."""

    post: str
    version: int | None = None
    title: str | UnsetType = UNSET
    body: tuple[Block, ...] | UnsetType = UNSET
    author: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    lang: str | UnsetType = UNSET
    published_at: datetime | UnsetType | None = UNSET
    pinned: bool | UnsetType = UNSET
    key: bool | UnsetType = UNSET
    correction: str = ""


class ChangePostStatus(_Command, frozen=True):
    """`note` is the reason of a retraction; `publish_at` the time of a scheduling."""

    post: str
    status: str
    version: int | None = None
    note: str = ""
    keep_text: bool = False
    publish_at: datetime | None = None


class PublishDue(_Command, frozen=True):
    """The scheduler's: publish if the post still waits for exactly this time."""

    post: str
    publish_at: datetime


class PinPost(_Command, frozen=True):
    post: str
    pinned: bool


class MarkKey(_Command, frozen=True):
    post: str
    key: bool


Command = (
    CreateBlog
    | ChangeBlog
    | ChangeBlogStatus
    | DeleteBlog
    | WritePost
    | RevisePost
    | ChangePostStatus
    | PublishDue
    | PinPost
    | MarkKey
)
