"""Bodies as HTML: what it looks like, and that nothing hostile gets into it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from events import document as doc
from events.accept import is_link, is_web
from events.cards import REL, Words
from events.document import Body
from events.html import SIZES, render
from events.markup import Unreadable, from_html, from_markdown
from tests.corpus.bodies import bodies
from tests.corpus.hostile import ADDRESSES, HTML, MARKDOWN, MEDIA, TEXTS

LOADING = Words(
    load_video="Video von {host} laden", load_embed="Inhalt von {host} laden", lang="de"
)
ALLOWED = {
    **dict.fromkeys(("strong", "em", "s", "code", "br", "hr", "li"), frozenset[str]()),
    **dict.fromkeys(("h3", "h4", "h5", "ul"), frozenset({"dir"})),
    "p": {"dir", "class", "lang"},
    "a": {"href", "rel", "aria-label"},
    "blockquote": {"lang", "cite", "dir"},
    "figcaption": {"dir"},
    "figure": {
        *("class", "data-player", "data-load", "data-lang", "data-plays"),
        *("data-captions", "data-referrer"),
    },
    "img": {
        *("src", "srcset", "sizes", "width", "height", "alt", "loading", "decoding"),
    },
    "ol": {"start", "dir"},
    "small": {"class"},
    "span": {"class", "lang", "dir"},
}


def assert_safe(html: str) -> None:
    """Only known elements and attributes, no address that runs, nothing fetched from elsewhere."""
    for node in LexborHTMLParser(f"<main>{html}</main>", is_fragment=True).css("main *"):
        attributes = node.attributes
        assert node.tag in ALLOWED, node.html
        assert set(attributes) <= ALLOWED[node.tag], node.html
        if node.tag == "a" and node.parent and node.parent.attributes.get("class") == "image":
            assert (attributes["href"] or "").startswith("/media/"), node.html
        elif node.tag == "a" and "href" in attributes:
            assert is_link(attributes["href"] or ""), node.html
            assert attributes["rel"] == REL
        if node.tag == "blockquote" and "cite" in attributes:
            assert is_web(attributes["cite"] or ""), node.html
        for name in ("data-player", "data-captions"):
            assert is_web(attributes.get(name) or "https://a.example"), node.html
        assert (attributes.get("data-player") or "https:").startswith("https:"), node.html
        sources = [
            attributes.get("src") or "/media/",
            *(attributes.get("srcset") or "").split(", "),
        ]
        assert all(source.startswith("/media/") for source in sources if source), node.html


def paragraph(text: str, *marks: doc.Mark) -> doc.Paragraph:
    return doc.Paragraph((doc.Text(text, marks),))


def picture(**attrs: object) -> Body:
    values = {"media": MEDIA, "alt": "The ferry", "ext": "jpg", "width": 1200, "height": 800}
    return (doc.Image(msgspec.convert({**values, **attrs}, doc.ImageAttrs)),)


def test_paragraphs_and_marks() -> None:
    link = doc.Link(doc.LinkAttrs("https://town.example/?a=1&b=2"))
    lang = doc.Lang(doc.LangAttrs("nl"))
    body = (
        doc.Paragraph(
            (
                doc.Text("See ", ()),
                doc.Text("the ", (link,)),
                doc.Text("bridge", (doc.Bold(), link)),
                doc.HardBreak(),
                doc.Text("now", (link, doc.Italic())),
                doc.HardBreak(),
                doc.Text("<goed>", (lang, doc.Strike(), doc.Code())),
            )
        ),
        doc.Paragraph(),
    )
    assert render(body) == (
        f'<p dir="auto">See <a href="https://town.example/?a=1&amp;b=2" rel="{REL}">the '
        "<strong>bridge</strong><br><em>now</em></a><br>"
        '<span lang="nl" dir="auto"><s><code>&lt;goed&gt;</code></s></span></p>'
    )


def test_headings_begin_below_the_title_and_leave_no_gap() -> None:
    levels = (3, 4, 3, 2, 4)
    body = tuple(doc.Heading(doc.HeadingAttrs(n), (doc.Text("x"),)) for n in levels)
    tags = [node.tag for node in LexborHTMLParser(render(body)).css("body > *")]
    assert tags == ["h3", "h4", "h3", "h3", "h4"]
    assert render(body[:1], heading_base=2) == '<h2 dir="auto">x</h2>'


def test_lists_with_bold_leads_nesting_and_paragraphs() -> None:
    bullets = doc.BulletList((doc.ListItem((paragraph("nested"),)),))
    lead = doc.Paragraph((doc.Text("Lead", (doc.Bold(),)), doc.HardBreak(), doc.Text("more")))
    items = (
        doc.ListItem((lead,)),
        doc.ListItem((paragraph("a"), bullets)),
        doc.ListItem((paragraph("b"), paragraph("c"))),
    )
    assert render((doc.NumberedList(doc.NumberedAttrs(4), items),)) == (
        '<ol start="4" dir="auto"><li><strong>Lead</strong><br>more</li>'
        "<li>a<ul><li>nested</li></ul></li><li><p>b</p><p>c</p></li></ol>"
    )


def test_a_quote_says_its_language_source_and_address() -> None:
    attrs = doc.QuoteAttrs("nl", "The <mayor>", "https://town.example/speech")
    assert render((doc.Quote(attrs, (paragraph("Ja"),)),)) == (
        '<figure class="quote"><blockquote lang="nl" cite="https://town.example/speech" dir="auto">'
        '<p>Ja</p></blockquote><figcaption dir="auto"><a href="https://town.example/speech" '
        f'rel="{REL}">The &lt;mayor&gt;</a></figcaption></figure>'
    )
    assert render((doc.Quote(content=(paragraph("Ja"),)),)) == (
        '<blockquote dir="auto"><p>Ja</p></blockquote>'
    )


def test_a_picture_has_its_widths_and_reserves_its_place() -> None:
    stem = f"/media/{MEDIA}"
    assert render(picture(caption="At noon", credit="A. Writer")) == (
        f'<figure class="image"><a href="{stem}.jpg"><img src="{stem}.jpg" '
        f'srcset="{stem}-320.jpg 320w, '
        f'{stem}-640.jpg 640w, {stem}-960.jpg 960w, {stem}.jpg 1200w" sizes="{SIZES}" '
        'width="1200" height="800" alt="The ferry" loading="lazy" decoding="async"></a>'
        '<figcaption dir="auto">At noon <small class="credit">A. Writer</small></figcaption>'
        "</figure>"
    )


def test_a_small_picture_has_no_other_widths_and_a_decorative_one_an_empty_alt() -> None:
    html = render(picture(width=320, height=200, decorative=True))
    assert "srcset" not in html
    assert 'alt=""' in html
    assert "figcaption" not in html
    assert 'aria-label="Enlarge the picture"' in html


def test_a_feed_may_have_absolute_addresses() -> None:
    html = render(picture(), media="https://live.example/media/")
    assert f'<a href="https://live.example/media/{MEDIA}.jpg"><img src="https://live' in html
    assert f"https://live.example/media/{MEDIA}-320.jpg 320w" in html


def test_cards_name_the_host_and_fetch_nothing() -> None:
    video = doc.Video(doc.VideoAttrs("https://video.example/1?a&b"))
    card = doc.LinkCard(doc.LinkCardAttrs("https://town.example/", "Town", "All of it"))
    assert render((video, card)) == (
        f'<figure class="card video"><a href="https://video.example/1?a&amp;b" rel="{REL}">'
        '<span class="title" dir="auto">video.example</span> '
        '<span class="host" dir="ltr">video.example</span></a></figure>'
        f'<figure class="card link"><a href="https://town.example/" rel="{REL}">'
        '<span class="title" dir="auto">Town</span> '
        '<span class="about" dir="auto">All of it</span> '
        '<span class="host" dir="ltr">town.example</span></a></figure>'
    )


def test_a_card_that_plays_says_what_a_click_loads_and_from_where() -> None:
    video = doc.Video(
        doc.VideoAttrs(
            "https://video.example/1.mp4?a&b",
            "The lock",
            "https://video.example/1.vtt",
            "https://town.example/words",
        )
    )
    assert render((video,), words=LOADING) == (
        '<figure class="card video" data-player="https://video.example/1.mp4?a&amp;b" '
        'data-load="Video von video.example laden" data-lang="de" data-plays="file" '
        'data-captions="https://video.example/1.vtt">'
        f'<a href="https://video.example/1.mp4?a&amp;b" rel="{REL}">'
        '<span class="title" dir="auto">The lock</span> '
        '<span class="host" dir="ltr">video.example</span></a>'
        f'<p class="also" lang="de"><a href="https://video.example/1.vtt" rel="{REL}">Captions</a> '
        f'<a href="https://town.example/words" rel="{REL}">Transcript</a></p></figure>'
    )
    known = doc.Video(doc.VideoAttrs("https://youtu.be/abcdefghijk"))
    (figure,) = LexborHTMLParser(render((known,), words=LOADING)).css("figure")
    assert figure.attributes["data-player"] == "https://www.youtube-nocookie.com/embed/abcdefghijk"
    assert figure.attributes["data-load"] == "Video von www.youtube-nocookie.com laden"
    assert figure.attributes["data-referrer"] == "strict-origin"


def test_what_cannot_be_played_is_a_link_alone() -> None:
    plain = doc.Embed(doc.EmbedAttrs("http://map.example/", "Map", "Maps"))
    channel = doc.Video(doc.VideoAttrs("https://www.youtube.com/@somebody"))
    assert "data-" not in render((plain, channel), words=LOADING)
    assert "data-" not in render((doc.Video(doc.VideoAttrs("https://video.example/1.mp4")),))


@given(bodies)
def test_any_body_renders_safely(body: Body) -> None:
    assert_safe(render(body))
    assert_safe(render(body, words=LOADING))


@given(st.text() | st.sampled_from(MARKDOWN), st.sampled_from([from_markdown, from_html]))
def test_any_text_renders_safely(text: str, read: object) -> None:
    assert callable(read)
    try:
        body = read(text)
    except Unreadable:
        return
    assert_safe(render(body))


@pytest.mark.parametrize("text", MARKDOWN)
def test_hostile_markdown_is_refused_or_harmless(text: str) -> None:
    try:
        body = from_markdown(text)
    except Unreadable:
        return
    assert_safe(render(body))


@pytest.mark.parametrize("text", HTML)
def test_hostile_html_is_refused_or_harmless(text: str) -> None:
    try:
        body = from_html(text)
    except Unreadable:
        return
    assert_safe(render(body))


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_words_are_shown_as_they_are(text: str) -> None:
    (shown,) = LexborHTMLParser(render((paragraph(text),))).css("body > *")
    assert shown.text() == text
    image = picture(alt=text, caption=text, credit=text)
    assert_safe(render(image))


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_body_that_was_never_checked_is_harmless_too(address: str) -> None:
    """A restored log may hold what `check` would have refused."""
    body: Body = (
        paragraph("x", doc.Link(doc.LinkAttrs(address)), doc.Lang(doc.LangAttrs('"><b>'))),
        doc.Video(doc.VideoAttrs(address, "x", address, address)),
        doc.LinkCard(doc.LinkCardAttrs(address, "x")),
        doc.Embed(doc.EmbedAttrs(address, "x")),
        doc.Quote(doc.QuoteAttrs('"><b>', "x", address), (paragraph("y"),)),
    )
    html = render(body, words=LOADING)
    assert_safe(html)
    assert "href" not in html
    assert "cite=" not in html
    assert "data-" not in html
