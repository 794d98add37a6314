"""The command line: while a server runs and when none does, asked rightly and wrongly."""

import re
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from server import cli
from server.serve import bind
from server.settings import Settings
from tests.process import LIVEBLOG, Server, liveblog


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory in which there is something."""
    data = tmp_path_factory.mktemp("used") / "data"
    liveblog("user", "create", "ann", "--role", "reader", data=data)
    return data


@pytest.fixture
def day(tmp_path: Path) -> Path:
    file = tmp_path / "fair.jsonl"
    file.write_text(
        '{"blog": {"slug": "fair", "title": "The fair", "language": "en"}}\n'
        '{"title": "Gates open", "at": "2026-05-02T09:00:00+02:00", "markdown": "*Early.*"}\n'
        '{"title": "Rain", "at": "2026-05-02T11:30:00+02:00", "markdown": "A little."}\n'
    )
    return file


def test_a_day_goes_in_is_replayed_verified_and_comes_back_elsewhere(
    data: Path, day: Path, tmp_path: Path
) -> None:
    assert liveblog("import", str(day), "--as-happened", data=data) == "/blogs/fair"
    lines = liveblog("replay", "fair", data=data).splitlines()
    assert [line for line in lines if "+" in line] == ["07:00  + Gates open", "09:30  + Rain"]
    archive = tmp_path / "fair.liveblog"
    count = liveblog("export", "fair", str(archive), data=data)
    assert count.endswith("entries")
    elsewhere = tmp_path / "elsewhere"
    assert liveblog("restore", str(archive), data=elsewhere) == "/blogs/fair"
    for where in (data, elsewhere):
        assert "every one as it was written" in liveblog("verify", "fair", data=where)
        assert "as they are served" in liveblog("rebuild", "fair", data=where)
    assert liveblog("replay", "fair", data=elsewhere).splitlines() == lines


def test_verify_names_the_first_bad_position_and_exits_with_1(
    data: Path, day: Path, tmp_path: Path
) -> None:
    liveblog("import", str(day), "--as-happened", data=data)
    archive = tmp_path / "fair.liveblog"
    liveblog("export", "fair", str(archive), data=data)
    archive.write_text(archive.read_text().replace("Gates open", "Gates shut"))
    said = liveblog("verify", str(archive), data=data, code=1)
    assert re.fullmatch(
        r"Error: entry \d+-3: a content is not the one it was stored with, that of its PostDrafted",
        said,
    )


def test_commands_work_while_a_server_runs_on_the_same_data(data: Path, day: Path) -> None:
    with Server(data) as server:
        assert liveblog("import", str(day), data=data) == "/blogs/fair"
        token = liveblog("token", "create", "--role", "editor", "--name", "ticker", data=data)
        headers = {"authorization": f"Bearer {token}"}
        sent = {"title": "From the ticker"}
        posts = f"{server.url}/api/blogs/fair/posts"
        assert httpx.post(posts, json=sent, headers=headers).status_code == 201
        listed = liveblog("token", "list", data=data)
        assert token not in listed
        [row] = listed.splitlines()
        assert "ticker" in row
        liveblog("token", "revoke", row.split()[0], data=data)
        assert httpx.post(posts, json=sent, headers=headers).status_code == 401
        assert server.stop() == 0


def test_a_token_ends_when_it_was_said_to(data: Path) -> None:
    with Server(data) as server:
        ended = ("--expires", "2020-01-01")
        token = liveblog("token", "create", "--role", "admin", *ended, data=data)
        answer = httpx.get(f"{server.url}/api/blogs", headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert "expired" in answer.text


def test_a_login_link_works_once_and_a_disabled_user_is_out(data: Path) -> None:
    with Server(data) as server:
        liveblog("user", "create", "ann", "--role", "editor", data=data)
        link = server.url + "/login/" + liveblog("login", "ann", data=data).rpartition("/")[2]
        with httpx.Client() as browser:
            assert browser.get(link).status_code == 200
            assert browser.post(link).headers["location"] == "/desk"
            assert browser.get(f"{server.url}/desk").status_code == 200
            with httpx.Client() as other:
                assert other.post(link).status_code == 403
            liveblog("user", "disable", "ann", data=data)
            assert browser.get(f"{server.url}/desk").status_code == 401
        assert "disabled" in liveblog("login", "ann", data=data, code=1)


def complaint(*arguments: str, data: Path, code: int) -> str:
    """What a command says that fails, run in this process: there are many ways to be wrong."""
    done = CliRunner().invoke(cli.main, [*arguments, "--data", str(data)])
    assert done.exit_code == code, done.output
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["verify", "nowhere"], 1, "there is no blog nowhere"),
        (["verify", "no/fair.liveblog"], 2, "there is no file no/fair.liveblog"),
        (["login", "nobody"], 1, "there is no user nobody"),
        (["token", "revoke", "t-0"], 1, "there is no token t-0"),
        (["token", "create", "--role", "king"], 2, "'king' is not one of"),
        (["token", "create", "--role", "admin", "--expires", "soon"], 2, "--expires takes 30d"),
        (["import", "missing.jsonl"], 2, "does not exist"),
        (["serve", "--host", "0.0.0.0"], 1, "LIVEBLOG_SECRET"),
        (["doctor", "--redis", "ftp://x"], 1, "LIVEBLOG_REDIS_URL starts with"),
        (["replay", "x", "--speed", "0"], 2, "0.0 is not in the range"),
        (["replay", "x", "--speed", "-1"], 2, "-1.0 is not in the range"),
        (["replay", "x", "--speed", "inf"], 2, "inf is not in the range"),
        (["replay", "x", "--speed", "nan"], 2, "nan is no number"),
        (["replay", "nowhere", "--into", "new"], 1, "there is no blog nowhere"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line_with_the_right_exit_code(
    used: Path, asked: list[str], code: int, said: str
) -> None:
    say = liveblog if asked[0] in {"serve", "verify"} else complaint
    answer = say(*asked, data=used, code=code)
    assert said in answer
    errors = [line for line in answer.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "Traceback" not in answer


@pytest.mark.parametrize(
    "asked",
    [
        ["export", "fair", "fair.liveblog"],
        ["verify", "fair"],
        ["rebuild", "fair"],
        ["replay", "fair"],
        ["replay", "fair", "--into", "new"],
        ["token", "list"],
        ["token", "revoke", "t-0"],
        ["user", "list"],
        ["user", "disable", "ann"],
        ["login"],
        ["doctor"],
    ],
)
def test_a_command_that_only_looks_makes_no_data_directory(data: Path, asked: list[str]) -> None:
    said = f"there is no data in {data}: name it with --data or LIVEBLOG_DATA"
    if asked == ["doctor"]:
        done = subprocess.run(
            [*LIVEBLOG, "doctor", "--data", str(data)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"BAD  {said}")
    else:
        assert complaint(*asked, data=data, code=2).splitlines()[-1] == f"Error: {said}"
    assert not data.exists()


def test_what_is_in_the_way_of_a_file_is_named_as_it_was(
    used: Path, day: Path, tmp_path: Path
) -> None:
    said = liveblog("verify", str(tmp_path), data=used, code=2)
    assert f"{tmp_path} is a folder" in said
    liveblog("import", str(day), data=used)
    nowhere = tmp_path / "nowhere" / "fair.liveblog"
    told = liveblog("export", "fair", str(nowhere), data=used, code=1)
    assert told == f"Error: {nowhere} cannot be written: No such file or directory"
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "saved"
    told = liveblog("export", "fair", str(folder), "--static", data=used, code=1)
    assert told == f"Error: {folder} cannot be made: Not a directory"


def test_a_data_directory_that_cannot_be_used_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    said = liveblog("serve", "--port", "0", data=tmp_path / "file", code=1)
    assert said.splitlines() == [said]
    assert str(tmp_path / "file") in said


def test_a_port_that_is_taken_is_told_in_one_line(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = liveblog("serve", "--port", port, data=data, code=1)
    assert said.splitlines() == [said]
    assert f"cannot listen on 127.0.0.1:{port}" in said


def test_the_doctor_finds_the_embedded_storage_well(used: Path) -> None:
    found = liveblog("doctor", data=used).splitlines()
    assert all(line.startswith("ok") for line in found)
    assert any("appendfsync always" in line for line in found)


def test_the_socket_listened_on_is_known_to_be_tcp(data: Path) -> None:
    """Only then does the loop send small answers at once, instead of 40 ms later."""
    with bind(Settings(data=data, port=0)) as bound:
        assert bound.proto == socket.IPPROTO_TCP
