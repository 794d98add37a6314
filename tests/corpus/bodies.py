"""Hypothesis strategies for bodies: what `document.check` accepts, odd texts included.

Only strategies live here.
"""

from hypothesis import strategies as st

from events.accept import fit
from events.document import (
    Block,
    Body,
    Bold,
    BulletList,
    Code,
    Divider,
    Embed,
    EmbedAttrs,
    HardBreak,
    Heading,
    HeadingAttrs,
    Image,
    ImageAttrs,
    Inline,
    Italic,
    Lang,
    LangAttrs,
    Link,
    LinkAttrs,
    LinkCard,
    LinkCardAttrs,
    ListItem,
    Mark,
    Marks,
    NumberedAttrs,
    NumberedList,
    Paragraph,
    Quote,
    QuoteAttrs,
    Strike,
    Text,
    Video,
    VideoAttrs,
)

MARKUP = "*_`~[]()<>#+-=.!&;:/\\|\"' \nabc1"
words = st.text(st.one_of(st.sampled_from(MARKUP), st.characters()), max_size=20).map(fit)
lines = words.filter(lambda text: text.strip())
urls = st.sampled_from(
    [
        "https://town.example/",
        "https://town.example/a_(b)*c",
        "http://town.example:8080/?q=1&amp=2#x",
        "https://xn--bcher-kva.example/%20",
    ]
)
langs = st.sampled_from(["nl", "pt-BR", "zh-Hant-TW"])

links = st.one_of(urls, st.just("mailto:desk@town.example")).map(lambda url: Link(LinkAttrs(url)))
foreign = langs.map(lambda lang: Lang(LangAttrs(lang)))
plain: st.SearchStrategy[Mark] = st.sampled_from([Bold(), Italic(), Strike(), Code()])


def _one_of_a_kind(marks: list[Mark]) -> Marks:
    return tuple({type(mark): mark for mark in marks}.values())


mark: st.SearchStrategy[Mark] = st.one_of(plain, links, foreign)
marks = st.lists(mark, max_size=3).map(_one_of_a_kind)
texts = st.builds(Text, words.filter(bool), marks)
inline: st.SearchStrategy[Inline] = st.one_of(texts, texts, texts, st.just(HardBreak()))
content = st.lists(inline, max_size=5).map(tuple)

paragraphs = st.builds(Paragraph, content)
leaves: st.SearchStrategy[Block] = st.one_of(
    paragraphs,
    paragraphs,
    st.builds(Heading, st.builds(HeadingAttrs, st.integers(2, 4)), content),
    st.builds(
        ImageAttrs,
        st.text("0123456789abcdef", min_size=64, max_size=64),
        alt=lines,
        decorative=st.booleans(),
        caption=words,
        credit=words,
        ext=st.sampled_from(["", "jpg", "gif"]),
        width=st.integers(0, 4000),
        height=st.integers(0, 4000),
    ).map(Image),
    st.builds(VideoAttrs, urls, words, urls | st.just(""), urls | st.just("")).map(Video),
    st.builds(LinkCardAttrs, urls, words, words).map(LinkCard),
    st.builds(EmbedAttrs, urls, words, words).map(Embed),
    st.just(Divider()),
)


def _around(blocks: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    some = st.lists(blocks, max_size=3).map(tuple)
    items = st.lists(some.map(ListItem), max_size=3).map(tuple)
    cites = st.one_of(st.just(""), urls)
    said = st.builds(QuoteAttrs, st.one_of(st.just(""), langs), words, cites)
    return st.one_of(
        st.builds(BulletList, items),
        st.builds(NumberedList, st.builds(NumberedAttrs, st.integers(0, 12)), items),
        st.builds(Quote, said, some),
    )


blocks = st.recursive(leaves, _around, max_leaves=6)
bodies: st.SearchStrategy[Body] = st.lists(blocks, max_size=4).map(tuple)
