"""The commands behind a log's entries, retold for another blog: what `replay --into` plays.

An entry is what one command came to, so its events say which command that was; carried out on the
other blog, it comes to the same events. Only what names things or says when is translated: slug,
ids of posts, times. Where a text may not be told again, or is gone, something stands in its place.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypedDict, TypeVar, assert_never

from msgspec import Struct, structs
from msgspec.structs import replace

from events.appearance import Restyle
from events.blog import Blog
from events.commands import (
    ChangeBlog,
    ChangeBlogStatus,
    ChangePostStatus,
    Command,
    CreateBlog,
    PublishDue,
    RevisePost,
    WritePost,
)
from events.document import Body
from events.entry import Entry
from events.facts import (
    BlogAppearanceChanged,
    BlogCreated,
    BlogDeleted,
    BlogDetailsChanged,
    BlogPastClosed,
    BlogPastOpened,
    BlogSlugChanged,
    BlogStatusChanged,
    BlogSummarised,
    BlogVisibilityChanged,
    Event,
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
    PostSubmitted,
    PostTimeSet,
    PostUnpinned,
)

Detail = (
    BlogDetailsChanged
    | BlogVisibilityChanged
    | BlogAppearanceChanged
    | BlogSummarised
    | BlogPastClosed
    | BlogPastOpened
)
"""What one command may change of a blog together."""
Revision = (
    PostRevised
    | PostCorrected
    | PostTimeSet
    | PostPinned
    | PostUnpinned
    | PostKeyMarked
    | PostKeyCleared
)
"""What one command may change of a post together."""
Said = (
    BlogCreated
    | BlogDetailsChanged
    | BlogSummarised
    | PostDrafted
    | PostRevised
    | PostCorrected
    | PostRetracted
)
"""What is never stored without a content: where there is none, it was erased."""

JUST_BEFORE: Final = timedelta(milliseconds=1)

B = TypeVar("B", CreateBlog, ChangeBlog)


class Wish(NamedTuple):
    """A command for the other blog, and the clock it is decided by."""

    command: Command
    now: datetime


class _Text(TypedDict):
    title: str
    body: Body
    author: str
    tags: tuple[str, ...]
    lang: str


class Retelling(Struct, frozen=True):
    """How one blog is told as another.

    `post` gives the other's id for a post's; `time` its time for a time, and never turns two
    round. `withheld` says of a post's id whether its texts may not be told. The word `gap` stands
    for them, and for what was erased.
    """

    slug: str
    post: Callable[[str], str]
    time: Callable[[datetime], datetime]
    withheld: Callable[[str], bool]
    gap: str

    def wishes(self, entry: Entry, before: Blog) -> list[Wish]:
        """The commands, one as a rule, that come to what happened; `before` is the blog it met.

        None for what stays behind: another slug, and the deletion of the blog.
        """
        commands: list[Command] = []
        for event in entry.events:
            joined = self._joined(commands[-1], event) if commands else None
            if joined:
                commands[-1] = joined
            else:
                commands += self._begun(event, entry, before)
        return [Wish(command, self._decided_at(command, entry)) for command in commands]

    def _decided_at(self, command: Command, entry: Entry) -> datetime:
        """When it happened; where the writer's clock was behind the log's, a time it may have had.

        A schedule is refused unless it lies ahead.
        """
        at = self.time(entry.at)
        if isinstance(command, WritePost | ChangePostStatus) and command.publish_at:
            return min(at, command.publish_at - JUST_BEFORE)
        return at

    def _begun(self, event: Event, entry: Entry, before: Blog) -> Iterator[Command]:
        """The commands for an event that belongs to none before it."""
        if isinstance(event, BlogDeleted | BlogSlugChanged):
            return
        if isinstance(event, Detail):
            yield self._changed(ChangeBlog(), event)
        elif isinstance(event, Revision):
            yield self._revised(RevisePost(self.post(event.post)), event)
        elif isinstance(event, BlogCreated):
            yield self._created(event)
        elif isinstance(event, BlogStatusChanged):
            yield ChangeBlogStatus(event.status)
        elif isinstance(event, PostDrafted):
            yield WritePost(self.post(event.post), status="draft", **self._text(event))
        elif isinstance(event, PostPublished):
            yield from self._published(event, entry, before)
        else:
            yield self._turned(event)

    def _joined(self, command: Command, event: Event) -> Command | None:
        """The command with one more event that it comes to; None for another command's."""
        match command:
            case CreateBlog() if isinstance(event, Detail):
                return self._changed(command, event)
            case ChangeBlog() if isinstance(event, Detail):
                return self._changed(command, event)
            case ChangeBlogStatus(status="live") if isinstance(event, BlogVisibilityChanged):
                return command  # going live opens a draft by itself
            case RevisePost() if isinstance(event, Revision):
                same = self.post(event.post) == command.post
                return self._revised(command, event) if same else None
            case WritePost() if isinstance(event, PostEvent):
                same = self.post(event.post) == command.post
                return self._written(command, event) if same else None
            case _:
                return None

    def _created(self, event: BlogCreated) -> CreateBlog:
        said = event.content
        return CreateBlog(
            self.slug,
            said.title if said else self.gap,
            said.standfirst if said else "",
            event.language,
            event.time_zone,
            event.visibility,
            event.show_viewers,
        )

    def _changed(self, command: B, event: Detail) -> B:
        match event:
            case BlogDetailsChanged(content=said):
                return replace(
                    command,
                    title=said.title if said else self.gap,
                    standfirst=said.standfirst if said else "",
                    language=event.language,
                    time_zone=event.time_zone,
                    show_viewers=event.show_viewers,
                )
            case BlogVisibilityChanged():
                return replace(command, visibility=event.visibility)
            case BlogAppearanceChanged():
                return replace(command, appearance=Restyle(**structs.asdict(event.appearance)))
            case BlogSummarised():
                return replace(command, summary=event.content.body if event.content else ())
            case BlogPastClosed() | BlogPastOpened():
                return replace(command, past_public=isinstance(event, BlogPastOpened))
            case _:
                assert_never(event)

    def _written(self, command: WritePost, event: PostEvent) -> WritePost | None:
        """A new post with what it began as."""
        match event:
            case PostPinned():
                return replace(command, pinned=True)
            case PostKeyMarked():
                return replace(command, key=True)
            case PostSubmitted() if command.status == "draft":
                return replace(command, status="submitted")
            case PostScheduled() if command.status == "draft":
                return replace(command, status="scheduled", publish_at=self.time(event.publish_at))
            case PostPublished() if command.status == "draft":
                shown = self._shown(event.published_at)
                return replace(command, status="published", published_at=shown)
            case _:
                return None

    def _revised(self, command: RevisePost, event: Revision) -> RevisePost:
        match event:
            case PostRevised():
                return replace(command, **self._text(event))
            case PostCorrected():
                return replace(command, correction=self._note(event))
            case PostTimeSet():
                return replace(command, published_at=self._shown(event.published_at))
            case PostPinned() | PostUnpinned():
                return replace(command, pinned=isinstance(event, PostPinned))
            case PostKeyMarked() | PostKeyCleared():
                return replace(command, key=isinstance(event, PostKeyMarked))
            case _:
                assert_never(event)

    def _published(self, event: PostPublished, entry: Entry, before: Blog) -> Iterator[Command]:
        """A draft that goes out: at its scheduled time, or when somebody said so."""
        post, was = self.post(event.post), before.posts.get(event.post)
        at = event.published_at
        if at and was and was.status == "scheduled" and was.publish_at == at:
            yield PublishDue(post, self.time(at))
            return
        yield ChangePostStatus(post, "published")
        if at != entry.at:
            yield RevisePost(post, published_at=self._shown(at))

    def _turned(
        self, event: PostSubmitted | PostReturned | PostScheduled | PostRetracted | PostRestored
    ) -> ChangePostStatus:
        post = self.post(event.post)
        match event:
            case PostSubmitted():
                return ChangePostStatus(post, "submitted")
            case PostReturned():
                return ChangePostStatus(post, "draft")
            case PostScheduled():
                at = self.time(event.publish_at)
                return ChangePostStatus(post, "scheduled", publish_at=at)
            case PostRetracted():
                note = event.content.text if event.content else ""
                return ChangePostStatus(post, "retracted", note=note, keep_text=event.keep_text)
            case PostRestored():
                return ChangePostStatus(post, "published")
            case _:
                assert_never(event)

    def _text(self, event: PostDrafted | PostRevised) -> _Text:
        said = event.content
        if said is None or self.withheld(event.post):
            return _Text(title=self.gap, body=(), author="", tags=(), lang="")
        return _Text(
            title=said.title, body=said.body, author=said.author, tags=event.tags, lang=event.lang
        )

    def _note(self, event: PostCorrected) -> str:
        if event.content is None or self.withheld(event.post):
            return self.gap
        return event.content.text

    def _shown(self, time: datetime | None) -> datetime | None:
        return self.time(time) if time else None


def erased(entry: Entry) -> bool:
    """Whether something the entry said was erased since."""
    return any(isinstance(event, Said) and event.content is None for event in entry.events)
