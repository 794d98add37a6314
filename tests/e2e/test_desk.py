"""The desk in a real Chromium, on a real server: an editor's night, and what may go wrong in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

import httpx
import msgspec
import pytest
from PIL import Image
from playwright.sync_api import APIResponse, Browser, Locator, Page, Route, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.browser import until
from tests.e2e.conftest import Site

numbers = count(1)


@pytest.fixture(scope="module")
def session(site: Site, browser: Browser) -> Any:
    """What Anna's browser keeps after she came in by her link."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.login_url("anna"))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/desk")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def api(site: Site) -> Iterator[httpx.Client]:
    """A colleague who works with the API."""
    with site.client("admin") as client:
        yield client


@pytest.fixture
def page(site: Site, browser: Browser, session: Any) -> Iterator[Page]:
    """Anna's browser. Nothing in it may fail: neither a script nor the content policy."""
    context = browser.new_context(storage_state=session, base_url=site.url)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Policy" in said.text else None)
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def slug(api: httpx.Client) -> str:
    """A blog that is live."""
    slug = f"night-{next(numbers)}"
    blog = {"slug": slug, "title": "A night at the quay", "time_zone": "Europe/Amsterdam"}
    api.post("/api/blogs", json=blog).raise_for_status()
    api.put(f"/api/blogs/{slug}/status", json={"status": "live"}).raise_for_status()
    return slug


@pytest.fixture
def desk(page: Page, slug: str) -> Page:
    page.goto(f"/desk/{slug}")
    return page


def new(desk: Page) -> Locator:
    return desk.locator("#new form")


def posts(desk: Page) -> Locator:
    return desk.locator("#posts > li")


def text(form: Locator) -> Locator:
    return form.locator("[name=markdown]")


def said(item: Locator) -> Locator:
    """The text of a post as the list shows it."""
    return item.locator("[data-slot=body]")


def press(within: Locator | Page, name: str) -> None:
    within.get_by_role("button", name=name, exact=True).click()


def publish(desk: Page, markdown: str) -> Locator:
    """Write a post and publish it; its item in the list."""
    text(new(desk)).fill(markdown)
    press(new(desk), "Publish")
    expect(new(desk).locator("[data-slot=message]")).to_have_text("Published.")
    item = posts(desk).filter(has_text=markdown)
    expect(item).to_be_visible()
    return item


def listed(api: httpx.Client, slug: str) -> list[dict[str, Any]]:
    answer = api.get(f"/api/blogs/{slug}/posts", params={"status": "all"})
    return list(answer.raise_for_status().json()["posts"])


def picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (320, 200), (20, 80, 120)).save(file, "PNG")
    return file.getvalue()


def test_a_stranger_is_told_how_to_log_in(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"{site.url}/desk/anything")
    assert answer is not None
    assert answer.status == 401
    expect(page.get_by_text("liveblog login NAME")).to_be_visible()
    context.close()


def test_a_link_logs_in_once_and_logging_out_ends_it(site: Site, browser: Browser) -> None:
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    link = site.login_url("bram", "editor")
    page.goto(link)
    press(page, "Log in")
    expect(page.get_by_role("heading", name="Blogs")).to_be_visible()
    expect(page.get_by_text("Open a blog")).to_have_count(0)
    press(page, "Log out")
    page.wait_for_url("**/")
    page.goto("/desk")
    expect(page.get_by_text("You are not logged in")).to_be_visible()
    page.goto(link)
    with page.expect_navigation():
        press(page, "Log in")
    page.goto("/desk")
    expect(page.get_by_text("You are not logged in")).to_be_visible()
    context.close()


def test_a_blog_is_opened_described_and_goes_live(page: Page, api: httpx.Client) -> None:
    page.goto("/desk")
    page.get_by_label("Title").fill("Størm: the Night Ferry")
    expect(page.get_by_label("Address")).to_have_value("st-rm-the-night-ferry")
    page.get_by_label("Address").fill("night-ferry")
    page.get_by_label("Time zone").fill("Mars/Olympus")
    press(page, "Open the blog")
    expect(page.get_by_text("is not a time zone")).to_be_visible()
    page.get_by_label("Time zone").fill("Europe/Amsterdam")
    press(page, "Open the blog")
    page.wait_for_url("**/desk/night-ferry")

    statuses = page.locator("#statuses button:visible")
    expect(statuses).to_have_text(["Go live"])
    press(page, "Go live")
    expect(page.locator("#status")).to_have_text("Live")
    expect(statuses).to_have_text(["Pause", "End"])

    page.get_by_text("Title, summary, address …").click()
    page.locator("#details [name=title]").fill("The ferry, by night")
    page.locator("#details [name=slug]").fill("ferry-by-night")
    press(page, "Save details")
    expect(page.locator("#title")).to_have_text("The ferry, by night")
    page.wait_for_url("**/desk/ferry-by-night")
    blog = api.get("/api/blogs/ferry-by-night").json()
    assert (blog["title"], blog["status"], blog["visibility"]) == (
        "The ferry, by night",
        "live",
        "public",
    )
    publish(page, "Written at the new address.")


def test_the_desk_says_how_many_are_reading_and_whether_they_are_told(
    desk: Page, slug: str, site: Site, api: httpx.Client
) -> None:
    number = desk.locator("#viewers")
    expect(number).to_have_text("0 reading")
    with connect(f"{site.url.replace('http', 'ws')}/blogs/{slug}/live"):
        expect(number).to_have_text("1 reading")
        desk.get_by_text("Title, summary, address …").click()
        told = desk.get_by_label("Tell the audience how many are reading")
        expect(told).not_to_be_checked()
        told.check()
        press(desk, "Save details")
        expect(desk.locator("#details [data-slot=message]")).to_have_text("Saved.")
        assert api.get(f"/api/blogs/{slug}").json()["show_viewers"] is True
    expect(number).to_have_text("0 reading")
    api.patch(f"/api/blogs/{slug}", json={"show_viewers": False}).raise_for_status()
    expect(told).not_to_be_checked()


def test_an_answer_that_comes_late_does_not_undo_a_later_one(
    desk: Page, slug: str, api: httpx.Client
) -> None:
    late: list[tuple[Route, APIResponse]] = []
    desk.route("**/details", lambda route: late.append((route, route.fetch())), times=1)
    api.patch(f"/api/blogs/{slug}", json={"title": "A night at sea"}).raise_for_status()
    until(desk, lambda: late)
    api.patch(f"/api/blogs/{slug}", json={"title": "A night at home"}).raise_for_status()
    # What is told of later is seen later: the desk knows by then that there is a newer title.
    for number in range(2):
        said = {"title": f"Said later {number}", "markdown": "So we hear."}
        api.post(f"/api/blogs/{slug}/posts", json=said).raise_for_status()
        expect(desk.locator("#posts")).to_contain_text(said["title"])
        for route, answer in late:
            route.fulfill(response=answer)
        late.clear()
    expect(desk.locator("#title")).to_have_text("A night at home")
    expect(desk.locator("#details [name=title]")).to_have_value("A night at home")


def test_a_post_is_previewed_and_published_as_previewed(desk: Page, slug: str) -> None:
    form = new(desk)
    form.locator("[name=title]").fill("Gates")
    form.locator("[name=tags]").fill("harbour, weather")
    text(form).fill("The gates **close** at nine.\n\n- north\n- south\n\n<script>alert(1)</script>")
    press(form, "Preview")
    preview = form.locator("[data-slot=preview]")
    expect(preview.locator("strong")).to_have_text("close")
    expect(preview.locator("li")).to_have_count(2)
    expect(preview).to_contain_text("<script>alert(1)</script>")
    form.get_by_label("Key event").check()
    press(form, "Publish")
    item = posts(desk)
    expect(item.locator("h3")).to_have_text("Gates")
    expect(said(item).locator("strong")).to_have_text("close")
    expect(item.locator("[data-slot=key]")).to_be_visible()
    expect(item.locator(".byline")).to_contain_text("#weather")
    desk.goto(f"/blogs/{slug}")
    expect(desk.locator("#posts article h2")).to_have_text("Gates")


def test_a_draft_is_edited_and_published_and_edited_again(desk: Page, slug: str) -> None:
    text(new(desk)).fill("First thoughts")
    press(new(desk), "Save draft")
    item = posts(desk)
    expect(item.locator(".status")).to_have_text("Draft")
    press(item, "Edit")
    text(item).fill("Second thoughts")
    press(item, "Publish")
    expect(item.locator(".status")).to_have_text("Published")
    press(item, "Edit")
    expect(text(item)).to_have_value("Second thoughts\n")
    text(item).fill("Third thoughts")
    press(item, "Save")
    expect(said(item)).to_have_text("Third thoughts")
    desk.goto(f"/blogs/{slug}")
    expect(desk.locator("#posts article .body")).to_have_text("Third thoughts")


def test_a_correction_needs_its_public_note(desk: Page, slug: str) -> None:
    item = publish(desk, "Twelve boats are out.")
    press(item, "Correct")
    text(item).fill("Eleven boats are out.")
    press(item, "Publish the correction")
    expect(item).to_contain_text("A correction needs its public note")
    item.locator("[name=correction]").fill("There were eleven boats, not twelve.")
    press(item, "Publish the correction")
    expect(posts(desk).locator("[data-slot=correction]")).to_contain_text("eleven boats, not")
    desk.goto(f"/blogs/{slug}")
    expect(desk.locator(".correction")).to_contain_text("There were eleven boats, not twelve.")


def test_a_note_runs_as_it_is_written(desk: Page) -> None:
    note = "كانت أحد عشر قاربًا."
    item = publish(desk, "The harbour is full of boats.")
    press(item, "Correct")
    item.locator("[name=correction]").fill(note)
    press(item, "Publish the correction")
    words = posts(desk).locator("[data-slot=correction] bdi")
    expect(words).to_have_text(note)
    assert words.evaluate("each => getComputedStyle(each).direction") == "rtl"


def test_on_a_phone_the_buttons_above_the_text_share_a_row(desk: Page) -> None:
    desk.set_viewport_size({"width": 360, "height": 740})
    boxes = [button.bounding_box() for button in new(desk).locator(".tabs button").all()]
    assert len({box["y"] for box in boxes if box}) == 1


def test_a_post_is_retracted_with_a_reason_and_restored(desk: Page, api: httpx.Client) -> None:
    item = publish(desk, "The bridge is open.")
    press(item, "Retract …")
    item.get_by_label("Reason").fill("It was another bridge.")
    press(item, "Retract")
    expect(item.locator(".status")).to_have_text("Retracted")
    expect(item).to_contain_text("Withdrawn: It was another bridge.")
    slug = desk.url.rpartition("/")[2]
    assert api.get(f"/api/blogs/{slug}/posts").json()["posts"] == []
    press(item, "Restore")
    expect(item.locator(".status")).to_have_text("Published")


def test_a_post_is_pinned_and_marked_and_both_undone(desk: Page, api: httpx.Client) -> None:
    item = publish(desk, "Follow the tide here.")
    slug = desk.url.rpartition("/")[2]
    for press_first, place, then in (("Pin", "pinned", "Unpin"), ("Mark key", "key", "Not key")):
        mark = item.locator(f"[data-slot={place}]")
        press(item, press_first)
        expect(mark).to_be_visible()
        assert listed(api, slug)[0][place] is True
        press(item, then)
        expect(mark).to_be_hidden()
        assert listed(api, slug)[0][place] is False


def test_a_post_is_scheduled_by_the_clocks_of_the_blog(
    desk: Page, api: httpx.Client, slug: str
) -> None:
    text(new(desk)).fill("Good morning.")
    press(new(desk), "Schedule …")
    year = datetime.now(UTC).year + 1
    new(desk).locator("[name=publish_at]").fill(f"{year}-07-01T06:30")
    press(new(desk), "Schedule for this time")
    item = posts(desk)
    expect(item.locator(".status")).to_have_text("Scheduled")
    expect(item.locator("time")).to_contain_text("06:30")
    assert listed(api, slug)[0]["publish_at"] == f"{year}-07-01T04:30:00Z"
    press(item, "Publish now")
    expect(item.locator(".status")).to_have_text("Published")


def test_a_time_that_has_passed_is_refused_and_the_text_stays(desk: Page) -> None:
    text(new(desk)).fill("Too late.")
    press(new(desk), "Schedule …")
    past = datetime.now(UTC) - timedelta(days=2)
    new(desk).locator("[name=publish_at]").fill(past.strftime("%Y-%m-%dT%H:%M"))
    press(new(desk), "Schedule for this time")
    expect(new(desk)).to_contain_text("lies in the future")
    expect(text(new(desk))).to_have_value("Too late.")


def test_a_picture_needs_words_or_to_be_decoration(desk: Page) -> None:
    form = new(desk)
    text(form).fill("Look:")
    press(form, "Picture …")
    form.locator("[name=file]").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": picture()}
    )
    press(form, "Upload and insert")
    expect(form).to_contain_text("Say what the picture shows")
    form.get_by_label("What it shows").fill("The quay [north] at dusk")
    form.get_by_label("Caption", exact=True).fill("Half past nine")
    press(form, "Upload and insert")
    expect(form.locator("[data-slot=picture]")).to_be_hidden()
    press(form, "Publish")
    image = posts(desk).locator("img")
    expect(image).to_have_attribute("alt", "The quay [north] at dusk")
    expect(image).to_have_js_property("naturalWidth", 320)
    expect(posts(desk).locator("figcaption")).to_contain_text("Half past nine")


def test_a_video_is_put_into_the_text_with_what_it_says(desk: Page) -> None:
    form = new(desk)
    text(form).fill("Watch:")
    press(form, "Video …")
    form.get_by_label("Address, of").fill("https://video.example/1")
    form.get_by_label("Captions").fill("1.vtt")
    press(form, "Insert")
    expect(form).to_contain_text("The address of the captions begins with https://")
    form.get_by_label("Captions").fill("https://video.example/1.vtt")
    form.get_by_label("Transcript").fill("https://video.example/words")
    press(form, "Insert")
    expect(form.locator("[data-slot=video]")).to_be_hidden()
    expect(text(form)).to_be_focused()
    press(form, "Publish")
    card = posts(desk).locator(".card.video")
    expect(card).to_contain_text("video.example")
    expect(card.get_by_role("link", name="Captions")).to_be_visible()
    transcript = card.get_by_role("link", name="Transcript")
    expect(transcript).to_have_attribute("href", "https://video.example/words")


def test_the_summary_is_written_at_the_desk(desk: Page, api: httpx.Client, slug: str) -> None:
    desk.get_by_text("Title, summary, address …").click()
    summary = desk.locator("#details [name=summary]")
    summary.fill("# It rains")
    press(desk, "Save details")
    expect(desk.locator("#details")).to_contain_text("takes paragraphs and lists alone")
    summary.fill("* It *rains*")
    press(desk, "Save details")
    expect(desk.locator("#details")).to_contain_text("Saved.")
    assert api.get(f"/api/blogs/{slug}").json()["summary"] == "- It *rains*"
    api.patch(f"/api/blogs/{slug}", json={"summary": "Dry again."}).raise_for_status()
    desk.reload()
    desk.get_by_text("Title, summary, address …").click()
    expect(summary).to_have_value("Dry again.")


def test_rubbish_is_no_picture_and_nothing_typed_is_lost(desk: Page) -> None:
    form = new(desk)
    text(form).fill("Look:")
    press(form, "Picture …")
    form.locator("[name=file]").set_input_files(
        {"name": "x.png", "mimeType": "image/png", "buffer": b"not a picture at all"}
    )
    form.get_by_label("It is only decoration").check()
    press(form, "Upload and insert")
    expect(form.locator("[data-slot=message]")).to_contain_text("accepted is")
    expect(text(form)).to_have_value("Look:")


def stale(desk: Page, api: httpx.Client, slug: str) -> Locator:
    """An item whose editor stands on a text that a colleague has changed since."""
    item = publish(desk, "The first text.")
    press(item, "Edit")
    text(item).fill("My text.")
    (post,) = listed(api, slug)
    api.patch(
        f"/api/blogs/{slug}/posts/{post['id']}",
        json={"markdown": "Their text."},
        headers={"if-match": f'"{post["version"]}"'},
    ).raise_for_status()
    press(posts(desk), "Save")
    return posts(desk)


def test_a_stale_save_shows_both_texts_and_mine_goes_on_top(
    desk: Page, api: httpx.Client, slug: str
) -> None:
    item = stale(desk, api, slug)
    expect(item.locator("[data-slot=theirs]")).to_have_text("Their text.")
    expect(item.locator("[data-slot=yours]")).to_have_text("My text.")
    press(item, "Use mine on top of theirs")
    expect(said(item)).to_have_text("My text.")
    (post,) = listed(api, slug)
    assert (post["html"], post["version"]) == ('<p dir="auto">My text.</p>', 3)


def test_a_stale_save_shows_both_texts_and_mine_is_discarded(
    desk: Page, api: httpx.Client, slug: str
) -> None:
    item = stale(desk, api, slug)
    expect(item.locator("[data-slot=theirs]")).to_have_text("Their text.")
    press(item, "Discard mine")
    expect(text(item)).to_have_value("Their text.\n")
    press(item, "Cancel")
    expect(said(item)).to_have_text("Their text.")
    assert listed(api, slug)[0]["version"] == 2


def test_a_pin_by_someone_else_is_no_conflict(desk: Page, api: httpx.Client, slug: str) -> None:
    item = publish(desk, "The first text.")
    press(item, "Edit")
    text(item).fill("My text.")
    (post,) = listed(api, slug)
    api.put(f"/api/blogs/{slug}/posts/{post['id']}/pin").raise_for_status()
    press(posts(desk), "Save")
    expect(said(posts(desk))).to_have_text("My text.")
    (post,) = listed(api, slug)
    assert (post["pinned"], post["version"]) == (True, 3)


def test_an_ended_session_loses_nothing_typed(desk: Page, site: Site, api: httpx.Client) -> None:
    slug = desk.url.rpartition("/")[2]
    text(new(desk)).fill("Typed for an hour.")
    keys: list[str] = []
    desk.on("request", lambda request: keys.append(request.headers.get("idempotency-key", "")))
    desk.context.clear_cookies()
    press(new(desk), "Publish")
    expect(new(desk)).to_contain_text("Your session has ended. Nothing you typed is lost.")
    expect(text(new(desk))).to_have_value("Typed for an hour.")

    other = desk.context.new_page()
    other.goto(site.login_url("anna"))
    press(other, "Log in")
    other.wait_for_url("**/desk")
    press(new(desk), "Publish")
    expect(posts(desk)).to_contain_text("Typed for an hour.")
    assert len({key for key in keys if key}) == 1
    assert len(listed(api, slug)) == 1


def test_a_closed_tab_loses_nothing_typed(desk: Page) -> None:
    item = publish(desk, "Published before.")
    text(new(desk)).fill("A new one, unfinished")
    press(item, "Edit")
    text(item).fill("Published before, being changed")
    desk.reload()
    expect(text(new(desk))).to_have_value("A new one, unfinished")
    expect(text(posts(desk))).to_have_value("Published before, being changed")
    press(posts(desk), "Save")
    expect(said(posts(desk))).to_have_text("Published before, being changed")


def test_an_answer_that_is_lost_makes_no_second_post(
    desk: Page, api: httpx.Client, slug: str
) -> None:
    def carried_out_but_not_answered(route: Route) -> None:
        route.fetch()
        route.abort()

    text(new(desk)).fill("Said once.")
    desk.route("**/api/blogs/*/posts", carried_out_but_not_answered, times=1)
    press(new(desk), "Publish")
    expect(new(desk)).to_contain_text("did not answer")
    text(new(desk)).fill("Said once, and better.")
    press(new(desk), "Publish")
    expect(said(posts(desk))).to_have_text("Said once, and better.")
    (post,) = listed(api, slug)
    assert (post["status"], post["version"]) == ("published", 2)


def test_what_others_do_arrives_while_one_types(desk: Page, api: httpx.Client, slug: str) -> None:
    item = publish(desk, "Mine.")
    press(item, "Edit")
    text(item).fill("Mine, in the making")
    text(item).press("End")
    api.post(f"/api/blogs/{slug}/posts", json={"markdown": "Theirs."}).raise_for_status()
    expect(posts(desk)).to_have_count(2)
    expect(posts(desk).first).to_contain_text("Theirs.")
    expect(text(posts(desk).last)).to_have_value("Mine, in the making")
    expect(text(posts(desk).last)).to_be_focused()
    api.patch(f"/api/blogs/{slug}", json={"title": "Renamed"}).raise_for_status()
    expect(desk.locator("#title")).to_have_text("Renamed")


def test_a_contributor_submits_and_an_editor_publishes(
    site: Site, browser: Browser, desk: Page, slug: str
) -> None:
    context = browser.new_context(base_url=site.url)
    theirs = context.new_page()
    theirs.goto(site.login_url("cato", "contributor"))
    press(theirs, "Log in")
    theirs.wait_for_url("**/desk")
    theirs.goto(f"/desk/{slug}")
    expect(theirs.get_by_role("button", name="Publish")).to_have_count(0)
    text(new(theirs)).fill("Seen from the dike.")
    press(new(theirs), "Submit")
    expect(posts(theirs).locator(".status")).to_have_text("Submitted")
    expect(posts(desk).locator(".status")).to_have_text("Submitted")
    press(posts(desk), "Publish now")
    expect(posts(theirs).locator(".status")).to_have_text("Published")
    context.close()


def follow(site: Site, slug: str, token: str) -> ClientConnection:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    url = f"{site.url.replace('http', 'ws')}/desk/{slug}/live"
    return connect(url, additional_headers=headers)


def receives(socket: ClientConnection) -> Any:
    """The next message about posts; how many are reading is told whenever that changes."""
    while (message := msgspec.json.decode(socket.recv(timeout=10)))["type"] == "viewers":
        pass
    return message


def test_the_socket_tells_the_desk_of_drafts_and_of_the_blog(
    site: Site, api: httpx.Client, slug: str
) -> None:
    with follow(site, slug, site.token("contributor")) as socket:
        hello = receives(socket)
        assert hello["type"] == "hello"
        draft = {"markdown": "Not yet.", "status": "draft"}
        post = api.post(f"/api/blogs/{slug}/posts", json=draft).raise_for_status().json()
        assert receives(socket) == {
            "type": "changed",
            "position": post["position"],
            "posts": [post["id"]],
            "blog": False,
        }
        api.put(f"/api/blogs/{slug}/status", json={"status": "paused"}).raise_for_status()
        changed = receives(socket)
        assert (changed["posts"], changed["blog"]) == ([], True)
        api.delete(f"/api/blogs/{slug}").raise_for_status()
        assert closing_code(socket) == 4404


def test_the_socket_is_for_the_desk_alone(site: Site, slug: str) -> None:
    with follow(site, slug, "") as stranger:
        assert closing_code(stranger) == 4401
    with follow(site, slug, site.token("reader")) as reader:
        assert closing_code(reader) == 4401
    with follow(site, "no-such-blog", site.token("editor")) as lost:
        assert closing_code(lost) == 4404


def closing_code(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        receives(socket)
    assert closed.value.rcvd
    return closed.value.rcvd.code
