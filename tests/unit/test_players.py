"""What plays at an address: by its form alone, over https alone, with the least a site keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.accept import is_web
from events.players import Player, player_of
from tests.corpus.hostile import ADDRESSES

YOUTUBE = "https://www.youtube-nocookie.com/embed/dQ_w9WgX-cQ"
PEERTUBE = "9c9de5e8-0a1e-484a-b099-e80766180a6d"


@pytest.mark.parametrize(
    ("address", "plays"),
    [
        ("https://www.youtube.com/watch?v=dQ_w9WgX-cQ", YOUTUBE),
        ("https://m.youtube.com/watch?list=PL1&v=dQ_w9WgX-cQ&t=90s", f"{YOUTUBE}?start=90"),
        ("https://youtu.be/dQ_w9WgX-cQ?si=tracks-who-shared-it", YOUTUBE),
        ("https://youtu.be/dQ_w9WgX-cQ?t=7", f"{YOUTUBE}?start=7"),
        ("https://www.youtube.com/shorts/dQ_w9WgX-cQ", YOUTUBE),
        ("https://youtube.com/live/dQ_w9WgX-cQ/", YOUTUBE),
        ("https://www.youtube.com/embed/dQ_w9WgX-cQ?autoplay=1", YOUTUBE),
        ("https://vimeo.com/123456789", "https://player.vimeo.com/video/123456789?dnt=1"),
        (
            "https://vimeo.com/123456789/abcdef0123",
            "https://player.vimeo.com/video/123456789?dnt=1&h=abcdef0123",
        ),
        (
            "https://player.vimeo.com/video/123456789?h=abcdef0123",
            "https://player.vimeo.com/video/123456789?dnt=1&h=abcdef0123",
        ),
        (
            "https://www.dailymotion.com/video/x8abcde",
            "https://geo.dailymotion.com/player.html?video=x8abcde",
        ),
        ("https://dai.ly/x8abcde", "https://geo.dailymotion.com/player.html?video=x8abcde"),
        ("https://archive.org/details/a_film.1931", "https://archive.org/embed/a_film.1931"),
        (
            f"https://tube.example:8443/videos/watch/{PEERTUBE}",
            f"https://tube.example:8443/videos/embed/{PEERTUBE}?p2p=0",
        ),
        (
            "https://tube.example/w/mNrj5mHfqxW3WMcBnGvL3b",
            "https://tube.example/videos/embed/mNrj5mHfqxW3WMcBnGvL3b?p2p=0",
        ),
        ("https://maps.example/embed?of=here", "https://maps.example/embed?of=here"),
    ],
)
def test_a_page_plays_in_a_frame(address: str, plays: str) -> None:
    player = player_of(address)
    assert player == Player(plays, tells_origin=plays.startswith(YOUTUBE))


@pytest.mark.parametrize("ending", ["mp4", "webm", "M4V", "ogv"])
def test_a_file_plays_by_itself(ending: str) -> None:
    address = f"https://video.example/a/film.{ending}?size=big"
    assert player_of(address) == Player(address, is_file=True)


@pytest.mark.parametrize(
    "address",
    [
        "http://video.example/1.mp4",
        "https://www.youtube.com/@somebody",
        "https://www.youtube.com/watch?v=",
        "https://www.youtube.com/watch?v=short",
        "https://youtu.be/dQ_w9WgX-cQ1",
        "https://vimeo.com/channels/staff",
        "https://www.dailymotion.com/nl",
        "https://archive.org/",
        "mailto:a@town.example",
        "",
        *ADDRESSES,
    ],
)
def test_what_cannot_be_framed_is_only_a_link(address: str) -> None:
    assert player_of(address) is None


hosts = st.sampled_from(
    ["www.youtube.com", "youtu.be", "vimeo.com", "dailymotion.com", "archive.org", "tube.example"]
)
paths = st.text("/abz019_-.%", max_size=40)
queries = st.text("?=&vth019%", max_size=30)


@given(st.builds(lambda *parts: "https://{}/{}?{}".format(*parts), hosts, paths, queries))
def test_whatever_the_address_only_https_is_loaded_and_the_host_is_named(address: str) -> None:
    player = player_of(address)
    if player:
        assert is_web(player.address)
        assert player.address.startswith(f"https://{player.host}")


@given(st.text(max_size=80))
def test_any_text_is_judged(text: str) -> None:
    assert player_of(text) is None or text.lower().startswith("https:")
