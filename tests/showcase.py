"""Blogs with everything in them, and the table of our pages: what every outside judge is shown.

A page is added to AUDIENCE or DESK; then axe, the HTML checker, Lighthouse, and the tests of
policies, cookies and foreign hosts look at it.
"""

import contextlib
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx

from tests.newsroom import Newsroom
from tests.process import Server, liveblog

AUDIENCE: Final = {
    "the front page": "/",
    "the page": "/blogs/fair",
    "an older page": "/blogs/fair?before={older}",
    "the page, oldest first": "/blogs/fair?sort=oldest&tag=music",
    "a permalink": "/blogs/fair/posts/{post}",
    "the embed": "/blogs/fair/embed",
    "the page as it was": "/blogs/fair?at={then}",
    "the replay": "/blogs/fair/replay",
    "the record": "/blogs/fair/record",
    "the record of a post": "/blogs/fair/record?post={edited}&sort=oldest",
    "the record, from right to left": "/blogs/souq/record",
    "a page from right to left": "/blogs/souq",
    "a page with nothing on it": "/blogs/soon",
    "the API's description": "/api/docs",
}
"""What anybody may open, all answered with 200."""
NOT_THERE: Final = {
    "a page that is not there": "/blogs/nowhere",
    "a page that is not there, in a blog's language": "/blogs/souq/posts/none",
}
"""Answered with 404."""
OUTSIDE: Final = {"the desk's door": "/desk", "a login link": "/login/a-secret"}
"""Pages of the desk for those who are not logged in."""
DESK: Final = {
    "the list of blogs": "/desk",
    "the desk": "/desk/fair",
    "a post's history": "/desk/fair/posts/{edited}/history",
}

POSTS: Final = 60

PARTS: Final = (
    (
        "## What is on\n\nThe **brass band** plays _twice_, ~~at noon~~ and at `15:00`: see the\n"
        "[programme](https://fair.example/programme). As they say [à bientôt](lang:fr)."
    ),
    "# First\n\nThe gate.\n\n## Then\n\nThe *stalls*.\n\n### Last\n\nThe fireworks.",
    "- bread\n- cheese\n  1. old\n  2. young\n- wine\n\n3. the east gate\n4. the west gate",
    (
        "> ```quote\n> source: The mayor\n> cite: https://fair.example/speech\n> lang: fr\n> ```\n"
        "> Soyez les bienvenus.\n>\n> Tous."
    ),
    "> Nobody said who said this.",
    "![A green tent](media:{picture})",
    "```image\nmedia: {picture}\nalt: Two tents\ncaption: Tents at noon\ncredit: Ann Field\n```",
    "```video\nurl: https://video.example/1.mp4\ncaptions: https://video.example/1.vtt\n```",
    "```video\nurl: https://video.example/2\ntranscript: https://video.example/words\n```",
    "```link\nurl: https://fair.example/\ntitle: The fair\ndescription: Hour by hour.\n```",
    "```embed\nurl: https://maps.example/square\ntitle: The square\nprovider: Maps\n```",
    "Before the rain.\n\n---\n\nAfter it.",
    "```\nnorth = open\nsouth = closed\n```",
)
"""Markdown with each kind of block in it, several in different posts."""


class Showcase:
    """The blogs, written over the API of a server; the values for the braces of the tables."""

    def __init__(self, server: Server) -> None:
        self.server = server
        elsewhere = [{"language": "nl", "url": "https://fair.example/nl"}]
        legal = {name: f"https://fair.example/{name}" for name in ("imprint", "privacy")}
        looks = {"accent": "#1f7a4d", "translations": elsewhere, **legal}
        words = "Music, food and a fire, all day long."
        with Newsroom(
            server, "fair", "The summer fair", standfirst=words, appearance=looks, show_viewers=True
        ) as fair:
            fair.changes(summary="- **Open:** since nine\n- The [band](https://fair.example) plays")
            self._opens(fair.turns("live"))
        with Newsroom(server, "souq", "سوق المدينة", language="ar", time_zone="Asia/Amman") as souq:
            souq.turns("live")
            souq.writes("تفتح الأبواب عند الظهر، **مجانًا**.", title="الأبواب مفتوحة", key=True)
            souq.writes("> أهلًا وسهلًا بكم.", author="ليلى", tags=["موسيقى"], pinned=True)
        with Newsroom(server, "soon", "Not yet"):
            pass

    def address(self, path: str) -> str:
        """The whole address of a path of the tables."""
        return self.server.url + path.format(**vars(self))

    def _opens(self, fair: Newsroom) -> None:
        picture = fair.uploads(size=(1000, 600))
        parts = [part.replace("{picture}", picture) for part in PARTS]
        posts = []
        for number in range(POSTS):
            said = {
                "title": f"Update number {number}" if number % 3 else "",
                "author": "Nour Beck" if number % 4 else "",
                "tags": ["music", "food"] if number % 5 == 0 else [],
                "key": number % 20 == 5,
                "lang": "nl" if number % 10 == 7 else "",
                "published_at": f"2025-06-{24 + number // 30}T{8 + number % 12:02}:05:00Z",
            }
            posts.append(fair.writes(parts[number % len(parts)], **said))
        self.post = posts[-1]
        fair.writes("\n\n".join(parts), title="Everything at once", pinned=True)
        self.edited = posts[-2]
        fair.revises(self.edited, markdown="Nine boats.", correction="There were nine, not ten.")
        fair.retracts(posts[-3])
        half = fair.editor.get(f"{fair.api}/posts/{posts[POSTS // 2]}").json()
        self.older, self.then = half["order"], half["position"]


@contextlib.contextmanager
def editor(server: Server) -> Iterator[httpx.Client]:
    """A browser without scripts, in which an admin is logged in."""
    liveblog("user", "create", "ada", "--role", "admin", data=server.data)
    link = liveblog("login", "ada", data=server.data)
    with httpx.Client(base_url=server.url, headers={"accept": "text/html"}, timeout=30) as browser:
        browser.post(urlsplit(link).path)
        assert browser.cookies, "no session"
        yield browser
