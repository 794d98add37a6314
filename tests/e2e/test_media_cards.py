"""Videos, embeds and pictures: nobody else is asked before a click, and nothing moves by one."""

from collections.abc import Iterator
from io import BytesIO

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.e2e.browser import Watch, until, watched
from tests.e2e.coverage import Coverage
from tests.e2e.test_axe import faults
from tests.e2e.test_reading import SHIFTS, jumped, opened, settled, top
from tests.process import Server

PLAYER = "https://tube.example/videos/embed/mNrj5mHfqxW3WMcBnGvL3b?p2p=0"
VIDEO = "url: https://tube.example/w/mNrj5mHfqxW3WMcBnGvL3b\ntitle: The brass band"
FILE = "url: https://film.example/band.mp4\ncaptions: https://film.example/band.vtt"
MAP = "url: https://maps.example/here\ntitle: Where it is"


def card(said: str, kind: str = "video") -> str:
    return f"```{kind}\n{said}\n```"


ABROAD = "https://"
"""How the addresses of all other hosts begin; our own server speaks plain HTTP."""


class Elsewhere:
    """The rest of the web: it answers every address, and says what it was asked."""

    def __init__(self, context: BrowserContext) -> None:
        self.asked: dict[str, dict[str, str]] = {}
        context.on("request", self._note)
        context.route(lambda url: url.startswith(ABROAD), self._answer)

    def _note(self, request: Request) -> None:
        if request.url.startswith(ABROAD):
            self.asked[request.url] = request.headers

    def _answer(self, route: Route, request: Request) -> None:
        if request.url.endswith((".mp4", ".vtt")):
            route.abort()
        else:
            route.fulfill(
                content_type="text/html",
                body="<!doctype html><title>p</title>"
                "<script>window.born = performance.timeOrigin</script><button>Play</button>",
            )


@pytest.fixture
def watch_of(site: Server, browser: Browser) -> Iterator[tuple[BrowserContext, Watch]]:
    with watched(browser, site.url, viewport={"width": 1000, "height": 700}) as both:
        both[0].add_init_script(SHIFTS)
        yield both


@pytest.fixture
def context(watch_of: tuple[BrowserContext, Watch]) -> BrowserContext:
    return watch_of[0]


@pytest.fixture
def elsewhere(watch_of: tuple[BrowserContext, Watch]) -> Elsewhere:
    """For those tests alone whose reader asks for it by a click."""
    context, watch = watch_of
    watch.lets_abroad()
    watch.passes_over("net::ERR_FAILED")
    return Elsewhere(context)


@pytest.fixture
def unscripted(site: Server, browser: Browser) -> Iterator[Page]:
    with watched(browser, site.url, java_script_enabled=False) as (context, _):
        yield context.new_page()


def picture(editor: httpx.Client, market: Coverage, colour: str = "teal") -> str:
    """The id of an uploaded picture, 1600 pixels wide and 1000 high."""
    file = BytesIO()
    Image.new("RGB", (1600, 1000), colour).save(file, "JPEG")
    answer = editor.post(f"/api{market.path}/media", content=file.getvalue())
    return str(answer.raise_for_status().json()["id"])


def shown_in(media: str) -> str:
    said = f"media: {media}\nalt: A stall\ncaption: At noon\ncredit: A. Writer"
    return card(said, "image")


def load(page: Page, name: str) -> None:
    """By a click, until its host is asked."""
    with page.expect_request(lambda request: request.url.startswith(ABROAD)):
        page.get_by_role("button", name=f"Load the {name}").click()
    expect(page.locator(".stage > *")).to_be_visible()


def born(page: Page) -> float:
    """When what plays was loaded: another number if it was loaded anew."""
    expect(page.frame_locator(".stage > iframe").get_by_role("button")).to_be_visible()
    return float(page.frames[-1].evaluate("born"))


# --- cards -------------------------------------------------------------------------------------


def test_no_host_is_asked_before_a_click_and_the_card_is_a_link_that_names_it(
    reader: Page, unscripted: Page, market: Coverage
) -> None:
    body = "\n\n".join([card(VIDEO), card(FILE), card(MAP, "embed")])
    post = market.publish("Films", 9, markdown=body)
    for page in (reader, unscripted):
        for path in (market.path, f"{market.path}/posts/{post}", f"{market.path}/embed"):
            page.goto(path)
            link = page.locator(f"#post-{post}").get_by_role("link", name="The brass band")
            expect(link).to_have_attribute("href", VIDEO.split()[1])
            expect(link).to_contain_text("tube.example")
    expect(unscripted.get_by_role("button", name="Load")).to_have_count(0)
    expect(reader.get_by_role("button", name="Load")).to_have_text(
        [
            "Load the video from tube.example",
            "Load the video from film.example",
            "Load the content from maps.example",
        ]
    )


def test_a_click_loads_the_player_into_a_sandbox_and_tells_it_nothing_of_the_page(
    reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    market.publish("Before", 8, markdown="Words. " * 200)
    market.publish("The band", 9, markdown=card(VIDEO))
    opened(reader, market)
    before = reader.locator(".card").bounding_box()
    reader.get_by_role("button", name="Load the video from tube.example").focus()
    reader.keyboard.press("Enter")
    frame = reader.locator(".stage > iframe")
    expect(frame).to_be_focused()
    expect(frame).to_have_attribute("src", PLAYER)
    expect(frame).to_have_attribute("title", "The brass band")
    expect(frame).to_have_attribute("referrerpolicy", "no-referrer")
    assert "allow-top-navigation" not in str(frame.get_attribute("sandbox"))
    assert born(reader)
    assert list(elsewhere.asked) == [PLAYER]
    assert not {"referer", "cookie"} & set(elsewhere.asked[PLAYER])
    assert reader.locator(".card").bounding_box() == before
    assert not jumped(reader)


def test_only_who_must_know_it_is_told_from_which_site_one_comes(
    site: Server, reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    market.publish("The band", 9, markdown=card("url: https://youtu.be/dQ_w9WgX-cQ"))
    opened(reader, market)
    load(reader, "video from www.youtube-nocookie.com")
    assert born(reader)
    ((address, headers),) = elsewhere.asked.items()
    assert address == "https://www.youtube-nocookie.com/embed/dQ_w9WgX-cQ"
    assert headers.get("referer") in {None, f"{site.url}/"}  # to https, from a page that is not
    expect(reader.locator("iframe")).to_have_attribute("referrerpolicy", "strict-origin")


def test_a_frame_of_our_own_origin_cannot_leave_its_sandbox(
    watch_of: tuple[BrowserContext, Watch], market: Coverage
) -> None:
    context, watch = watch_of
    page = context.new_page()
    market.publish("A map", 9, markdown=card(MAP, "embed"))
    opened(page, market)
    page.locator(".card").evaluate("card => { card.dataset.player = location.origin + '/'; }")
    with page.expect_console_message(lambda said: "frame-src" in said.text):
        page.get_by_role("button", name="Load the content from maps.example").click()
    expect(page.locator(".stage > *")).to_be_visible()
    tokens = str(page.locator("iframe").get_attribute("sandbox")).split()
    assert "allow-scripts" in tokens
    assert "allow-same-origin" not in tokens
    assert len(watch.errors) == 1  # the policy of the page has refused it already
    watch.errors.clear()


def test_a_file_plays_with_its_captions_or_else_without_them(
    reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    told = f"{FILE}\ntitle: The lock\ntranscript: https://town.example/words"
    market.publish("The lock", 9, markdown=card(told))
    opened(reader, market)
    expect(reader.get_by_role("link", name="Captions")).to_be_visible()
    transcript = reader.get_by_role("link", name="Transcript")
    expect(transcript).to_have_attribute("href", "https://town.example/words")
    assert not elsewhere.asked
    load(reader, "video from film.example")
    video = reader.locator("video")
    expect(video).to_have_attribute("src", "https://film.example/band.mp4")
    expect(video).to_have_attribute("preload", "none")
    expect(video).to_have_attribute("aria-label", "The lock")
    # Its host lets nobody read it: once it is asked without captions, it need not.
    expect(video.locator("track")).to_have_count(0)
    expect(video).not_to_have_attribute("crossorigin", "anonymous")
    assert {address.partition("/band")[0] for address in elsewhere.asked} == {
        "https://film.example"
    }


def test_what_plays_goes_on_while_its_post_is_edited_moved_and_marked(
    reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    market.publish("Before", 8)
    post = market.publish("The band", 9, markdown=f"It plays.\n\n{card(VIDEO)}\n\nAfter.")
    market.publish("After", 10)
    opened(reader, market)
    load(reader, "video")
    began = born(reader)
    place = reader.locator(f"#post-{post}")

    market.revise(post, markdown=f"- It plays.\n- Loudly.\n\n{card(VIDEO)}\n\nIt is late.")
    expect(place.locator(".body")).to_contain_text("It is late.")
    expect(place.locator(".body")).not_to_contain_text("After.")
    expect(place.locator("li")).to_have_text(["It plays.", "Loudly."])
    assert born(reader) == began

    renamed = VIDEO.replace("brass", "marching")
    market.revise(post, title="The marching band", markdown=card(renamed), tags=["music"])
    expect(place.locator(".card .title")).to_have_text("The marching band")
    expect(place.locator("h2")).to_have_text("The marching band")
    expect(place.locator(".body > *")).to_have_count(1)
    expect(place.locator(".tags")).to_have_text("music")
    assert born(reader) == began

    market.mark("PUT", post, "key")
    expect(place.locator(".badge")).to_be_visible()
    market.revise(post, published_at="2025-06-24T07:00:00Z")
    expect(reader.locator("#posts > li[data-id]").last).to_have_id(f"post-{post}")
    assert born(reader) == began
    assert list(elsewhere.asked) == [PLAYER]

    market.revise(post, markdown=card(MAP, "embed"))
    expect(reader.get_by_role("button", name="Load the content")).to_be_visible()
    expect(reader.locator("iframe")).to_have_count(0)


def test_two_that_play_stay_as_far_as_they_stay_in_their_order(
    reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    first, second = card(VIDEO), card(MAP, "embed")
    post = market.publish("Both", 9, markdown=f"{first}\n\n{second}")
    opened(reader, market)
    for name in ("video", "content"):
        reader.get_by_role("button", name=f"Load the {name}").click()
    frames = reader.locator(".stage > iframe")
    expect(frames).to_have_count(2)
    for number in range(2):
        expect(frames.nth(number).content_frame.get_by_role("button")).to_be_visible()
    market.revise(post, markdown=f"{second}\n\nWords between.\n\n{first}")
    expect(reader.locator(f"#post-{post} .body")).to_contain_text("Words between.")
    expect(frames).to_have_count(1)
    expect(frames).to_have_attribute("title", "Where it is")
    expect(reader.get_by_role("button", name="Load the video")).to_be_visible()
    market.revise(post, markdown="> It stood here.\n>\n> " + second.replace("\n", "\n> "))
    expect(reader.locator(f"#post-{post} blockquote")).to_be_visible()
    expect(frames).to_have_count(0)
    expect(reader.get_by_role("button", name="Load the content")).to_be_visible()
    assert elsewhere.asked


def test_a_post_that_is_edited_while_its_player_is_fetched_plays_all_the_same(
    reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    held: list[Route] = []
    reader.route("**/static/player.js*", lambda route: held.append(route))
    post = market.publish("The band", 9, markdown=card(VIDEO))
    opened(reader, market)
    reader.get_by_role("button", name="Load the video").click()
    until(reader, lambda: held)
    market.revise(post, markdown=f"It is loud.\n\n{card(VIDEO)}")
    expect(reader.locator(f"#post-{post} .body")).to_contain_text("It is loud.")
    held[0].continue_()
    expect(reader.locator(".stage > iframe")).to_be_focused()
    assert list(elsewhere.asked) == [PLAYER]


def test_what_is_withdrawn_plays_no_more(
    reader: Page, elsewhere: Elsewhere, market: Coverage
) -> None:
    post = market.publish("The band", 9, markdown=card(VIDEO))
    opened(reader, market)
    load(reader, "video")
    assert elsewhere.asked
    market.retract(post)
    expect(reader.locator("iframe")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("nl", "Video laden van tube.example"),
        ("de", "Video von tube.example laden"),
        ("fr", "Charger la vidéo depuis tube.example"),
        ("es", "Cargar el vídeo desde tube.example"),
        ("ar", "تحميل الفيديو من tube.example"),
    ],
)
def test_a_card_speaks_the_blogs_language_and_fits_into_a_phone(
    reader: Page, editor: httpx.Client, language: str, says: str
) -> None:
    market = Coverage(editor, language=language)
    market.publish("The band", 9, markdown=card(VIDEO), lang="en")
    reader.set_viewport_size({"width": 320, "height": 640})
    opened(reader, market)
    button = reader.get_by_role("button", name=says)
    expect(button.locator("span")).to_have_attribute("lang", language)
    box = button.bounding_box()
    assert box
    assert button.evaluate("button => button.scrollHeight <= button.clientHeight")
    assert reader.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_card_on_paper_has_its_address(reader: Page, market: Coverage) -> None:
    market.publish("The band", 9, markdown=card(VIDEO))
    opened(reader, market)
    expect(reader.get_by_role("button", name="Load")).to_be_visible()
    reader.emulate_media(media="print")
    expect(reader.get_by_role("button", name="Load")).to_be_hidden()
    said = "link => getComputedStyle(link, '::after').content"
    assert VIDEO.split()[1] in reader.locator(".card a").evaluate(said)


def test_axe_has_nothing_against_what_plays_nor_against_a_large_picture(
    reader: Page, elsewhere: Elsewhere, editor: httpx.Client, market: Coverage
) -> None:
    market.describe(summary="- It rains")
    market.publish("A stall", 8, markdown=shown_in(picture(editor, market)))
    market.publish("Films", 9, markdown=f"{card(VIDEO)}\n\n{card(MAP, 'embed')}", tags=["a"])
    opened(reader, market)
    assert faults(reader) == []
    load(reader, "video")
    assert elsewhere.asked
    expect(reader.locator("iframe")).to_be_focused()
    assert [line for line in faults(reader) if "iframe" in line and "button" not in line] == []
    reader.locator(".image > a").click()
    expect(reader.get_by_role("dialog")).to_be_visible()
    assert faults(reader) == []


# --- pictures ----------------------------------------------------------------------------------


def test_a_picture_opens_large_with_its_words_and_gives_the_focus_back(
    reader: Page, unscripted: Page, editor: httpx.Client, market: Coverage
) -> None:
    media = picture(editor, market)
    post = market.publish("A stall", 9, markdown=shown_in(media))
    unscripted.goto(market.path)
    link = unscripted.get_by_role("link", name="A stall")
    expect(link.last).to_have_attribute("href", f"/media/{media}.jpg")

    opened(reader, market)
    link = reader.locator(f"#post-{post} .image > a")
    link.focus()
    reader.keyboard.press("Enter")
    dialog = reader.get_by_role("dialog", name="A stall")
    expect(dialog.get_by_role("img", name="A stall")).to_be_visible()
    expect(dialog).to_contain_text("At noon A. Writer")
    assert "no" not in str(reader.locator("meta[name=viewport]").get_attribute("content"))
    reader.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()

    link.click()
    market.revise(post, markdown=f"{shown_in(media)}\n\nMore words.")
    expect(reader.locator(f"#post-{post} .body")).to_contain_text("More words.")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()

    link.click()
    expect(dialog).to_be_visible()
    market.retract(post)
    expect(dialog).to_have_count(0)


def test_a_picture_whose_post_is_edited_while_its_script_is_fetched_opens_and_stays_open(
    reader: Page, editor: httpx.Client, market: Coverage
) -> None:
    held: list[Route] = []
    reader.route("**/static/picture.js*", lambda route: held.append(route))
    media = picture(editor, market)
    post = market.publish("A stall", 9, markdown=shown_in(media))
    opened(reader, market)
    link = reader.locator(f"#post-{post} .image > a")
    link.click()
    until(reader, lambda: held)
    market.revise(post, markdown=f"{shown_in(media)}\n\nMore words.")
    expect(reader.locator(f"#post-{post} .body")).to_contain_text("More words.")
    held[0].continue_()
    dialog = reader.get_by_role("dialog", name="A stall")
    expect(dialog).to_be_visible()
    market.publish("Another", 10)
    expect(reader.locator("#posts > li[data-id]")).to_have_count(2)
    expect(dialog).to_be_visible()
    reader.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()


def test_in_a_frame_that_has_no_window_of_its_own_the_picture_is_a_link(
    watch_of: tuple[BrowserContext, Watch], editor: httpx.Client, market: Coverage
) -> None:
    context, watch = watch_of
    # The browser's own pages have styles, which our policy lets nobody have, and want an icon.
    watch.passes_over("inline style", "status of 404")
    media = picture(editor, market)
    market.publish("A stall", 9, markdown=shown_in(media))
    page = context.new_page()
    page.goto("/healthz")  # of our origin, and without a policy of its own
    page.set_content(f'<!doctype html><iframe src="{market.path}/embed"></iframe>')
    link = page.frame_locator("iframe").locator(".image > a")
    with context.expect_page() as opening:
        link.click()
    opening.value.wait_for_load_state()
    assert opening.value.url.endswith(f"/media/{media}.jpg")
    opening.value.close()


def test_pictures_that_come_late_or_never_move_nothing(
    watch_of: tuple[BrowserContext, Watch], editor: httpx.Client, market: Coverage
) -> None:
    context, watch = watch_of
    watch.passes_over("status of 404")
    reader = context.new_page()
    late, never = picture(editor, market), picture(editor, market, "maroon")
    held: list[Route] = []
    reader.route(f"**/media/{late}*", lambda route: held.append(route))
    reader.route(f"**/media/{never}*", lambda route: route.fulfill(status=404))
    market.publish("Below", 7, markdown="Words. " * 200)
    failing = market.publish("Never", 8, markdown=shown_in(never))
    waiting = market.publish("Late", 9, markdown=shown_in(late))
    opened(reader, market)
    box = reader.locator(f"#post-{waiting} img").bounding_box()
    assert box
    assert box["height"] == pytest.approx(box["width"] * 1000 / 1600, abs=1)
    stood = top(reader, failing)
    until(reader, lambda: held)
    for route in held:
        route.continue_()
    reader.wait_for_function(
        "post => document.querySelector(`#post-${post} img`).naturalWidth > 0", arg=waiting
    )
    gone = reader.locator(f"#post-{failing} img")
    gone.scroll_into_view_if_needed()
    reader.wait_for_function(
        "post => document.querySelector(`#post-${post} img`).complete", arg=failing
    )
    expect(reader.get_by_role("img", name="A stall").last).to_be_visible()
    kept = gone.bounding_box()
    assert kept
    assert kept["height"] == pytest.approx(box["height"], abs=1)
    reader.evaluate("scrollTo(0, 0)")
    settled(reader)
    assert top(reader, failing) == stood
    assert reader.evaluate("window.shifted") == 0
