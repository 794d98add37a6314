"""The body: its JSON, its walks, and what is refused where."""

import msgspec
import pytest
from hypothesis import given

from events import document as doc
from events.accept import check, is_lang, is_link, is_web
from events.document import Body, images, plain_text, with_images
from tests.corpus.bodies import bodies
from tests.corpus.hostile import ADDRESSES, MEDIA

DECODER = msgspec.json.Decoder(Body)
PICTURE = doc.Image(doc.ImageAttrs(MEDIA, alt="The ferry"))

AS_EDITED = b"""[
 {"type":"heading","attrs":{"level":3},"content":[{"type":"text","text":"The ferry"}]},
 {"type":"paragraph","content":[
  {"type":"text","text":"It ","marks":[{"type":"bold"},{"type":"italic"}]},
  {"type":"text","text":"vaart","marks":[{"type":"lang","attrs":{"lang":"nl"}}]},
  {"type":"hard_break"},
  {"type":"text","text":"again","marks":[{"type":"link","attrs":{"href":"https://town.example"}},
   {"type":"strike"},{"type":"code"}]}]},
 {"type":"numbered_list","attrs":{"start":3},"content":[
  {"type":"list_item","content":[
   {"type":"paragraph","content":[{"type":"text","text":"Three"}]},
   {"type":"bullet_list","content":[{"type":"list_item","content":[{"type":"divider"}]}]}]}]},
 {"type":"quote","attrs":{"lang":"nl","source":"The mayor","cite":"https://town.example/speech"},
  "content":[{"type":"paragraph","content":[{"type":"text","text":"Ja"}]}]},
 {"type":"image","attrs":{"media":"%s","alt":"The ferry","caption":"At noon","credit":"A. Writer",
  "ext":"jpg","width":1200,"height":800}},
 {"type":"video","attrs":{"url":"https://video.example/1","title":"The bell"}},
 {"type":"link_card","attrs":{"url":"https://town.example/","title":"Town","description":"All"}},
 {"type":"embed","attrs":{"url":"https://maps.example/1","title":"Map","provider":"Maps"}},
 {"type":"divider"},
 {"type":"paragraph"}
]""" % MEDIA.encode()


def paragraph(text: str, *marks: doc.Mark) -> doc.Paragraph:
    return doc.Paragraph((doc.Text(text, marks),))


def nested(depth: int) -> doc.Block:
    block: doc.Block = paragraph("deep")
    for n in range(depth):
        block = doc.Quote(content=(block,)) if n % 2 else doc.BulletList((doc.ListItem((block,)),))
    return block


def test_the_json_of_a_rich_text_editor_is_read_and_written_as_it_is() -> None:
    body = DECODER.decode(AS_EDITED)
    assert check(body) == []
    assert msgspec.json.decode(msgspec.json.encode(body)) == msgspec.json.decode(AS_EDITED)


@given(bodies)
def test_an_encoded_body_decodes_to_itself_and_encodes_the_same(body: Body) -> None:
    raw = msgspec.json.encode(body)
    assert DECODER.decode(raw) == body
    assert msgspec.json.encode(DECODER.decode(raw)) == raw
    assert check(body) == []


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ('[{"type":"script"}]', "$[0].type"),
        ('[{"content":[]}]', "$[0]"),
        ('[{"type":"divider","onclick":"x"}]', "$[0]"),
        ('[{"type":"heading","attrs":{"level":1}}]', "$[0].attrs.level"),
        ('[{"type":"heading","attrs":{"level":"2"}}]', "$[0].attrs.level"),
        ('[{"type":"image","attrs":{"media":"../secret","alt":"x"}}]', "$[0].attrs.media"),
        (f'[{{"type":"image","attrs":{{"media":"{MEDIA}\\n"}}}}]', "$[0].attrs.media"),
        (f'[{{"type":"image","attrs":{{"media":"{MEDIA}","ext":"svg"}}}}]', "$[0].attrs.ext"),
        ('[{"type":"paragraph","content":[{"type":"text","text":""}]}]', "$[0].content[0].text"),
        ('[{"type":"bullet_list","content":[{"type":"divider"}]}]', "$[0].content[0].type"),
        ('[{"type":"list_item"}]', "$[0].type"),
    ],
)
def test_a_wrong_shape_is_refused_where_it_is(raw: str, path: str) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        DECODER.decode(raw)
    assert f"`{path}`" in str(refused.value)


@pytest.mark.parametrize(
    ("block", "path", "word"),
    [
        (doc.Image(doc.ImageAttrs(MEDIA)), ".attrs.alt", "decorative"),
        (doc.Image(doc.ImageAttrs(MEDIA, alt=" ")), ".attrs.alt", "decorative"),
        (doc.Image(doc.ImageAttrs(MEDIA, alt="x" * 1_001)), ".attrs.alt", "1,000"),
        (doc.Image(doc.ImageAttrs(MEDIA, alt="x", credit="y" * 501)), ".attrs.credit", "500"),
        (doc.Video(doc.VideoAttrs("/video")), ".attrs.url", "http"),
        (doc.Video(doc.VideoAttrs("mailto:a@town.example")), ".attrs.url", "http"),
        (
            doc.Video(doc.VideoAttrs("https://a.example", captions="/c.vtt")),
            ".attrs.captions",
            "http",
        ),
        (
            doc.Video(doc.VideoAttrs("https://a.example", transcript="javascript:x")),
            ".attrs.transcript",
            "http",
        ),
        (
            doc.LinkCard(doc.LinkCardAttrs("https://a.example/" + "x" * 2_048)),
            ".attrs.url",
            "2,048",
        ),
        (doc.Embed(doc.EmbedAttrs("https://a.example", "x" * 301)), ".attrs.title", "300"),
        (doc.Quote(doc.QuoteAttrs(cite="javascript:alert(1)")), ".attrs.cite", "http"),
        (doc.Quote(doc.QuoteAttrs(lang="Dutch!")), ".attrs.lang", "language"),
        (paragraph("bell\a"), ".content[0].text", "control"),
        (paragraph("x", doc.Bold(), doc.Bold()), ".content[0].marks", "twice"),
        (
            paragraph("x", doc.Bold(), doc.Link(doc.LinkAttrs("data:,x"))),
            ".content[0].marks[1].attrs.href",
            "mailto",
        ),
        (paragraph("x", doc.Lang(doc.LangAttrs("-"))), ".content[0].marks[0].attrs.lang", "lang"),
        (
            doc.NumberedList(content=(doc.ListItem(()), doc.ListItem((paragraph("\x00"),)))),
            ".content[1].content[0].content[0].text",
            "control",
        ),
    ],
)
def test_a_fault_names_where_and_what(block: doc.Block, path: str, word: str) -> None:
    (fault,) = check((doc.Divider(), block), "$.body")
    assert fault.path == f"$.body[1]{path}"
    assert word in fault.message


def test_a_decorative_picture_needs_no_alt_text() -> None:
    assert check((doc.Image(doc.ImageAttrs(MEDIA, decorative=True)),)) == []


def test_a_post_of_200_kb_is_accepted_and_one_beyond_the_bound_is_not() -> None:
    assert check((paragraph("word " * 40_000),)) == []
    assert check((paragraph("x" * doc.MAX_TEXT),)) == []
    (fault,) = check((paragraph("x" * doc.MAX_TEXT), paragraph("y")))
    assert (fault.path, "262,144" in fault.message) == ("$.body", True)


def test_nodes_nesting_and_faults_are_bounded() -> None:
    assert check((doc.Divider(),) * doc.MAX_NODES) == []
    (fault,) = check((doc.Divider(),) * (doc.MAX_NODES + 1))
    assert fault.path == "$.body"
    assert check((nested(doc.MAX_DEPTH),)) == []
    (fault,) = check((nested(doc.MAX_DEPTH + 1),))
    assert fault.path.startswith("$.body[0].content")
    assert len(check((doc.Image(doc.ImageAttrs(MEDIA)),) * 1_000)) == doc.MAX_FAULTS


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_runs_or_deceives_is_no_link(address: str) -> None:
    assert not is_link(address)
    assert not is_web(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://town.example",
        "HTTP://town.example:8080/a?b=c#d",
        "https://[::1]/",
        "http://bücher.de",
    ],
)
def test_an_absolute_address_is_a_link(address: str) -> None:
    assert is_link(address)
    assert is_web(address)
    assert is_link("mailto:desk@town.example?subject=Hi")


def test_language_tags() -> None:
    assert all(map(is_lang, ["nl", "en-GB", "zh-Hant-TW", "es-419"]))
    assert not any(map(is_lang, ["", "n", "nl\n", "nl_BE", "nl-", "é-é", "x" * 9, "12"]))


def test_pictures_are_found_and_changed_however_deep_they_lie() -> None:
    inner = doc.Quote(content=(paragraph("x"), PICTURE))
    body = (PICTURE, doc.NumberedList(content=(doc.ListItem((inner,)),)), doc.Divider())
    filled = doc.Image(msgspec.structs.replace(PICTURE.attrs, ext="jpg", width=9, height=6))
    assert list(images(body)) == [PICTURE, PICTURE]
    assert list(images(with_images(body, lambda _: filled))) == [filled, filled]
    assert with_images(body, lambda image: image) == body


def test_plain_text_has_a_line_for_whatever_is_said() -> None:
    assert plain_text(DECODER.decode(AS_EDITED)).split("\n") == [
        "The ferry",
        "It vaart",
        "again",
        "Three",
        "Ja",
        "At noon",
        "The bell",
        "Town",
        "Map",
    ]
