"""The demo's sample day: every line can be acted on, and together they show all that a blog can do.

Only the text and its pictures are tested here; how the demo plays them is tested where it runs.
"""

import json
from collections.abc import Iterator
from importlib import resources
from io import BytesIO
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
from msgspec import Meta, Struct
from PIL import Image as Picture

from events import summary
from events.read_markdown import read
from server.demo import pictures as demo_pictures

Line = Annotated[str, Meta(min_length=1, max_length=300, pattern=r"\A\S.*\S\Z")]
Prose = Annotated[str, Meta(min_length=40, max_length=2_000, pattern=r"\A\S[\s\S]*\S\Z")]
Name = Annotated[str, Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=40)]
Url = Annotated[str, Meta(pattern=r"\Ahttps://")]


class Blog(Struct, forbid_unknown_fields=True):
    slug: Name
    title: Line
    standfirst: Line
    language: Literal["en"]
    time_zone: Line


class FirstLine(Struct, forbid_unknown_fields=True):
    blog: Blog


class Image(Struct, forbid_unknown_fields=True):
    draw: Name
    alt: Line
    caption: Line
    credit: Line


class Card(Struct, forbid_unknown_fields=True):
    url: Url
    title: Line
    description: Line | None = None


class Film(Card, forbid_unknown_fields=True, kw_only=True):
    captions: Url
    transcript: Url


class _Step(Struct, forbid_unknown_fields=True, tag_field="do", tag=str.lower, kw_only=True):
    wait: Annotated[float, Meta(ge=2, le=20)]


class _OfPost(_Step):
    name: Name


class Publish(_OfPost):
    markdown: Prose
    author: Line
    title: Line | None = None
    tags: list[Line] = []
    key: bool = False
    pinned: bool = False
    lang: Literal["nl"] | None = None
    image: Image | None = None
    video: Film | None = None
    link: Card | None = None
    embed: Card | None = None

    def cards(self) -> dict[str, Image | Card]:
        found = {"image": self.image, "video": self.video, "link": self.link, "embed": self.embed}
        return {kind: card for kind, card in found.items() if card}


class Revise(_OfPost):
    markdown: Prose
    correction: Line | None = None


class Retract(_OfPost):
    reason: Line
    keep_text: bool = False


class Pin(_OfPost):
    pass


class Unpin(_OfPost):
    pass


class Key(_OfPost):
    pass


class Status(_Step):
    status: Literal["live", "paused", "ended"]


class Summarise(_Step):
    markdown: Prose


OfPost = Publish | Revise | Retract | Pin | Unpin | Key
Step = OfPost | Status | Summarise
LINES = (resources.files("server.demo") / "day.jsonl").read_text("utf-8").splitlines()
STEPS: list[Step] = [msgspec.json.decode(line, type=Step) for line in LINES[1:]]
POSTS = {step.name: step for step in STEPS if isinstance(step, Publish)}
REVISIONS = [step for step in STEPS if isinstance(step, Revise)]


def test_the_first_line_opens_the_blog() -> None:
    blog = msgspec.json.decode(LINES[0], type=FirstLine).blog
    assert ZoneInfo(blog.time_zone).key == blog.time_zone


def test_no_post_is_published_twice_and_every_step_is_about_a_post_that_still_stands() -> None:
    standing: set[str] = set()
    retracted: set[str] = set()
    for number, step in enumerate(STEPS, start=2):
        if isinstance(step, Publish):
            assert step.name not in standing | retracted, f"line {number}"
            standing.add(step.name)
        elif not isinstance(step, Status | Summarise):
            assert step.name in standing, f"line {number}"
        if isinstance(step, Retract):
            standing.remove(step.name)
            retracted.add(step.name)
    assert retracted


def test_the_blog_goes_live_first_rests_once_and_ends_last() -> None:
    changes = [step.status for step in STEPS if isinstance(step, Status)]
    assert changes == ["live", "paused", "live", "ended"]
    assert isinstance(STEPS[0], Status)
    assert isinstance(STEPS[-1], Status)


def test_nothing_happens_while_the_blog_is_paused() -> None:
    paused = next(n for n, s in enumerate(STEPS) if isinstance(s, Status) and s.status == "paused")
    assert isinstance(STEPS[paused + 1], Status)


def test_a_day_takes_six_to_eight_minutes() -> None:
    assert 360 <= sum(step.wait for step in STEPS) <= 480


def test_there_is_enough_of_everything() -> None:
    assert 30 <= len(POSTS) <= 36
    assert len(STEPS) - len(POSTS) >= 10
    titled = sum(post.title is not None for post in POSTS.values()) / len(POSTS)
    assert 0.6 <= titled <= 0.75
    keys = {s.name for s in STEPS if isinstance(s, Key) or (isinstance(s, Publish) and s.key)}
    assert len(keys) >= 5
    assert [post.name for post in POSTS.values() if post.lang == "nl"]


def test_two_corrections_are_public_and_three_edits_or_more_are_silent() -> None:
    public = [step for step in REVISIONS if step.correction]
    assert len(public) == 2
    assert len(REVISIONS) - len(public) >= 3


def test_every_revision_changes_the_text_it_revises() -> None:
    texts = {name: post.markdown for name, post in POSTS.items()}
    for revision in REVISIONS:
        assert revision.markdown != texts[revision.name], revision.name
        texts[revision.name] = revision.markdown


def test_a_revised_post_has_no_card_that_its_new_text_would_lose() -> None:
    assert not [step.name for step in REVISIONS if POSTS[step.name].cards()]


def test_one_post_is_pinned_at_a_time_and_the_board_gives_way_to_another() -> None:
    pinned: list[str] = []
    order: list[str] = []
    for step in STEPS:
        if isinstance(step, Pin) or (isinstance(step, Publish) and step.pinned):
            assert not pinned, f"{step.name} beside {pinned}"
            pinned.append(step.name)
            order.append(step.name)
        elif isinstance(step, Unpin):
            pinned.remove(step.name)
    assert len(order) == 2
    assert sum(step.name == order[0] for step in REVISIONS) >= 2


def test_the_summary_follows_the_day() -> None:
    told = [step.markdown for step in STEPS if isinstance(step, Summarise)]
    assert len(set(told)) == len(told) >= 4
    assert all(summary.from_text(markdown) for markdown in told)


def test_most_posts_are_of_a_liveblogs_length_and_one_wraps_up() -> None:
    words = sorted(len(post.markdown.split()) for post in POSTS.values())
    assert words[0] >= 8
    assert words[-1] <= 250
    assert sum(n <= 120 for n in words) >= len(words) - 2
    assert words[-1] > 120


def test_the_day_shows_every_kind_of_block_and_mark() -> None:
    blocks, marks = set[str](), set[str]()
    for step in POSTS.values():
        blocks |= step.cards().keys()
        for node in nodes(step.markdown):
            blocks.add(node["type"])
            marks |= {mark["type"] for mark in node.get("marks", ())}
    text = {"paragraph", "heading", "bullet_list", "numbered_list", "quote", "divider"}
    assert blocks >= text | {"image", "video", "link", "embed"}
    assert marks == {"bold", "italic", "link", "code", "strike"}


def test_lists_are_nested_and_an_item_holds_a_paragraph_of_its_own() -> None:
    items = [n for post in POSTS.values() for n in nodes(post.markdown) if n["type"] == "list_item"]
    inside = [[block["type"] for block in item["content"]] for item in items]
    assert ["paragraph", "bullet_list"] in inside
    assert ["paragraph", "paragraph"] in inside


def test_every_address_is_of_a_reserved_name() -> None:
    cards = [card for post in POSTS.values() for card in post.cards().values()]
    shown = [card.url for card in cards if isinstance(card, Card)]
    shown += [
        url for card in cards if isinstance(card, Film) for url in (card.captions, card.transcript)
    ]
    written = [
        mark["attrs"]["href"]
        for post in POSTS.values()
        for node in nodes(post.markdown)
        for mark in node.get("marks", ())
        if mark["type"] == "link"
    ]
    for url in shown + written:
        host = urlsplit(url).hostname or ""
        assert host.endswith((".example", ".example.org")), url


def test_every_picture_that_is_asked_for_is_drawn_and_no_other() -> None:
    asked = [post.image.draw for post in POSTS.values() if post.image]
    assert sorted(asked) == sorted(demo_pictures.SCENES)


@pytest.mark.parametrize("scene", demo_pictures.SCENES)
def test_a_scene_is_a_jpeg_of_the_promised_size_and_the_same_each_time(scene: str) -> None:
    drawn = demo_pictures.draw(scene)
    with Picture.open(BytesIO(drawn)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1600, 1000))
    assert demo_pictures.draw(scene) == drawn


def nodes(markdown: str) -> Iterator[dict[str, Any]]:
    """Every node of the body that the text means, as its JSON."""
    body = msgspec.json.encode([block for _, block in read(markdown)])
    waiting: list[dict[str, Any]] = json.loads(body)
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.get("content", ()))
