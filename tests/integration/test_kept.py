"""The first page as it is kept: the same bytes for all, and never beyond its position."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.responses import Response

from server.render import Articles, templates
from server.tail import Loaded
from server.web.kept import VARIANTS, FirstPage, Kept, Page, takes_gzip
from server.web.pages import blog
from tests import long_day
from tests.newsroom import Newsroom
from tests.process import Server, liveblog

LIGHT = 60_000
"""Bytes of the first page of a long day, compressed."""
WORD = "Quicksilver"
FORMS = ("gzip, deflate, br", "identity")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("kept") / "data")
    yield server
    server.stop()


def asked(room: Newsroom, path: str, coding: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """An answer, and its bytes as they came."""
    headers |= {"accept-encoding": coding}
    with room.reader.stream("GET", f"{room.path}{path}", headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


def told(answer: httpx.Response, raw: bytes) -> str:
    compressed = answer.headers.get("content-encoding") == "gzip"
    return (gzip.decompress(raw) if compressed else raw).decode()


@pytest.mark.parametrize("path", ["", "/embed"])
def test_everybody_is_given_the_same_bytes(server: Server, path: str) -> None:
    with Newsroom(server, f"same{path[1:]}") as room:
        room.writes(f"{WORD}. " * 50)
        for coding in FORMS:
            (answer, raw), (again, same) = (asked(room, path, coding) for _ in range(2))
            assert (raw, answer.headers["etag"]) == (same, again.headers["etag"])
            assert int(answer.headers["content-length"]) == len(raw)
            assert "Accept-Encoding" in answer.headers["vary"]
        short, plain = (asked(room, path, coding) for coding in FORMS)
        assert short[0].headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain[0].headers
        assert told(*short) == told(*plain)
        assert len(short[1]) < len(plain[1]) / 2


@pytest.mark.parametrize("coding", FORMS)
@pytest.mark.parametrize("path", ["", "/embed"])
def test_what_was_withdrawn_is_gone_with_the_next_request(
    server: Server, path: str, coding: str
) -> None:
    with Newsroom(server, f"gone{path[1:]}-{coding[:4]}") as room:
        room.writes("This stays.")
        post = room.writes(f"{WORD}.")
        for _ in range(3):
            answer, raw = asked(room, path, coding)
            assert WORD in told(answer, raw)
        room.retracts(post)
        etag = answer.headers["etag"]
        answer, raw = asked(room, path, coding, **{"if-none-match": etag})
        assert answer.status_code == 200
        assert WORD not in told(answer, raw)
        room.restores(post)
        assert WORD in told(*asked(room, path, coding))


def test_edits_and_details_are_in_the_next_answer(server: Server) -> None:
    with Newsroom(server, "edited") as room:
        post = room.writes("Before.")
        assert "Before." in room.asks().text
        room.revises(post, markdown="After.")
        assert "After." in room.asks().text
        room.changes(title="Another name")
        assert "Another name" in room.asks().text


def test_who_has_it_is_told_so_and_sent_nothing(server: Server) -> None:
    with Newsroom(server, "held") as room:
        room.writes(f"{WORD}.")
        etag = room.asks().headers["etag"]
        for coding in FORMS:
            answer, raw = asked(room, "", coding, **{"if-none-match": f'"other", {etag}'})
            assert (answer.status_code, raw) == (304, b"")
            assert answer.headers["etag"] == etag
            assert answer.headers["vary"] == "Host, Accept-Encoding"
            assert "content-encoding" not in answer.headers


def test_a_head_alone_says_what_the_page_would(server: Server) -> None:
    with Newsroom(server, "head") as room:
        room.writes(f"{WORD}.")
        full = room.asks()
        head = room.reader.head(room.path)
        del full.headers["date"], head.headers["date"]
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == full.headers


def test_other_stretches_are_made_for_who_asks_for_them(server: Server) -> None:
    with Newsroom(server, "stretches") as room:
        room.writes("The first.")
        room.writes("The second.")
        for _ in range(2):
            first, oldest = room.asks(), room.asks("?sort=oldest")
            assert first.text.rindex("The second.") < first.text.rindex("The first.")
            assert oldest.text.rindex("The first.") < oldest.text.rindex("The second.")
            assert "content-encoding" not in oldest.headers


def test_a_kept_page_is_for_one_host(server: Server) -> None:
    with Newsroom(server, "hosts") as room:
        for host in ("one.example", "two.example") * 2:
            assert f"http://{host}/blogs/hosts" in room.asks(host=host).text


def test_what_is_kept_lets_nobody_in(server: Server) -> None:
    with Newsroom(server, "closing") as room:
        room.writes(f"{WORD}.")
        assert WORD in room.asks().text
        assert room.asks(authorization="Bearer nonsense").status_code == 401
        room.changes(visibility="unlisted")
        assert "noindex" in room.asks().text
        room.changes(visibility="restricted")
        assert room.asks().status_code == 401
        assert WORD in room.asks(authorization=room.editor.headers["authorization"]).text
        room.changes(slug="closed", visibility="public")
        assert room.asks().status_code == 307
        room.editor.delete("/api/blogs/closed").raise_for_status()
        assert room.reader.get("/blogs/closed").status_code == 404


def test_the_first_page_of_a_long_day_is_light(server: Server, tmp_path: Path) -> None:
    liveblog("import", str(long_day.written(tmp_path / "day", "long", 2_000)), data=server.data)
    with httpx.Client(base_url=server.url, timeout=30) as reader:
        reader.get("/blogs/long").raise_for_status()
        with reader.stream("GET", "/blogs/long") as answer:
            raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).count(b"<article") >= 30
    assert len(raw) <= LIGHT


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("br, GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("x-gzipped", False),
        ("identity", False),
    ],
)
def test_only_who_takes_gzip_is_sent_it(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted.encode()) is takes


def loaded(name: str) -> Loaded:
    return Loaded(name, Articles(templates()), epoch=1)


def page(size: int = 1_000) -> Page:
    return Page(Response(b"x" * size, headers={"etag": 'W/"a"'}))


def test_any_number_of_hosts_has_room_for_a_few() -> None:
    day, kept, first = loaded("day"), Kept(), FirstPage(blog)
    for number in range(100):
        kept.shelf(day).put((first, f"http://{number}.example"), page())
    assert len(kept.shelf(day).pages) == VARIANTS
    assert (first, "http://99.example") in kept.shelf(day).pages


def test_pages_that_do_not_fit_go_and_those_of_a_blog_with_it() -> None:
    kept, first = Kept(room=3 * page().size), FirstPage(blog)
    blogs = [loaded(str(number)) for number in range(5)]
    for age, each in enumerate(blogs):
        each.used = 100 - age  # that long ago, however long it took to make it
        kept.shelf(each).put((first, ""), page())
        kept.make_room()
    assert [len(kept.shelf(each).pages) for each in blogs] == [1, 1, 1, 0, 0]
    del blogs[0], each
    assert kept.size == 2 * page().size
