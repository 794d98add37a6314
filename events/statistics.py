"""The numbers of a blog, in two versions: posts, then words by author and the time to corrections.

Both count the posts that stand, where they were first published: a withdrawn post counts no more, a
revised one with the words it has now. Days are the reader's to make: what is counted is counted by
the quarter of an hour, of which every time zone's day is made.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from msgspec import Struct, field

from events.blog import Blog, Post
from events.document import plain_text
from events.entry import Entry
from events.facts import BlogEvent, PostCorrected

MINUTES: Final = (5, 15, 60, 6 * 60, 24 * 60)
"""Where one span of times to a correction ends, included, and the next begins; the last is open."""
AUTHORS: Final = 100
"""Authors that are told apart: the first, so that what is kept is bounded."""
OTHERS: Final = "\0"
"""Stands for all further authors. No author has this name."""

_YEAR_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER: Final = timedelta(minutes=15)
_MINUTE: Final = timedelta(minutes=1)
_ALONE: Final = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # written without blanks between words
_WORD: Final = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+(?:['’.,-][^\W{_ALONE}]+)*")


class PostsADay(Struct):
    """Version 1: how many posts were published when."""

    name: ClassVar[str] = "statistics"
    schema: ClassVar[int] = 1

    posts: dict[int, int] = field(default_factory=dict)
    """By quarter of an hour; see `time_of`."""
    counted: dict[str, int] = field(default_factory=dict)
    """The quarter of every post that is counted."""

    def apply(self, blog: Blog, entry: Entry) -> None:
        for post in _touched(blog, entry):
            if (quarter := self.counted.pop(post.id, None)) is not None:
                self.posts[quarter] -= 1
                if not self.posts[quarter]:
                    del self.posts[quarter]
            if post.public:
                quarter = self.counted[post.id] = _quarter(post, entry)
                self.posts[quarter] = self.posts.get(quarter, 0) + 1


class Written(NamedTuple):
    """What one post counts for."""

    quarter: int
    author: str
    words: int


class Tally(NamedTuple):
    posts: int = 0
    words: int = 0


class WordsADay(Struct):
    """Version 2: who published how many words when, and how soon posts were corrected."""

    name: ClassVar[str] = "statistics"
    schema: ClassVar[int] = 2

    tallies: dict[tuple[int, str], Tally] = field(default_factory=dict)
    """By quarter of an hour and author; "" where no author is named."""
    corrections: list[int] = field(default_factory=lambda: [0] * (len(MINUTES) + 1))
    """Corrections by the time from the first publication, in the spans that MINUTES end."""
    authors: set[str] = field(default_factory=set)
    counted: dict[str, Written] = field(default_factory=dict)

    def apply(self, blog: Blog, entry: Entry) -> None:
        for post in _touched(blog, entry):
            if was := self.counted.pop(post.id, None):
                self._count(was, -1)
            if post.public:
                author = self._told_apart(post.author)
                now = Written(_quarter(post, entry), author, words_of(post))
                self.counted[post.id] = now
                self._count(now, 1)
        for event in entry.events:
            if isinstance(event, PostCorrected):
                self._correct(blog.posts[event.post], entry)

    def _count(self, written: Written, sign: int) -> None:
        at = written.quarter, written.author
        before = self.tallies.get(at, Tally())
        now = Tally(before.posts + sign, before.words + sign * written.words)
        self.tallies[at] = now
        if not now.posts:
            del self.tallies[at]

    def _told_apart(self, author: str) -> str:
        if len(self.authors) < AUTHORS:
            self.authors.add(author)
        return author if author in self.authors else OTHERS

    def _correct(self, post: Post, entry: Entry) -> None:
        if post.first_published_at:
            minutes = (entry.at - post.first_published_at) / _MINUTE
            self.corrections[bisect_left(MINUTES, minutes)] += 1


def words_of(post: Post) -> int:
    """The words of a post's title and text; of Chinese and Japanese, the characters."""
    return sum(1 for _ in _WORD.finditer(f"{post.title}\n{plain_text(post.body)}"))


def time_of(quarter: int) -> datetime:
    """When a quarter of an hour began."""
    return _YEAR_1970 + quarter * _QUARTER


def _quarter(post: Post, entry: Entry) -> int:
    # A log may restore what it never published; then that is when it was.
    return ((post.first_published_at or entry.at) - _YEAR_1970) // _QUARTER


def _touched(blog: Blog, entry: Entry) -> Iterator[Post]:
    """Every post that an entry says something of, once."""
    posts = (event.post for event in entry.events if not isinstance(event, BlogEvent))
    for post in dict.fromkeys(posts):
        yield blog.posts[post]
