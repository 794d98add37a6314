"""Whatever was written: data that stays data, feeds that stay XML, headlines in bounds."""

from datetime import UTC, datetime

import feedparser  # type: ignore[import-untyped] # it has none
import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from events.blog import Blog, Post
from events.document import Image, ImageAttrs
from server.render import templates
from server.web.address import urn
from server.web.feeds import Around, Author, Channel, Gone, Item, written
from server.web.linked import headline, script, shortened
from tests.corpus.schemas import atom
from tests.story import NOON, says

ENVIRONMENT = templates()
A_TIME = "2025-06-24T12:00:00.000Z"
A_URL = "https://live.example.org/blogs/fair"


def a_post(**said: object) -> Post:
    return Post("gate", "ann", NOON, **said)  # type: ignore[arg-type]


@for_all(st.text(st.characters(exclude_categories=["Cs"])))
def test_data_is_what_it_was_and_has_no_sign_of_html(words: str) -> None:
    text = script({"headline": words})
    assert msgspec.json.decode(text.encode())["headline"] == words
    assert not set("<>&\u2028\u2029") & set(text)


@for_all(st.text(), st.integers(2, 50))
def test_what_is_shortened_keeps_within_its_bounds_and_begins_as_it_did(
    text: str, limit: int
) -> None:
    short = shortened(text, limit)
    assert len(short) <= limit
    assert " ".join(text.split()).startswith(short.removesuffix("…"))


@pytest.mark.parametrize(
    ("post", "said"),
    [
        (a_post(title="The gate opens", body=says("Come in.")), "The gate opens"),
        (a_post(body=says("Come in.", "It is open.")), "Come in. It is open."),
        (a_post(body=says("word " * 40)), "word " * 21 + "word…"),
        (a_post(body=(Image(ImageAttrs("0" * 64, alt="An open gate")),)), "An open gate"),
        (a_post(), "Meldung"),
        (a_post(lang="fr"), "Publication"),
    ],
)
def test_a_post_without_a_title_goes_by_its_first_words(post: Post, said: str) -> None:
    assert headline(Blog("fair", language="de"), post) == said


def test_a_name_stays_whatever_log_it_comes_from() -> None:
    ours = "8746d7c9-8f30-5302-8d73-77b9b4848c71"
    assert urn(ours) == f"urn:uuid:{ours}"
    assert urn("gate 1") == urn("gate 1") != urn("gate 2")
    assert atom.NAME.fullmatch(urn("gate 1"))


def a_feed(words: str) -> tuple[Channel, Around]:
    """One post that says and is called these words, and so is everything around it."""
    item = Item(
        urn("gate"),
        f"{A_URL}/posts/gate",
        words,
        words,
        A_TIME,
        A_TIME,
        "en",
        authors=(Author(f"By {words}"),),
        tags=(f"on {words}",),
    )
    channel = Channel(
        "https://jsonfeed.org/version/1.1",
        words,
        A_URL,
        f"{A_URL}/feed.atom",
        "en",
        (Author("live.example.org"),),
        (item,),
        description=f"About {words}",
    )
    gone = (Gone(urn("rumour"), NOON),)
    return channel, Around(urn("fair"), datetime(2025, 6, 24, tzinfo=UTC), A_URL, A_URL, "", gone)


@pytest.mark.parametrize("form", ["atom", "rss"])
@for_all(words=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_feed_is_xml_whatever_a_log_made_elsewhere_holds(form: str, words: str) -> None:
    document = written(ENVIRONMENT, form, *a_feed(words))
    if form == "atom":
        assert atom.faults(document) == []
    assert not feedparser.parse(document).bozo
