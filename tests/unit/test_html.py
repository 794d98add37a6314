"""Bodies as HTML: what it looks like, and that nothing hostile gets into it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from events import document as doc
from events.accept import is_link, is_web
from events.document import Body
from events.html import REL, SIZES, render
from events.markup import Unreadable, from_html, from_markdown
from tests.corpus.bodies import bodies
from tests.corpus.hostile import ADDRESSES, HTML, MARKDOWN, MEDIA, TEXTS

ALLOWED = {
    **dict.fromkeys(("strong", "em", "s", "code", "br", "hr", "li"), frozenset[str]()),
    **dict.fromkeys(("p", "h3", "h4", "h5", "ul"), frozenset({"dir"})),
    "a": {"href", "rel"},
    "blockquote": {"lang", "cite", "dir"},
    "figcaption": {"dir"},
    "figure": {"class"},
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
        if node.tag == "a" and "href" in attributes:
            assert is_link(attributes["href"] or ""), node.html
            assert attributes["rel"] == REL
        if node.tag == "blockquote" and "cite" in attributes:
            assert is_web(attributes["cite"] or ""), node.html
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
        f'<figure class="image"><img src="{stem}.jpg" srcset="{stem}-320.jpg 320w, '
        f'{stem}-640.jpg 640w, {stem}-960.jpg 960w, {stem}.jpg 1200w" sizes="{SIZES}" '
        'width="1200" height="800" alt="The ferry" loading="lazy" decoding="async">'
        '<figcaption dir="auto">At noon <small class="credit">A. Writer</small></figcaption>'
        "</figure>"
    )


def test_a_small_picture_has_no_other_widths_and_a_decorative_one_an_empty_alt() -> None:
    html = render(picture(width=320, height=200, decorative=True))
    assert "srcset" not in html
    assert 'alt=""' in html
    assert "figcaption" not in html


def test_a_feed_may_have_absolute_addresses() -> None:
    html = render(picture(), media="https://live.example/media/")
    assert f'src="https://live.example/media/{MEDIA}.jpg"' in html
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


@given(bodies)
def test_any_body_renders_safely(body: Body) -> None:
    assert_safe(render(body))


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
        doc.Video(doc.VideoAttrs(address, "x")),
        doc.LinkCard(doc.LinkCardAttrs(address, "x")),
        doc.Embed(doc.EmbedAttrs(address, "x")),
        doc.Quote(doc.QuoteAttrs('"><b>', "x", address), (paragraph("y"),)),
    )
    html = render(body)
    assert_safe(html)
    assert "href" not in html
    assert "cite=" not in html
