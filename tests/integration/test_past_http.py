"""The past over HTTP: page, permalink, API and feeds as they were, and what is said of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.newsroom import ANY, Newsroom
from tests.process import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("past") / "data") as server:
        yield server


FORMS = ("atom", "rss", "json")


def position(room: Newsroom) -> str:
    """Where the audience stands now."""
    return str(room.reader.get(room.api).json()["position"])


def titles(answer: httpx.Response) -> list[str | None]:
    """What the page's articles are called, from the top."""
    page = LexborHTMLParser(answer.raise_for_status().text)
    return [each.attributes["aria-label"] for each in page.css("#posts article")]


def found(answer: httpx.Response, selector: str) -> LexborNode:
    """The first such element of a page, which is there."""
    node = LexborHTMLParser(answer.raise_for_status().text).css_first(selector)
    assert node is not None, selector
    return node


def test_a_page_is_as_it_was_before_it_was_corrected_added_to_and_withdrawn(server: Server) -> None:
    with Newsroom(server, "as-it-was") as room:
        bell = room.writes("It rings.", title="The bell")
        room.writes("It blooms.", title="The garden")
        then = position(room)
        room.revises(bell, title="The old bell", correction="It is an old one.")
        room.writes("It opens.", title="The gate")
        room.changes(title="Another day")
        assert titles(room.asks()) == ["The gate", "The garden", "The old bell"]
        answer = room.asks(f"?at={then}")
        assert titles(answer) == ["The garden", "The bell"]
        assert "A day" in answer.text
        assert "Another" not in answer.text
        assert "old one" not in answer.text


def test_what_was_withdrawn_since_is_a_gap_without_a_word_of_it(server: Server) -> None:
    with Newsroom(server, "withheld") as room:
        rumour = room.writes("Quicksilver.", title="Mercury", author="Hermes", tags=["swift"])
        room.writes("Stays.", title="The rest", key=True)
        then = f"at={position(room)}"
        room.retracts(rumour)
        page = room.asks(f"?{then}")
        assert titles(page) == ["The rest", "Withdrawn later"]
        gap = found(page, f"#post-{rumour} article")
        assert gap.css_first("time") is not None
        assert gap.css_first("a[href]") is None
        listed = room.reader.get(f"{room.api}/posts?{then}").json()["posts"]
        assert [(post["status"], post["title"]) for post in listed] == [
            ("published", "The rest"),
            ("retracted", ""),
        ]
        alone = room.reader.get(f"{room.api}/posts/{rumour}?{then}").json()
        assert (alone["status"], alone["body"], alone["html"]) == ("retracted", [], "")
        answers = [
            page,
            room.asks(f"/posts/{rumour}?{then}"),
            room.reader.get(f"{room.api}/posts?{then}"),
            room.reader.get(f"{room.api}/posts?{then}&tag=swift"),
            *(room.asks(f"/feed.{form}?{then}") for form in FORMS),
        ]
        for answer in answers:
            assert answer.status_code == 200
            for word in ("Quicksilver", "Mercury", "Hermes"):
                assert word not in answer.text
        assert listed[1]["tags"] == []
        room.restores(rumour)
        assert titles(room.asks(f"?{then}")) == ["The rest", "Mercury"]


def test_a_text_that_the_editor_keeps_stays_in_the_past(server: Server) -> None:
    with Newsroom(server, "kept-text") as room:
        post = room.writes("We were wrong about this.", title="The mistake")
        then = position(room)
        sent = {"status": "retracted", "keep_text": True}
        path = f"{room.api}/posts/{post}/status"
        room.editor.put(path, json=sent, headers=ANY).raise_for_status()
        assert titles(room.asks()) == []
        assert titles(room.asks(f"?at={then}")) == ["The mistake"]


def test_a_past_page_says_when_leads_to_now_and_to_the_replay_and_never_moves(
    server: Server,
) -> None:
    with Newsroom(server, "banner", time_zone="Europe/Rome") as room:
        post = room.writes("It rings.", title="The bell")
        answer = room.asks("?at=2099-01-01T00:00:00Z&sort=oldest")
        assert "is yet to come: this is the page as it is now" in answer.text
        assert titles(answer) == ["The bell"]
        answer = room.asks(f"?at={position(room)}")
        page, banner = LexborHTMLParser(answer.text), found(answer, "#past")
        assert "This page as it was:" in banner.text()
        now, replay = (link.attributes["href"] for link in banner.css("a"))
        assert (now, replay) == (room.path, f"{room.path}/replay?at={position(room)}")
        [time] = banner.css("time")
        written = datetime.fromisoformat(str(time.attributes["datetime"]))
        assert timedelta() <= datetime.now(UTC) - written < timedelta(minutes=10)
        assert found(answer, 'meta[name="robots"]').attributes["content"] == "noindex"
        assert page.css_first("[data-live]") is None
        assert page.css_first('script[src="/static/reader.js"]') is None
        links = [
            str(link.attributes["href"]) for link in page.css("#posts a.permalink, #tools li a")
        ]
        assert [link for link in links if "at=" not in link] == []
        alone = found(room.asks(f"/posts/{post}?at={position(room)}"), "#past a")
        assert alone.attributes["href"] == f"{room.path}/posts/{post}"
        assert LexborHTMLParser(room.asks().text).css_first("#past") is None


def test_caches_ask_again_and_search_engines_stay_away(server: Server) -> None:
    with Newsroom(server, "past-caches") as room:
        post = room.writes("It rings.", title="The bell")
        at = f"at={position(room)}"
        for path in (
            room.path,
            f"{room.path}/posts/{post}",
            f"{room.path}/feed.atom",
            f"{room.api}/posts",
            f"{room.api}/posts/{post}",
        ):
            first = room.reader.get(f"{path}?{at}")
            assert (
                first.headers["cache-control"] == "public, max-age=0, must-revalidate, s-maxage=1"
            )
            assert first.headers["x-robots-tag"] == "noindex"
            kept = {"if-none-match": first.headers["etag"]}
            again = room.reader.get(f"{path}?{at}", headers=kept)
            assert (again.status_code, again.content) == (304, b"")
        held = room.asks(f"?{at}").headers["etag"]
        room.retracts(post)
        gone = room.asks(f"?{at}", **{"if-none-match": held})
        assert (gone.status_code, titles(gone)) == (200, ["Withdrawn later"])


def test_before_the_first_event_the_page_is_empty_and_says_so(server: Server) -> None:
    with Newsroom(server, "before", title="The day") as room:
        room.writes("It rings.", title="The bell", key=True, pinned=True)
        for at in ("1999-12-31T00:00:00Z", "0-0"):
            answer = room.asks(f"?at={at}")
            assert titles(answer) == []
            assert found(answer, "h1").text() == "The day"
            assert "Nothing had been published yet." in found(answer, "#past").text()
            assert "The bell" not in answer.text
            listed = room.reader.get(f"{room.api}/posts?at={at}").json()
            assert (listed["posts"], listed["position"]) == ([], "0-0")


def test_the_future_is_now_and_says_so(server: Server) -> None:
    with Newsroom(server, "future") as room:
        room.writes("It rings.", title="The bell")
        listed = room.reader.get(f"{room.api}/posts?at=2099-01-01T00:00:00Z").json()
        assert (listed["future"], listed["at"]) == (True, "2099-01-01T00:00:00Z")
        assert [post["title"] for post in listed["posts"]] == ["The bell"]
        now = room.reader.get(f"{room.api}/posts?at={position(room)}").json()
        assert now["future"] is False
        feed = room.asks("/feed.json?at=2099-01-01T00:00:00Z").json()
        assert "is yet to come" in feed["description"]


@pytest.mark.parametrize("path", ["", "/feed.atom", "/posts/none"])
@pytest.mark.parametrize("at", ["yesterday", "1-", "-1", "2026-13-01T00:00:00Z", "12:00", "NaN"])
def test_nonsense_is_told_what_was_expected(server: Server, path: str, at: str) -> None:
    with Newsroom(server, "nonsense" + str(abs(hash((path, at))))) as room:
        expected = f"at takes a position or a time such as 2026-05-04T14:00:00Z, not '{at}'"
        for answer in (
            room.asks(f"{path}?at={at}"),
            room.reader.get(f"{room.api}/posts", params={"at": at}),
        ):
            assert answer.status_code == 400
            assert answer.json()["detail"] == expected


def test_a_nul_is_nonsense_too(server: Server) -> None:
    with Newsroom(server, "nul") as room:
        assert room.asks("?at=2026-05-04T14:00:00Z%00").status_code == 400


def test_from_nonsense_a_link_leads_back_to_the_blog(server: Server) -> None:
    with Newsroom(server, "astray") as room:
        for path in ("", "/replay", "/embed", "/record"):
            name = "from" if path == "/record" else "at"
            answer = room.asks(f"{path}?{name}=yesterday", accept="text/html")
            assert answer.status_code == 400
            assert f'<a href="{room.path}">To the page as it is now</a>' in answer.text


def test_the_details_and_the_embed_of_a_blog_are_as_they_were(server: Server) -> None:
    with Newsroom(server, "frame", title="The day", summary="Nothing yet.") as room:
        room.writes("It rings.", title="The bell")
        then = position(room)
        room.changes(title="The night", summary="All is over.")
        room.writes("It is quiet.", title="The end")
        told = room.reader.get(f"{room.api}?at={then}")
        blog = told.json()
        assert (blog["title"], blog["summary"], blog["posts"]) == ("The day", "Nothing yet.", 1)
        assert (blog["slug"], blog["position"]) == ("frame", then)
        assert told.headers["x-robots-tag"] == "noindex"
        assert room.reader.get(room.api).json()["title"] == "The night"
        frame = room.asks(f"/embed?at={then}")
        assert titles(frame) == ["The bell"]
        assert "This page as it was" in found(frame, "#past").text()
        assert "reader.js" not in frame.text
        assert "reader.js" in room.asks("/embed").text
        room.changes(past_public=False)
        for path in (f"{room.api}?at={then}", f"{room.path}/embed?at={then}"):
            assert room.reader.get(path).status_code == 403


def test_what_a_feed_of_the_past_leads_to_is_of_that_moment(server: Server) -> None:
    with Newsroom(server, "fed") as room:
        post = room.writes("It rings.", title="The bell")
        then = position(room)
        room.revises(post, title="The bells")
        for form in ("json", "atom", "rss"):
            assert f"/posts/{post}?at={then}" in room.asks(f"/feed.{form}?at={then}").text
            assert "?at=" not in room.asks(f"/feed.{form}").text


def test_a_position_of_another_log_is_told_the_nearest_of_this_one(server: Server) -> None:
    with Newsroom(server, "positions") as room:
        room.writes("It rings.", title="The bell")
        here = position(room)
        epoch, seq = here.split("-")
        room.writes("Not yet.", status="draft")
        for asked, nearest in (
            (f"{epoch}-{int(seq) + 1}", here),  # of the draft: nobody's business
            (f"{epoch}-{int(seq) + 99}", here),
            (f"{int(epoch) + 1}-1", here),
            ("5-1", "0-0"),
        ):
            answer = room.reader.get(f"{room.api}/posts?at={asked}")
            assert answer.status_code == 400
            said = answer.json()
            assert said["nearest"] == nearest
            assert f"no entry {asked}; the nearest before it is {nearest}" in said["detail"]
        page = room.asks("?at=5-1", accept="text/html")
        assert page.status_code == 400
        assert "no entry 5-1" in page.text


def test_a_plus_that_was_not_escaped_and_a_time_on_the_blogs_own_wall_are_understood(
    server: Server,
) -> None:
    with Newsroom(server, "walls", time_zone="Asia/Tokyo") as room:
        room.writes("It rings.", title="The bell")

        def at(text: str) -> str:
            return str(room.reader.get(f"{room.api}/posts?at={text}").json()["at"])

        assert at("2026-05-04T14:00:00+02:00") == "2026-05-04T12:00:00Z"
        assert at("2026-05-04T14:00:00%2B02:00") == "2026-05-04T12:00:00Z"
        assert at("2026-05-04T14:00") == "2026-05-04T05:00:00Z"


def test_a_blog_whose_past_is_closed_shows_it_to_its_editors_alone(server: Server) -> None:
    with Newsroom(server, "closed-past") as room:
        post = room.writes("It rings.", title="The bell")
        then = f"at={position(room)}"
        assert room.reader.get(room.api).json()["past_public"] is True
        room.changes(past_public=False)
        assert room.reader.get(room.api).json()["past_public"] is False
        paths = [
            f"{room.path}?{then}",
            f"{room.path}/posts/{post}?{then}",
            f"{room.path}/feed.rss?{then}",
            f"{room.api}/posts?{then}",
            f"{room.api}/posts/{post}?{then}",
        ]
        with server.client("contributor") as contributor:
            for path in paths:
                refused = room.reader.get(path)
                assert refused.status_code == contributor.get(path).status_code == 403
                assert "the past of this blog is for its editors" in refused.json()["detail"]
                seen = room.editor.get(path).raise_for_status()
                assert seen.headers["cache-control"] == "private, no-store"
        assert room.asks().status_code == 200
        room.changes(past_public=True)
        assert room.asks(f"?{then}").status_code == 200


def test_a_draft_is_no_more_seen_in_the_past_than_now(server: Server) -> None:
    with Newsroom(server, "drafts") as room:
        draft = room.writes("Not to be seen.", title="The plan", status="draft")
        room.writes("It rings.", title="The bell")
        then = position(room)
        path = f"{room.api}/posts/{draft}/status"
        room.editor.put(path, json={"status": "published"}, headers=ANY).raise_for_status()
        assert titles(room.asks(f"?at={then}")) == ["The bell"]
        assert room.asks(f"/posts/{draft}?at={then}").status_code == 404
        assert room.reader.get(f"{room.api}/posts/{draft}?at={then}").status_code == 404


def test_what_a_blog_was_before_it_was_opened_is_seen_by_nobody(server: Server) -> None:
    with Newsroom(server, "opened", title="Quicksilver plan", visibility="draft") as room:
        post = room.writes("Quicksilver.", title="Quicksilver")
        room.changes(title="The fair")
        room.revises(post, markdown="It rings.", title="The bell")
        prepared = [
            entry["position"] for entry in room.editor.get(f"{room.api}/record").json()["entries"]
        ]
        room.turns("live")
        for then in prepared:
            for path in ("", f"/posts/{post}", "/feed.atom", "/feed.json", "/embed", "/replay"):
                assert "Quicksilver" not in room.asks(f"{path}?at={then}").text
            for path in (room.api, f"{room.api}/posts", f"{room.api}/posts/{post}"):
                assert "Quicksilver" not in room.reader.get(f"{path}?at={then}").text
        assert titles(room.asks(f"?at={prepared[0]}")) == ["The bell"]
        assert titles(room.asks(f"?at={prepared[-1]}")) == []
        for path in (f"{room.path}/record", f"{room.api}/record", f"{room.api}/marks"):
            assert "Quicksilver" not in room.reader.get(path).text


def test_the_pages_of_a_past_list_lead_to_every_post_there_was(server: Server) -> None:
    with Newsroom(server, "stretches") as room:
        for number in range(64):
            room.writes("It happened.", title=f"Number {number:02}", tags=["even"] * (number % 2))
        then = position(room)
        room.writes("Later.", title="Later", tags=["even"])
        for query, every in (("", range(64)), ("&tag=even", range(1, 64, 2))):
            address, seen = f"{room.path}?at={then}{query}", []
            while address:
                answer = room.reader.get(address)
                seen += titles(answer)
                more = LexborHTMLParser(answer.text).css_first("#more[data-last]")
                address = f"{room.path}{more.attributes['href']}" if more else ""
            assert seen == [f"Number {number:02}" for number in reversed(every)]
        listed: list[str] = []
        asked: dict[str, str] = {"at": then, "sort": "oldest"}
        while True:
            page = room.reader.get(f"{room.api}/posts", params=asked).json()
            listed += [post["title"] for post in page["posts"]]
            if page["next"] is None:
                break
            asked["before"] = page["next"]
        assert listed == [f"Number {number:02}" for number in range(64)]
