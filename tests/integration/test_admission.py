"""Who may follow a blog, from where, how many, and what the others are told."""

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.by_hand import NONE, Events, Headers, Reader
from tests.figures import comes_to, nobody
from tests.process import Server, liveblog

LIVE = "/blogs/day/live?as=json"


def opens(server: Server) -> Iterator[Server]:
    with server.client() as editor:
        for slug, visibility in (("day", "public"), ("members", "restricted"), ("desk", "draft")):
            blog = {"slug": slug, "title": slug, "visibility": visibility}
            editor.post("/api/blogs", json=blog).raise_for_status()
        editor.post("/api/blogs/day/posts", json={"title": "One"}).raise_for_status()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Nothing but loopback is in front of it, and two readers come from one address."""
    folder = tmp_path_factory.mktemp("admission")
    yield from opens(
        Server(folder / "data", LIVEBLOG_READERS_PER_ADDRESS="2", LIVEBLOG_READERS="6")
    )


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same, behind a proxy on loopback: the test is the proxy."""
    folder = tmp_path_factory.mktemp("proxied")
    yield from opens(
        Server(folder / "data", LIVEBLOG_READERS_PER_ADDRESS="2", LIVEBLOG_PROXIES="127.0.0.1, ::1")
    )


def ends(server: Server, path: str, headers: Headers = NONE) -> int | None:
    """The code that a socket ends with which is not let in."""
    with Reader(server.url, path, headers) as reader:
        code = reader.ends()
        assert reader.heard == []
        return code


def is_let_in(server: Server, path: str = LIVE, headers: Headers = NONE) -> bool:
    with Reader(server.url, path, headers) as reader:
        return bool(reader.hears("hello"))


def status(server: Server, path: str, headers: Headers = NONE) -> int:
    """What an event stream is answered."""
    with Events(server.url, path, headers) as stream:
        return stream.answer.status_code


# --- how many ------------------------------------------------------------------------------------


def test_so_many_from_one_address_as_the_proxy_tells_it(proxied: Server) -> None:
    ann, bob = {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "198.51.100.2"}
    with Reader(proxied.url, LIVE, ann) as first, Events(proxied.url, LIVE, ann) as second:
        first.hears("hello")
        second.hears("hello")
        assert ends(proxied, LIVE, ann) == 4429
        assert status(proxied, LIVE, ann) == 429
        assert is_let_in(proxied, LIVE, bob)
        # What ann says of herself stands before what the proxy adds.
        assert ends(proxied, LIVE, {"x-forwarded-for": "203.0.113.5, 198.51.100.1"}) == 4429
    comes_to(proxied.url, nobody)
    assert is_let_in(proxied, LIVE, ann)


def test_a_network_of_ipv6_is_one_address(proxied: Server) -> None:
    with contextlib.ExitStack() as held:
        for host in ("2001:db8:1:2::1", "[2001:db8:1:2:3::4]:5678"):
            reader = Reader(proxied.url, LIVE, {"x-forwarded-for": host})
            held.enter_context(reader).hears("hello")
        assert ends(proxied, LIVE, {"x-forwarded-for": "2001:db8:1:2:ffff::1"}) == 4429
        assert status(proxied, LIVE, {"x-forwarded-for": "2001:db8:1:2:ffff::1"}) == 429
        assert is_let_in(proxied, LIVE, {"x-forwarded-for": "2001:db8:1:3::1"})


def test_who_is_no_named_proxy_is_not_believed_and_ourselves_are_not_counted(
    server: Server,
) -> None:
    ann = {"x-forwarded-for": "198.51.100.1"}
    with contextlib.ExitStack() as held:
        for says in (ann, ann, ann, {}, {}):
            held.enter_context(Reader(server.url, LIVE, says)).hears("hello")
        with Events(server.url, LIVE, ann) as stream:
            stream.hears("hello")


def test_so_many_in_all_and_one_more_when_one_has_left(server: Server) -> None:
    comes_to(server.url, nobody)
    with contextlib.ExitStack() as held:
        for _ in range(5):
            held.enter_context(Reader(server.url, LIVE)).hears("hello")
        held.enter_context(Events(server.url, LIVE)).hears("hello")
        with Reader(server.url, LIVE) as refused:
            assert refused.ends() == 4429
            assert "come back later" in refused.reason
        with Events(server.url, LIVE) as stream:
            assert stream.answer.status_code == 429
            assert "come back later" in stream.answer.read().decode()
    comes_to(server.url, nobody)
    assert is_let_in(server)


# --- who -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session(server: Server) -> str:
    """The cookie of somebody who has logged in at the desk."""
    with httpx.Client(base_url=server.url, follow_redirects=False) as browser:
        login = liveblog("login", data=server.data)
        path = urlsplit(login).path
        browser.get(path)
        browser.post(path)
        [name] = browser.cookies
        return f"{name}={browser.cookies[name]}"


def test_a_public_blog_opens_for_pages_of_any_site(server: Server, session: str) -> None:
    assert is_let_in(server, LIVE, {"origin": "https://elsewhere.example"})
    assert is_let_in(server, LIVE, {"cookie": session, "origin": "https://elsewhere.example"})
    assert is_let_in(server, LIVE, {"cookie": session, "origin": "null"})


def test_a_public_blog_asks_nobody_who_they_are(server: Server) -> None:
    assert is_let_in(server, LIVE, {"authorization": "Bearer lb_guessed"})
    assert is_let_in(server, LIVE, {"cookie": "liveblog_session=guessed"})


def test_a_look_at_the_head_of_an_event_stream_takes_no_part(server: Server) -> None:
    comes_to(server.url, nobody)
    for _ in range(3):
        answer = httpx.head(f"{server.url}{LIVE}", headers={"accept": "text/event-stream"})
        assert (answer.status_code, answer.content) == (200, b"")
    comes_to(server.url, nobody)


def test_who_is_logged_in_is_nobody_to_a_page_of_another_site(server: Server, session: str) -> None:
    for foreign in ("https://elsewhere.example", "null", f"{server.url}.example"):
        assert ends(server, "/blogs/members/live", {"cookie": session, "origin": foreign}) == 4401
    assert is_let_in(server, "/blogs/members/live", {"cookie": session, "origin": server.url})
    assert is_let_in(server, "/blogs/members/live", {"cookie": session})


def test_a_restricted_blog_asks_who_it_is(server: Server) -> None:
    path = "/blogs/members/live"
    reader = {"authorization": f"Bearer {server.token('reader')}"}
    nobody_we_know = {"authorization": "Bearer lb_guessed"}
    assert ends(server, path) == 4401
    assert ends(server, path, nobody_we_know) == 4401
    assert ends(server, path, {"cookie": "liveblog_session=guessed"}) == 4401
    assert is_let_in(server, path, reader)
    assert (status(server, path), status(server, path, nobody_we_know)) == (401, 401)
    assert status(server, path, reader) == 200


def test_a_draft_is_not_there_but_for_those_who_write_it(server: Server) -> None:
    editor = {"authorization": f"Bearer {server.token('editor')}"}
    assert ends(server, "/blogs/desk/live") == 4404
    assert status(server, "/blogs/desk/live") == 404
    assert is_let_in(server, "/blogs/desk/live", editor)


# --- where ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "code", "answer"),
    [
        ("/blogs/nowhere/live", 4404, 404),
        ("/blogs/%00/live", 4404, 404),
        ("/blogs/%ff%fe/live", 4404, 404),
        (f"/blogs/{'x' * 3000}/live", 4404, 404),
        ("/blogs/day/live?as=xml", 1008, 400),
        ("/blogs/day/live?since=yesterday", 1008, 400),
        ("/blogs/day/live?since=1-99999999999999999999999", 1008, 400),
        ("/blogs/nowhere/live?as=xml", 4404, 404),
    ],
)
def test_what_leads_nowhere_is_said(server: Server, path: str, code: int, answer: int) -> None:
    assert (ends(server, path), status(server, path)) == (code, answer)


def test_the_reason_names_what_was_wrong(server: Server) -> None:
    with Reader(server.url, "/blogs/day/live?as=xml") as reader:
        reader.ends()
        assert reader.reason == "as takes html or json, not xml"


def test_an_old_slug_leads_to_the_blog(server: Server) -> None:
    with server.client() as editor:
        blog = {"slug": "before", "title": "Moves", "visibility": "public"}
        editor.post("/api/blogs", json=blog).raise_for_status()
        editor.patch("/api/blogs/before", json={"slug": "after"}).raise_for_status()
        for slug in ("before", "after"):
            with Reader(server.url, f"/blogs/{slug}/live?as=json") as reader:
                assert reader.hears("snapshot")["title"] == "Moves"
            with Events(server.url, f"/blogs/{slug}/live?as=json") as stream:
                assert stream.hears("snapshot")["title"] == "Moves"


def ahead(position: str) -> str:
    """The position that the next change will have."""
    epoch, _, seq = position.partition("-")
    return f"{epoch}-{int(seq) + 1}"


def test_a_cursor_that_is_ahead_is_waited_for_and_then_gets_the_page(server: Server) -> None:
    with server.client() as editor:
        since = ahead(editor.get("/api/blogs/day").json()["position"])
    with Reader(server.url, f"{LIVE}&since={since}") as reader:
        reader.hears("snapshot")
        assert reader.types == ["hello", "snapshot"]


def test_a_cursor_that_is_ahead_is_good_once_its_change_has_come(server: Server) -> None:
    with server.client() as editor:
        # It is waited for a second, in which a busy machine may not get to write: a few tries.
        for _ in range(5):
            since, hello = comes_ahead(server, editor)
            if hello["resumed"]:
                break
        assert hello["resumed"] is True
        assert hello["position"] == since


def comes_ahead(server: Server, editor: httpx.Client) -> tuple[str, Any]:
    """Where a reader was ahead of a change that comes then, and what it is greeted with."""
    since = ahead(editor.get("/api/blogs/day").json()["position"])
    with Reader(server.url, f"{LIVE}&since={since}") as reader:
        editor.post("/api/blogs/day/posts", json={"title": "Awaited"}).raise_for_status()
        return since, reader.hears("hello")
