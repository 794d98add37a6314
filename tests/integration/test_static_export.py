"""A blog exported as files: whole, linked within itself, and without what was withdrawn."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from events.commands import ChangePostStatus, CreateBlog, WritePost
from server.settings import Settings
from server.site import opened
from server.storage.log import Request
from server.transfer.static_export import NotExported, export_static
from server.transfer.static_pages import plain
from tests.newsroom import ANY, Newsroom
from tests.process import Server, liveblog
from tests.saved_folder import SavedFolder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("static") / "data") as server:
        yield server


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def exported(room: Newsroom, folder: Path, *options: str) -> SavedFolder:
    slug = room.path.rpartition("/")[2]
    said = liveblog("export", slug, str(folder), "--static", *options, data=room.server.data)
    assert said.startswith(f"{folder}/index.html: ")
    return SavedFolder(folder)


def a_day(room: Newsroom) -> dict[str, str]:
    """Posts on several pages, with pictures, tags, edits, and one that was withdrawn."""
    room.turns("live")
    posts = {}
    for number in range(34):
        tag = ["boats", "fish & chips/../x"][number % 2]
        posts[f"Boat {number}"] = room.writes(f"Number {number}.", title=f"B{number}", tags=[tag])
    picture = room.uploads(size=(800, 500))
    posts["wall"] = room.writes(
        f"![A green wall](media:{picture})\n\n[Programme](https://fair.example/)", key=True
    )
    posts["gone"] = room.writes("Quicksilver was here.", title="Mercury")
    posts["kept"] = room.writes("The bell rang.")
    room.revises(posts["Boat 3"], markdown="Number three.", correction="In words.")
    room.retracts(posts["gone"])
    sent = {"status": "retracted", "keep_text": True}
    path = f"{room.api}/posts/{posts['kept']}/status"
    room.editor.put(path, json=sent, headers=ANY).raise_for_status()
    return posts


def test_every_link_in_the_folder_leads_somewhere_and_every_file_is_led_to(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "fair", "The fair") as room:
        posts = a_day(room)
        saved = exported(room, tmp_path / "fair")
        assert saved.wrongs() == []
        assert set(saved.files) - saved.reached() == set()
        shown = {
            f"posts/{post}.html" for name, post in posts.items() if name not in {"gone", "kept"}
        }
        assert shown == {name for name in saved.files if name.startswith("posts/")}
        assert len([name for name in saved.files if name.startswith("media/")]) == 3
        assert {"index.html", "record/index.html", "record.json"} <= set(saved.files)
        listed = [
            str(node.attributes["data-id"])
            for name in saved.files
            if name == "index.html" or name.startswith("page-before")
            for node in saved.pages[name].css("#posts > li[data-id]")
        ]
        assert sorted(listed) == sorted(name.split("/")[1][:-5] for name in shown)


def test_what_was_withdrawn_is_in_no_file(server: Server, tmp_path: Path) -> None:
    with Newsroom(server, "gone") as room:
        a_day(room)
        files = exported(room, tmp_path / "gone").bytes
        assert [name for name, body in files.items() if b"Quicksilver" in body] == []
        assert [name for name, body in files.items() if b"Mercury" in body] == []
        told = {name for name, body in files.items() if b"The bell rang" in body}
        assert {name.split("/")[0] for name in told} == {"record", "record.json"}


def test_the_same_position_gives_the_same_bytes_and_another_gives_others(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "again") as room:
        post = room.writes("One.")
        first = exported(room, tmp_path / "one").bytes
        assert exported(room, tmp_path / "two").bytes == first
        room.revises(post, markdown="Two.")
        assert exported(room, tmp_path / "three").bytes != first


def test_the_record_is_whole_as_data_and_leads_into_its_pages(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "data") as room:
        a_day(room)
        saved = exported(room, tmp_path / "data")
        record = json.loads((saved.folder / "record.json").read_text())
        assert [int(entry["position"].split("-")[1]) for entry in record["entries"]] == list(
            range(1, 43)
        )
        for entry in record["entries"]:
            file, _, anchor = entry["url"].partition("#")
            assert saved.pages[file].css_first(f'[id="{anchor}"]') is not None


def test_a_folder_that_has_something_in_it_is_left_alone_unless_it_is_forced(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "there") as room:
        room.writes("One.")
        (tmp_path / "there").mkdir()
        exported(room, tmp_path / "there")  # an empty one may be filled
        (tmp_path / "there" / "notes.txt").write_text("Mine.")
        where = str(tmp_path / "there")
        said = liveblog("export", "there", where, "--static", data=server.data, code=1)
        assert "say --force" in said
        assert (tmp_path / "there" / "notes.txt").exists()
        assert "notes.txt" not in exported(room, tmp_path / "there", "--force").files
        assert names(tmp_path) == ["there"]
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "letter.txt").write_text("Mine.")
        home = str(tmp_path / "home")
        said = liveblog("export", "there", home, "--static", "--force", data=server.data, code=1)
        assert "holds no saved blog" in said
        assert names(tmp_path / "home") == ["letter.txt"]
        said = liveblog("export", "there", where, data=server.data, code=2)
        assert "name a file, or say --static" in said
        (tmp_path / "there.log").write_text("A log.")
        forced = ("--static", "--force")
        said = liveblog("export", "there", f"{where}.log", *forced, data=server.data, code=1)
        assert "there.log is a file, which is left alone" in said
        assert (tmp_path / "there.log").read_text() == "A log."


async def test_what_is_withdrawn_while_it_is_saved_is_not_saved(tmp_path: Path) -> None:
    def request(key: str) -> Request:
        return Request("ed", key, "", datetime.now(UTC))

    data = Settings(data=tmp_path / "data")
    async with opened(data) as site, opened(data) as other:
        await site.commands.handle("b", CreateBlog("b", "B", visibility="public"), request("1"))
        await site.index.claim("b", "b")
        await site.commands.handle("b", WritePost("p", title="Quicksilver"), request("2"))
        await other.tail.load("b")  # and it follows the log no further
        await site.commands.handle("b", ChangePostStatus("p", "retracted"), request("3"))
        with pytest.raises(NotExported, match="withdrawn meanwhile"):
            await export_static(other, "b", tmp_path / "saved")
    assert names(tmp_path) == ["data"]


def test_a_draft_has_nothing_to_export_and_leaves_nothing_behind(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "draft", visibility="draft"):
        where = tmp_path / "draft"
        said = liveblog("export", "draft", str(where), "--static", data=server.data, code=1)
        assert "has no readers" in said
        assert list(tmp_path.iterdir()) == []


def test_a_blog_for_some_is_exported_by_a_token_that_is_gone_afterwards(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "some", visibility="restricted") as room:
        room.writes("For us.")
        before = liveblog("token", "list", data=server.data)
        assert exported(room, tmp_path / "some").wrongs() == []
        assert liveblog("token", "list", data=server.data) == before


def test_where_the_past_is_for_editors_the_record_is_not_exported(
    server: Server, tmp_path: Path
) -> None:
    with Newsroom(server, "present") as room:
        post = room.writes("Nine.")
        room.revises(post, markdown="Ten.")
        room.changes(past_public=False)
        saved = exported(room, tmp_path / "present")
        assert saved.wrongs() == []
        assert [name for name in saved.files if "record" in name and ".css" not in name] == []


def test_a_name_that_is_no_file_name_becomes_one() -> None:
    assert plain("0b6f2b1c-2f6e") == "0b6f2b1c-2f6e"
    assert plain("../../etc") == plain("../../etc") != plain("..")
    assert plain("../../etc").isalnum()


def test_the_export_of_a_log_is_as_before(server: Server, tmp_path: Path) -> None:
    with Newsroom(server, "log") as room:
        room.writes("One.")
        assert liveblog("export", "log", str(tmp_path / "log"), data=server.data) == "2 entries"
        assert httpx.get(f"{server.url}{room.path}").status_code == 200
