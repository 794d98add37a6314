"""Behind a real proxy with TLS, configured by the files that docs/deploy.md hands out."""

import contextlib
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from tests.by_hand import NONE, PATIENCE, TINY, Events, Headers, Reader
from tests.figures import comes_to, nobody
from tests.ports import quiet_port
from tests.process import Server, liveblog
from tests.programs import program

DEPLOY = Path(__file__).parents[2] / "deploy"
LIVE = "/blogs/day/live?as=json"
BIG = "/blogs/big/live?as=json"

# Before deploy/Caddyfile: no other ports than the one we name, and nothing kept.
CADDY = """
{{
	admin off
	auto_https disable_redirects
	skip_install_trust
	storage file_system {folder}
}}
"""

# Around deploy/nginx.conf: one process that keeps everything in the folder.
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""


class Behind(NamedTuple):
    """A server, the address of the proxy in front of it, and what its certificate is checked by."""

    server: Server
    url: str
    tls: ssl.SSLContext
    editor: httpx.Client

    def reader(self, headers: Headers = NONE, path: str = LIVE, source: str = "") -> Reader:
        return Reader(self.url, path, headers, tls=self.tls, deflate=True, source=source)

    def events(self, headers: Headers = NONE) -> Events:
        return Events(self.url, LIVE, headers, verify=self.tls)

    def writes(self, title: str) -> str:
        post = self.editor.post("/api/blogs/day/posts", json={"title": title})
        return str(post.raise_for_status().json()["id"])


def anybody() -> ssl.SSLContext:
    """The certificates here are signed by nobody."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def needed(name: str) -> str:
    """Where a program is; the test is skipped where it is not."""
    if found := program(name):
        return found
    pytest.skip(f"{name} is not here: install the package {name}")


@contextlib.contextmanager
def caddy(upstream: int, port: int, folder: Path) -> Iterator[None]:
    caddy = needed("caddy")
    # As if a CDN were in front: what loopback says of whom it asks for is passed on.
    site, found = re.subn(
        r"reverse_proxy .*{\n",
        r"\g<0>trusted_proxies 127.0.0.1/32\n",
        (DEPLOY / "Caddyfile").read_text(),
    )
    assert found == 2, "deploy/Caddyfile has other proxies than this knows"
    file = folder / "Caddyfile"
    file.write_text(CADDY.format(folder=folder) + site)
    environment = {
        "HOME": str(folder),
        "LIVEBLOG_DOMAIN": f"https://localhost:{port}",
        "LIVEBLOG_UPSTREAMS": f"127.0.0.1:{upstream}",
    }
    command = [caddy, "run", "--config", str(file), "--adapter", "caddyfile"]
    with running(command, port, environment, folder):
        yield


@contextlib.contextmanager
def nginx(upstream: int, port: int, folder: Path) -> Iterator[None]:
    nginx = needed("nginx")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = [
        needed("openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
    ]
    made += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    site = (DEPLOY / "nginx.conf").read_text()
    for here, there in (
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{upstream}"),
        (r"listen 443", f"listen 127.0.0.1:{port}"),
        (r"live\.example\.org;", "localhost;"),
        (r"(?<=ssl_certificate )\S+;", f"{certificate};"),
        (r"(?<=ssl_certificate_key )\S+;", f"{key};"),
    ):
        site, found = re.subn(here, there, site)
        assert found == 1, f"{here} is {found} times in deploy/nginx.conf"
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, site=site))
    with running([nginx, "-p", str(folder), "-e", "error.log", "-c", str(file)], port, {}, folder):
        yield


@contextlib.contextmanager
def running(
    command: list[str], port: int, environment: dict[str, str], folder: Path
) -> Iterator[None]:
    """A program from when it hands on to the server to the end of the block."""
    said = folder / "said"  # a file, since in a pipe that nobody reads it would get stuck
    with (
        said.open("wb") as saying,
        subprocess.Popen(command, env=os.environ | environment, stderr=saying) as process,
    ):
        try:
            deadline = time.monotonic() + PATIENCE
            while not is_ready(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise AssertionError(said.read_text())
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def is_ready(port: int) -> bool:
    """Whether it has its certificate, and finds the server behind it."""
    with contextlib.suppress(httpx.TransportError):
        asked = httpx.get(f"https://localhost:{port}/readyz", verify=anybody(), timeout=PATIENCE)
        return asked.status_code == 200
    return False


Front = Callable[[int, int, Path], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def standing(front: Front, folder: Path, ping: str) -> Iterator[Behind]:
    port = quiet_port()
    server = Server(
        folder / "data",
        LIVEBLOG_PROXIES="127.0.0.1",
        LIVEBLOG_READERS_PER_ADDRESS="2",
        LIVEBLOG_PING=ping,
        LIVEBLOG_STALL="1",
        LIVEBLOG_DRAIN="0.5",
    )
    try:
        upstream = int(server.url.rpartition(":")[2])
        with front(upstream, port, folder), server.client() as editor:
            blog = {"slug": "day", "title": "A day", "visibility": "public"}
            editor.post("/api/blogs", json=blog).raise_for_status()
            yield Behind(server, f"https://localhost:{port}", anybody(), editor)
    finally:
        server.kill()


@pytest.fixture(scope="module", params=[caddy, nginx])
def front(request: pytest.FixtureRequest) -> Front:
    chosen: Front = request.param
    return chosen


@pytest.fixture(scope="module")
def behind(front: Front, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with standing(front, tmp_path_factory.mktemp("proxy"), ping="0.5") as behind:
        yield behind


def test_all_three_transports_work(behind: Behind) -> None:
    with behind.reader() as reader, behind.events() as stream:
        snapshot = reader.hears("snapshot")
        assert stream.hears("snapshot") == snapshot
        post = behind.writes("Through the proxy")
        assert reader.hears("post")["id"] == post
        assert stream.hears("post")["id"] == post
        with httpx.Client(base_url=behind.url, verify=behind.tls) as poller:
            changes = f"/api/blogs/day/changes?since={snapshot['position']}"
            polled = poller.get(changes)
            assert [message.get("id") for message in polled.json()] == [None, post]
            known = {"if-none-match": polled.headers["etag"]}
            assert poller.get(changes, headers=known).status_code == 304


def test_a_reader_that_says_nothing_is_kept_and_hears_that_the_line_is_alive(
    behind: Behind,
) -> None:
    with behind.reader() as reader, behind.events() as stream:
        reader.pinged(3)
        assert reader.hears("hello", times=3)["resumed"] is True
        assert stream.hears("hello")["resumed"] is False
        assert stream.hears("hello")["resumed"] is True


def test_the_address_that_the_proxy_forwards_is_counted(behind: Behind) -> None:
    comes_to(behind.server.url, nobody)
    ann, bob = {"x-forwarded-for": "198.51.100.1"}, {"x-forwarded-for": "198.51.100.2"}
    with behind.reader(ann) as first, behind.events(ann) as second:
        first.hears("hello")
        second.hears("hello")
        with behind.reader(ann) as refused:
            assert refused.ends() == 4429
        with behind.events(ann) as refused_stream:
            assert refused_stream.answer.status_code == 429
        with behind.reader(bob) as other:
            other.hears("hello")
    comes_to(behind.server.url, nobody)


@pytest.mark.skipif(sys.platform != "linux", reason="loopback has one address here")
def test_what_a_client_says_of_itself_is_not_what_the_proxy_says(behind: Behind) -> None:
    comes_to(behind.server.url, nobody)
    forged = {"x-forwarded-for": "198.51.100.1"}
    with contextlib.ExitStack() as held:
        for _ in range(3):  # they would be one too many if that were where they are from
            held.enter_context(behind.reader(forged, source="127.0.0.2")).hears("hello")


def test_the_desk_is_at_home_on_the_address_that_was_asked_for(behind: Behind) -> None:
    blog = {"slug": "members", "title": "Members", "visibility": "restricted"}
    behind.editor.post("/api/blogs", json=blog).raise_for_status()
    link = urlsplit(liveblog("login", data=behind.server.data)).path
    with httpx.Client(base_url=behind.url, verify=behind.tls) as browser:
        cookie = browser.post(link).headers["set-cookie"]
    assert "secure" in cookie.lower()
    from_here = {"cookie": cookie.partition(";")[0], "origin": behind.url}
    with behind.reader(from_here, "/blogs/members/live") as reader:
        reader.hears("hello")
    elsewhere = from_here | {"origin": "https://elsewhere.example"}
    with behind.reader(elsewhere, "/blogs/members/live") as reader:
        assert reader.ends() == 4401


def test_one_that_reads_nothing_is_sent_away_and_nobody_else_is_held_up(behind: Behind) -> None:
    blog = {"slug": "big", "title": "Big", "visibility": "public"}
    behind.editor.post("/api/blogs", json=blog).raise_for_status()
    body = [{"type": "paragraph", "content": [{"type": "text", "text": "word " * 40_000}]}]
    for _ in range(30):
        behind.editor.post("/api/blogs/big/posts", json={"body": body}).raise_for_status()
    with Reader(behind.url, BIG, tls=behind.tls, buffer=TINY) as stuck, behind.reader() as other:
        other.hears("snapshot")
        comes_to(behind.server.url, lambda now: now["readers"] == 2)
        post = behind.writes("Meanwhile")
        assert other.hears("post")["id"] == post
        other.pinged(other.pings + 4)
        assert stuck.ends() in {4408, 1006}  # 1006 if this machine was too slow to be told
        assert other.code is None
    comes_to(behind.server.url, nobody)


def test_readers_are_sent_away_through_the_proxy(front: Front, tmp_path: Path) -> None:
    with standing(front, tmp_path, ping="30") as behind, contextlib.ExitStack() as held:
        readers = [
            held.enter_context(behind.reader({"x-forwarded-for": f"198.51.100.{number}"}))
            for number in range(10)
        ]
        for reader in readers:
            reader.hears("snapshot")
        stream = held.enter_context(behind.events())
        stream.hears("snapshot")
        behind.server.process.terminate()
        assert {reader.ends() for reader in readers} == {1012}
        assert {message["type"] for _, message in stream} <= {"hello"}
        assert behind.server.stop() == 0
