"""Markdown and HTML as bodies, and bodies as Markdown again."""

import json
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events import document as doc
from events.accept import check
from events.document import Body, plain_text
from events.html import render
from events.markup import MAX_SOURCE, Unreadable, from_html, from_markdown, to_markdown
from events.write_markdown import tidy
from tests.corpus.bodies import MARKUP, bodies
from tests.corpus.hostile import ADDRESSES, HTML, MARKDOWN, MEDIA

DAY = Path(__file__).parents[3] / "shared" / "days" / "nsdif-2025.jsonl"

BOLD, ITALIC, STRIKE, CODE = doc.Bold(), doc.Italic(), doc.Strike(), doc.Code()
BREAK = doc.HardBreak()


def link(href: str) -> doc.Link:
    return doc.Link(doc.LinkAttrs(href))


def lang(tag: str) -> doc.Lang:
    return doc.Lang(doc.LangAttrs(tag))


def text(words: str, *marks: doc.Mark) -> doc.Text:
    return doc.Text(words, marks)


def paragraph(*pieces: doc.Inline | str) -> doc.Paragraph:
    return doc.Paragraph(tuple(text(p) if isinstance(p, str) else p for p in pieces))


def item(*blocks: doc.Block | str) -> doc.ListItem:
    return doc.ListItem(tuple(paragraph(b) if isinstance(b, str) else b for b in blocks))


def bullets(*items: doc.ListItem) -> doc.BulletList:
    return doc.BulletList(items)


def picture(alt: str = "The ferry", caption: str = "") -> doc.Image:
    return doc.Image(doc.ImageAttrs(MEDIA, alt=alt, caption=caption))


# The shapes of a real day: numbered lists with bold leads, paragraphs inside items, nested bullets.
SAMPLE = """\
The ferry runs again. The council decided:

1. **A new timetable**\x20\x20
   Every ten minutes from Monday.
2. **A night boat**

   Until one o'clock, in summer only.

   > We listened.

## On board

- Bring your own cup
- Dogs are welcome
    - on a lead
    - and dry
- The mayor said: *nothing*

### Later

“Quoted words”, said ~~someone~~ the [captain](https://town.example/captain).
"""

SAMPLE_BODY: Body = (
    paragraph("The ferry runs again. The council decided:"),
    doc.NumberedList(
        content=(
            item(
                paragraph(text("A new timetable", BOLD), BREAK, "Every ten minutes from Monday."),
            ),
            item(
                paragraph(text("A night boat", BOLD)),
                "Until one o'clock, in summer only.",
                doc.Quote(content=(paragraph("We listened."),)),
            ),
        )
    ),
    doc.Heading(doc.HeadingAttrs(2), (text("On board"),)),
    bullets(
        item("Bring your own cup"),
        item("Dogs are welcome", bullets(item("on a lead"), item("and dry"))),
        item(paragraph("The mayor said: ", text("nothing", ITALIC))),
    ),
    doc.Heading(doc.HeadingAttrs(3), (text("Later"),)),
    paragraph(
        "“Quoted words”, said ",
        text("someone", STRIKE),
        " the ",
        text("captain", link("https://town.example/captain")),
        ".",
    ),
)


def test_markdown_of_a_real_day_becomes_typed_blocks() -> None:
    assert from_markdown(SAMPLE) == SAMPLE_BODY


def test_its_html_reads_as_the_same_blocks() -> None:
    assert from_html(render(SAMPLE_BODY, heading_base=2)) == SAMPLE_BODY


def test_it_is_written_as_an_editor_would_write_it() -> None:
    markdown = to_markdown(SAMPLE_BODY)
    assert "1. **A new timetable**\\\n   Every ten minutes" in markdown
    assert "- Dogs are welcome\n  - on a lead\n  - and dry\n- The mayor said: *nothing*" in markdown
    assert "```" not in markdown


@pytest.mark.skipif(not DAY.exists(), reason="the real day lies beside the checkout only")
def test_the_real_day_keeps_its_shapes_both_ways() -> None:
    posts = [json.loads(line) for line in DAY.read_text().splitlines()]
    read = {post["title"]: from_markdown(post["markdown"]) for post in posts if "markdown" in post}
    assert len(read) == 13
    for body in read.values():
        markdown = to_markdown(body)
        assert from_markdown(markdown) == body
        assert "```" not in markdown
        assert from_html(render(body)) == body
    blocks = [block for body in read.values() for block in body]
    numbered = [len(block.content) for block in blocks if isinstance(block, doc.NumberedList)]
    assert numbered == [6, 9]
    assert sum(isinstance(block, doc.Heading) for block in blocks) >= 8
    nested = [len(i.content) for b in blocks if isinstance(b, doc.BulletList) for i in b.content]
    assert nested == [1, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("markdown", "block"),
    [
        ("# One", doc.Heading(doc.HeadingAttrs(2), (text("One"),))),
        ("###### Six", doc.Heading(doc.HeadingAttrs(4), (text("Six"),))),
        ("a  \nb\\\nc\nd", paragraph("a", BREAK, "b", BREAK, "c d")),
        ("***both***", paragraph(text("both", BOLD, ITALIC))),
        ("`*x*`", paragraph(text("*x*", CODE))),
        (
            "```py\na\n  b\n\nc\n```",
            paragraph(
                text("a", CODE),
                BREAK,
                text("  b", CODE),
                BREAK,
                BREAK,
                text("c", CODE),
            ),
        ),
        ("    indented words", paragraph("indented words")),
        ("<b>raw</b> &amp; &lt;", paragraph("<b>raw</b> & <")),
        ("a | b\n--|--\nc | d", paragraph("a | b --|-- c | d")),
        ("7) x", doc.NumberedList(doc.NumberedAttrs(7), (item("x"),))),
        ("---", doc.Divider()),
        ("[ja](lang:nl)", paragraph(text("ja", lang("nl")))),
        (
            "<https://town.example/a>",
            paragraph(text("https://town.example/a", link("https://town.example/a"))),
        ),
        (f"![The ferry](/media/{MEDIA}.jpg)", picture()),
        (f"![The ferry](/media/{MEDIA}-640.jpg)", picture()),
        (f'![The ferry](media:{MEDIA} "At noon")', picture(caption="At noon")),
        (
            "![A *map*](https://maps.example/x.png)",
            paragraph(text("A map", link("https://maps.example/x.png"))),
        ),
        (
            "![](https://maps.example/x.png)",
            paragraph(text("https://maps.example/x.png", link("https://maps.example/x.png"))),
        ),
        ("![A map](maps/x.png)", paragraph("A map")),
        (
            "```video\nurl: https://video.example/1\ntranscript: https://town.example\n```",
            doc.Video(
                doc.VideoAttrs(
                    "https://video.example/1",
                    transcript="https://town.example",
                )
            ),
        ),
        (
            "```video\nurl: https://video.example/1\ntitle: A: b\n```",
            doc.Video(doc.VideoAttrs("https://video.example/1", "A: b")),
        ),
        (
            "```embed\nurl: https://maps.example/1\nprovider: Maps\n```",
            doc.Embed(doc.EmbedAttrs("https://maps.example/1", provider="Maps")),
        ),
        (
            "```link\nurl: https://town.example\n\ndescription: All\n```",
            doc.LinkCard(doc.LinkCardAttrs("https://town.example", description="All")),
        ),
        (
            f"```image\nmedia: {MEDIA}\ndecorative: true\ncredit: A. Writer\n```",
            doc.Image(doc.ImageAttrs(MEDIA, decorative=True, credit="A. Writer")),
        ),
        (
            "> ```quote\n> source: The mayor\n> lang: nl\n> ```\n> Ja",
            doc.Quote(doc.QuoteAttrs("nl", "The mayor"), (paragraph("Ja"),)),
        ),
        ('```block\n{"type":"divider"}\n```', doc.Divider()),
    ],
)
def test_markdown_says(markdown: str, block: doc.Block) -> None:
    assert from_markdown(markdown) == (block,)


@pytest.mark.parametrize(
    ("words", "address", "rest"),
    [
        ("See https://town.example/a.", "https://town.example/a", "."),
        ("(http://town.example)", "http://town.example", ")"),
        ("See https://town.example/a_(b), now", "https://town.example/a_(b)", ", now"),
        ("“https://town.example/?q=1&r=2”", "https://town.example/?q=1&r=2", "”"),
    ],
)
def test_a_bare_address_is_a_link(words: str, address: str, rest: str) -> None:
    (block,) = from_markdown(words)
    assert isinstance(block, doc.Paragraph)
    assert block.content[1:] == (text(address, link(address)), text(rest))
    assert from_html(f"<p>{words}</p>") == (block,)


@pytest.mark.parametrize("words", ["xhttps://town.example", "https://", "http", "see http:// or x"])
def test_what_is_no_address_is_left_alone(words: str) -> None:
    assert from_markdown(words) == (paragraph(words),)


def test_a_picture_cuts_its_paragraph_in_two() -> None:
    body = from_markdown(f"- before ![The ferry](media:{MEDIA}) after **x**")
    inner = (paragraph("before"), picture(), paragraph("after ", text("x", BOLD)))
    assert body == (bullets(doc.ListItem(inner)),)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_unsafe_link_keeps_its_words_and_loses_the_link(address: str) -> None:
    assert from_html(f'<p><a href="{address}">the words</a></p>') == (paragraph("the words"),)
    body = from_markdown(f"[the words](<{address}>)")
    assert "the words" in plain_text(body)
    assert "link" not in json.dumps(msgspec.to_builtins(body))


@pytest.mark.parametrize(
    ("html", "block"),
    [
        ("loose <b>words</b>", paragraph("loose ", text("words", BOLD))),
        ("<p>a<br>b <i> c </i></p>", paragraph("a", BREAK, "b ", text("c", ITALIC))),
        ("<p><b>a </b>b</p>", paragraph(text("a", BOLD), " b")),
        ("<p>\n  a\n  &nbsp;b\n</p>", paragraph("a \xa0b")),
        ("<h1>One</h1>", doc.Heading(doc.HeadingAttrs(2), (text("One"),))),
        ("<h6>Six</h6>", doc.Heading(doc.HeadingAttrs(4), (text("Six"),))),
        (
            "<ul><li>a<ul><li>b</ul><li><p>c<p>d</ul>",
            bullets(item("a", bullets(item("b"))), item("c", "d")),
        ),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", bullets(item("a", bullets(item("b"))))),
        ("<ol start=4><li>x</ol>", doc.NumberedList(doc.NumberedAttrs(4), (item("x"),))),
        (
            "<blockquote lang=nl cite=https://town.example>Ja</blockquote>",
            doc.Quote(doc.QuoteAttrs("nl", cite="https://town.example"), (paragraph("Ja"),)),
        ),
        (
            "<figure><blockquote>Ja</blockquote><figcaption>The mayor</figcaption></figure>",
            doc.Quote(doc.QuoteAttrs(source="The mayor"), (paragraph("Ja"),)),
        ),
        (f"<img src=/media/{MEDIA}.jpg alt='The ferry'>", picture()),
        (f"<img src=/media/{MEDIA}.jpg alt=''>", doc.Image(doc.ImageAttrs(MEDIA, decorative=True))),
        (
            f"<figure><img src=media:{MEDIA} alt='The ferry'><figcaption>At <b>noon</b></figure>",
            picture(caption="At noon"),
        ),
        (
            "<img src=https://maps.example/x.png alt='A map'>",
            paragraph(text("A map", link("https://maps.example/x.png"))),
        ),
        (
            "<iframe src=https://maps.example/1 title=Map></iframe>",
            doc.Embed(doc.EmbedAttrs("https://maps.example/1", "Map")),
        ),
        (
            "<video><source src=https://video.example/1.mp4>old words</video>",
            doc.Video(doc.VideoAttrs("https://video.example/1.mp4")),
        ),
        (
            (
                "<video src=https://a.example/1.mp4><track kind=chapters src=https://a.example/a>"
                "<track src=/en.vtt><track kind=captions src=https://a.example/b></video>"
            ),
            doc.Video(doc.VideoAttrs("https://a.example/1.mp4", captions="https://a.example/b")),
        ),
        ("<video src=/here.mp4>old words</video>", paragraph("old words")),
        ("<table><tr><th>a<th>b</table>", paragraph("a | b")),
        ("<pre>a\n  b</pre>", paragraph(text("a", CODE), BREAK, text("  b", CODE))),
        ("<p lang=nl>Ja <q>zo</q></p>", paragraph(text("Ja “zo”", lang("nl")))),
        ("<p>a<script>x</script><style>y</style><!-- z -->b</p>", paragraph("ab")),
        ("<html><head><title>t</title></head><body>a</body></html>", paragraph("a")),
        ("<u>a</u><sup>b</sup><custom-x>c</custom-x>", paragraph("abc")),
        ("<hr>", doc.Divider()),
    ],
)
def test_html_says(html: str, block: doc.Block) -> None:
    assert from_html(html) == (block,)


def test_one_link_over_a_blank_stays_one_link() -> None:
    body = from_html('<a href="https://town.example">the <b>bridge</b> opens</a>')
    assert render(body).count("<a ") == 1


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        (f"ok\n\n![](media:{MEDIA})", "line 3: alt: a picture needs"),
        ("ok\n\n- x\n\n  ```video\n  url: javascript:x\n  ```", "line 3: url: not an absolute"),
        ("```video\ntitle: x\n```", "line 1: `video`: Object missing required field `url`"),
        ("\n```video\nurl: https://a.example\nsize: 3\n```", "line 2: `video`: Object contains"),
        ("```video\nurl: https://a.example\nnonsense\n```", "line 3: a line of `video` reads"),
        ("```image\nmedia: x\nalt: y\n```", "line 1: `image`: Expected `str`"),
        ('x\n\n```block\n{"type":"x"}\n```', "line 3: the block is not one: Invalid value"),
        (
            "```block\n" + '{"type":"quote","content":[' * 5_000 + "\n```",
            "line 1: the block is not",
        ),
        ("> " * 9 + "x", "line 1: lies in more than 8 lists and quotes"),
        ("x\n\n" + "- " * 60 + "x", "line 3: lies in more than 8 lists and quotes"),
        ("x" * (doc.MAX_TEXT + 1), "has 262,145 characters"),
        ("x" * (MAX_SOURCE + 1), "has 524,289 characters"),
        ("---\n" * 5_001, "has 5,001 blocks"),
        ("[" * 5_001, "has 5,001 `[`"),
        ("\n" * 20_001, "has 20,001 lines"),
    ],
)
def test_unreadable_markdown_says_what_and_on_which_line(markdown: str, said: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        from_markdown(markdown)
    fault = unreadable.value.faults[0]
    assert fault.path == "$.markdown"
    assert fault.message.startswith(said)
    assert said in str(unreadable.value)


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (f"<p>ok<p><img src=media:{MEDIA}>", "block 2: alt: a picture needs"),
        ("<blockquote>" * 9 + "x", "block 1: lies in more than 8"),
        ("<div>" * 200, "has elements more than 100 deep"),
        ("<" * 10_001, "has 10,001 tags"),
        ("<p>" + "<b class=x>" * 600 + "<p>x" * 600, "has 600 bold, italic or font tags"),
        ("<p>x" * 5_001, "has 10,002 blocks"),
        ("&" * 100_001, "has 100,001 `&`"),
    ],
)
def test_unreadable_html_says_what_and_in_which_block(html: str, said: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        from_html(html, "$.posts[3].html")
    fault = unreadable.value.faults[0]
    assert fault.path == "$.posts[3].html"
    assert fault.message.startswith(said)


def test_closed_tags_with_attributes_are_no_tangle() -> None:
    html = '<p>a <strong class="x">b</strong> <em>c</em></p>' * 150
    assert len(from_html(html)) == 150


@given(bodies)
@example((bullets(item("a")), bullets(item("b")), bullets(item("c"))))
@example((paragraph(text("a", BOLD), text("b", ITALIC), text("c", STRIKE)),))
@example((paragraph(text("x", CODE), BREAK, text("```", CODE)),))
@example((doc.Quote(content=(doc.Quote(content=(doc.Divider(), doc.Divider())),)),))
def test_no_body_loses_anything_in_markdown(body: Body) -> None:
    assert from_markdown(to_markdown(body)) == tidy(body)
    assert tidy(tidy(body)) == tidy(body)


@given(st.one_of(st.text(), st.text(MARKUP, max_size=60), st.sampled_from(MARKDOWN)))
def test_markdown_that_is_read_written_and_read_is_the_same_body(markdown: str) -> None:
    try:
        body = from_markdown(markdown)
    except Unreadable:
        return
    assert check(body) == []
    assert from_markdown(to_markdown(body)) == body


@given(st.lists(st.one_of(st.text(), st.sampled_from(HTML)), max_size=3).map("".join))
def test_html_that_is_read_survives_an_edit_as_markdown(html: str) -> None:
    try:
        body = from_html(html)
    except Unreadable:
        return
    assert check(body) == []
    assert from_markdown(to_markdown(body)) == body


@pytest.mark.parametrize(
    "body",
    [
        (paragraph("1. not a list"), paragraph("# no heading"), paragraph("- no bullet")),
        (paragraph("*no* _marks_ `here` [nor] a <b@town.example> &amp; ~~x~~"),),
        (paragraph("a", BREAK, "> b", BREAK, "+ c"),),
        (doc.Heading(content=(text("C #"),)),),
        (bullets(item("a")), bullets(item("b")), bullets(item("c"))),
        (doc.Video(doc.VideoAttrs("https://video.example/1", "The bell")), picture("x", "y")),
        (doc.Quote(doc.QuoteAttrs("nl", "The mayor"), (paragraph("Ja"),)),),
        (paragraph("wow!", text("x", link("https://town.example"))),),
        (paragraph(text("ja", lang("nl")), " and ", text("b", BOLD, ITALIC)),),
        (paragraph(text("https://town.example/a_b", link("https://town.example/a_b"))),),
        (paragraph(text("a`b", CODE), text(" c", BOLD)),),
    ],
)
def test_what_markdown_can_say_is_said_without_json(body: Body) -> None:
    markdown = to_markdown(body)
    assert "```block" not in markdown
    assert from_markdown(markdown) == tidy(body)


def test_what_markdown_cannot_say_is_said_in_json() -> None:
    body = (paragraph("a", text("(b", BOLD), "c"),)
    assert to_markdown(body).startswith('```block\n{"type":"paragraph"')
    assert from_markdown(to_markdown(body)) == body


def test_blanks_go_to_where_no_mark_is_broken() -> None:
    (made,) = tidy((paragraph(text(" a ", BOLD), text(" b  c ", BOLD, ITALIC), BREAK, " ", BREAK),))
    assert made == paragraph(text("a ", BOLD), text("b c", BOLD, ITALIC))


def test_lists_in_a_row_stay_apart() -> None:
    markers = [line[0] for line in to_markdown((bullets(item("x")),) * 4).split("\n") if line]
    assert all(first != second for first, second in pairwise(markers))
