"""A page that people keep open: nothing jumps, nothing is missed, everything is found again."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from selectolax.lexbor import LexborHTMLParser

from tests.e2e.browser import watched
from tests.e2e.coverage import Coverage
from tests.process import Server

PAGE = 30
DAYS = 3
MAY_SHIFT = 0.02
"""The cumulative layout shift that a page may have while a day happens in it."""
SHIFTS = """
window.shifted = 0;
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifted += entry.value;
    const moved = ({ node, previousRect, currentRect }) =>
      `${node?.nodeName}#${node?.id} ${previousRect.y} ${currentRect.y}`;
    window.shifts.push([entry.value, entry.sources.map(moved)]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
NOTE_TOLD = """() => {
  window.told = [];
  const line = document.getElementById("told");
  const note = () => { window.told.push([performance.now(), line.textContent]); };
  new MutationObserver(note).observe(line, { childList: true });
}"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def context(site: Server, browser: Browser) -> Iterator[BrowserContext]:
    with watched(browser, site.url, viewport={"width": 1000, "height": 700}) as (context, _):
        context.add_init_script(SHIFTS)
        yield context


def titles(page: Page) -> Locator:
    return page.locator("#posts > li[data-id] h2")


def top(page: Page, post: str) -> float:
    box = page.locator(f"#post-{post}").bounding_box()
    assert box
    return box["y"]


def stalls(market: Coverage, count: int) -> list[str]:
    return [market.publish(f"Stall {number}", 6 + number / 10) for number in range(count)]


def settled(page: Page) -> None:
    """Once all that slides has arrived."""
    page.wait_for_function(
        "() => document.getAnimations().every((each) => each instanceof CSSAnimation)"
    )


def jumped(page: Page) -> str:
    """What shifted, where that was more than may be; "" if nothing did."""
    page.wait_for_timeout(100)  # shifts are told after the frame that they are in
    return (
        str(page.evaluate("window.shifts")) if page.evaluate("window.shifted") > MAY_SHIFT else ""
    )


def opened(page: Page, market: Coverage) -> None:
    page.goto(market.path)
    expect(page.locator("#blog[data-link]")).to_be_attached()


def test_at_the_top_new_posts_slide_in(reader: Page, market: Coverage) -> None:
    stalls(market, 5)
    opened(reader, market)
    post = market.publish("The last bus", 18)
    expect(titles(reader).first).to_have_text("The last bus")
    expect(reader.locator(f"#post-{post}")).to_be_in_viewport()
    expect(reader.locator("#new")).to_be_hidden()
    expect(reader).to_have_title("Market day")


@pytest.mark.parametrize("where", ["top", "middle"])
def test_nothing_jumps_while_a_day_happens(
    context: BrowserContext, editor: httpx.Client, where: str
) -> None:
    """A busy machine may tear a frame in two: of three days one has to be still."""
    days = (jumps_of_a_day(context.new_page(), Coverage(editor), where) for _ in range(DAYS))
    assert not all(days)


def jumps_of_a_day(reader: Page, market: Coverage, where: str) -> str:
    """What shifts while twenty posts and five edits come, as fast as they can be written."""
    posts = stalls(market, 25)
    opened(reader, market)
    read, edited = posts[15], [posts[number] for number in (20, 15, 14, 18, 12)]
    if where == "middle":
        reader.locator(f"#post-{read}").evaluate("post => post.scrollIntoView()")
        stood = top(reader, read)
    for number in range(20):
        market.publish(f"News {number}", 12 + number / 10, markdown=f"It says {number}. " * 30)
        if number % 4 == 0:
            market.revise(edited[number // 4], markdown="Longer than before. " * (40 + number))
    expect(titles(reader)).to_have_count(45)
    expect(reader.locator("#posts .edited")).to_have_count(5)
    settled(reader)
    if where == "middle":
        assert top(reader, read) == pytest.approx(stood, abs=2)
    told = jumped(reader)
    reader.close()
    return told


def test_what_comes_unseen_is_counted_and_led_to(reader: Page, market: Coverage) -> None:
    stalls(market, 25)
    opened(reader, market)
    reader.evaluate("scrollTo(0, 1_500)")
    market.publish("One", 18)
    button = reader.get_by_role("button", name="1 new update", exact=True)
    expect(button).to_be_visible()
    market.publish("Two", 19)
    expect(reader.get_by_role("button", name="2 new updates")).to_be_visible()
    expect(reader).to_have_title("(2) Market day")
    reader.locator("#new").focus()
    reader.keyboard.press("Enter")
    expect(titles(reader).first).to_be_in_viewport()
    expect(reader.locator("#new")).to_be_hidden()
    expect(reader).to_have_title("Market day")
    assert reader.evaluate("document.activeElement.textContent").find("Two") >= 0


def test_a_hidden_tab_collects_and_the_reader_finds_it_as_he_left_it(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, 15)
    opened(reader, market)
    stood = top(reader, posts[-1])
    reader.evaluate(HIDE, True)
    for number in range(3):
        market.publish(f"News {number}", 12 + number, markdown="Much. " * 200)
    expect(reader).to_have_title("(3) Market day")
    assert top(reader, posts[-1]) == pytest.approx(stood, abs=2)
    reader.evaluate(HIDE, False)
    expect(reader.get_by_role("button", name="new updates")).to_be_visible()


def test_one_status_line_speaks_of_what_came_and_changed(reader: Page, market: Coverage) -> None:
    posts = stalls(market, 3)
    opened(reader, market)
    expect(reader.locator("[role=status], [aria-live], [role=alert], [role=log]")).to_have_count(1)
    reader.evaluate(NOTE_TOLD)
    pause = reader.get_by_role("button", name="Pause live updates")
    pause.click()
    market.publish("One", 18)
    market.publish("Two", 19)
    market.revise(posts[0], markdown="Other words.")
    resume = reader.get_by_role("button", name="Resume")
    expect(resume).to_contain_text("3 updates waiting")
    pause.click()  # now they come together, however slow the network is
    status = reader.get_by_role("status")
    expect(status).to_have_text("2 new updates · 1 update changed")
    market.publish("Three", 20)
    expect(titles(reader)).to_have_count(6)
    (first, said), *later = reader.evaluate("window.told")
    assert said == "2 new updates · 1 update changed"
    assert [at for at, _ in later if at - first < 9_000] == []  # not so soon again


def test_what_is_withdrawn_leaves_the_head_too(reader: Page, market: Coverage) -> None:
    gone = market.publish("Free cheese", 9)
    market.publish("The last bus", 18)
    reader.goto(f"{market.path}/posts/{gone}")
    expect(reader).to_have_title("Free cheese – Market day")
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    market.retract(gone)
    expect(reader.locator(f"#post-{gone}")).to_have_count(0)
    assert "cheese" not in reader.content().lower()


def test_pausing_holds_back_what_comes_but_not_what_goes(reader: Page, market: Coverage) -> None:
    gone = market.publish("Free cheese", 9)
    opened(reader, market)
    pause = reader.get_by_role("button", name="Pause live updates")
    resume = reader.get_by_role("button", name="Resume")
    pause.click()
    market.publish("The last bus", 18)
    expect(resume).to_contain_text("1 update waiting")
    market.retract(gone)
    expect(titles(reader)).to_have_count(0)
    reader.reload()
    expect(pause).to_have_attribute("aria-pressed", "true")
    market.publish("The brass band", 19)
    expect(resume).to_contain_text("1 update waiting")
    pause.click()
    expect(titles(reader)).to_have_text(["The brass band", "The last bus"])


def test_who_returns_is_told_what_happened(
    context: BrowserContext, reader: Page, market: Coverage
) -> None:
    posts = stalls(market, 4)
    opened(reader, market)
    reader.goto("/")  # closing would not wait for what a page does at its end
    reader.wait_for_function(
        "() => Object.keys(localStorage).some((key) => key.startsWith('liveblog:left '))"
    )
    reader.close()
    market.publish("The last bus", 18)
    market.revise(posts[1], markdown="Other words.")
    market.retract(posts[2])
    page = context.new_page()
    page.add_init_script(
        """for (const key of Object.keys(localStorage)) {
             const left = JSON.parse(localStorage[key]);
             localStorage[key] = JSON.stringify({ ...left, at: left.at - 3600000 });
           }"""
    )
    page.goto(market.path)
    away = page.get_by_role("region", name="While you were away")
    expect(away.locator("> ul > li")).to_have_text(
        ["1 new updateThe last bus", "1 update changedStall 1", "1 update withdrawn"]
    )
    expect(away.get_by_role("link")).to_have_text(["The last bus", "Stall 1"])
    assert not context.cookies()
    away.get_by_role("link", name="Stall 1").click()
    expect(page.locator(f"#post-{posts[1]}")).to_be_focused()
    expect(away).to_be_hidden()


def test_offline_says_so_with_the_time_of_the_last_update(
    context: BrowserContext, reader: Page, market: Coverage
) -> None:
    opened(reader, market)
    context.set_offline(True)
    banner = reader.locator("#connection")
    expect(banner).to_contain_text("Not connected just now")
    expect(banner.locator("time")).to_be_visible()
    context.set_offline(False)
    expect(banner.locator("time")).to_be_hidden()


def test_older_updates_come_in_place_and_take_part(reader: Page, market: Coverage) -> None:
    posts = stalls(market, PAGE + 35)
    opened(reader, market)
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader)).to_have_count(2 * PAGE)
    expect(reader.locator("#posts .day")).to_have_count(1)
    market.revise(posts[10], title="The tenth stall")
    expect(titles(reader).filter(has_text="The tenth stall")).to_have_count(1)
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader)).to_have_count(PAGE + 35)
    expect(reader.get_by_role("link", name="Older updates")).to_be_hidden()
    market.publish("Before the sun", 4)
    expect(titles(reader).last).to_have_text("Before the sun")


def test_who_comes_back_finds_what_was_loaded(reader: Page, market: Coverage) -> None:
    posts = stalls(market, PAGE + 20)
    opened(reader, market)
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader)).to_have_count(PAGE + 20)
    reader.locator(f"#post-{posts[3]} .permalink").click()
    expect(titles(reader).first).to_have_text("Stall 3")
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    reader.go_back()
    expect(titles(reader)).to_have_count(PAGE + 20)
    expect(reader.locator(f"#post-{posts[3]}")).to_be_in_viewport()


def test_what_was_withdrawn_meanwhile_is_not_loaded_from_a_cache(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, PAGE + 5)
    opened(reader, market)
    kept = reader.request.get(str(reader.locator("#more").evaluate("more => more.href")))
    reader.route("**/*before=*", lambda route: route.fulfill(response=kept))
    market.retract(posts[2])
    latest = market.publish("The last bus", 18)
    expect(reader.locator(f"#post-{latest}")).to_be_visible()
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader).last).to_have_text("Stall 0")
    expect(titles(reader).filter(has_text="Stall 2")).to_have_count(10)  # 20 to 29


def test_a_link_to_a_post_at_any_depth_has_its_neighbourhood(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, 80)
    reader.goto(f"{market.path}/posts/{posts[30]}")
    expect(titles(reader).first).to_have_text("Stall 30")
    expect(titles(reader)).to_have_count(10)
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    reader.get_by_role("link", name="Newer updates").click()
    expect(titles(reader).first).to_have_text("Stall 60")
    expect(reader.locator(f"#post-{posts[30]}")).to_be_in_viewport()
    reader.get_by_role("link", name="Newer updates").click()
    expect(titles(reader).first).to_have_text("Stall 79")
    expect(reader.locator("#newest")).to_have_count(0)
    reader.get_by_role("link", name="Older updates").click()
    expect(titles(reader)).to_have_count(80)
    expect(reader.locator("#more")).to_be_hidden()


@pytest.mark.parametrize("summary", ["", "- The gates are open.\n- It rains."])
def test_on_a_phone_a_link_to_a_post_shows_the_post(
    site: Server, browser: Browser, editor: httpx.Client, summary: str
) -> None:
    market = Coverage(editor, standfirst="All day in the square. " * 8, summary=summary)
    posts = [market.publish(f"Stall {n}", 6 + n / 10, key=True, tags=["food"]) for n in range(20)]
    market.publish("The last bus", 18)
    with watched(browser, site.url, viewport={"width": 360, "height": 740}) as (context, _):
        page = context.new_page()
        page.goto(f"{market.path}/posts/{posts[12]}")
        expect(page.locator("#blog[data-link]")).to_be_attached()
        expect(page.locator(f"#post-{posts[12]} article")).to_be_in_viewport(ratio=1)
        expect(page.locator("#posts > [aria-current]")).to_have_id(f"post-{posts[12]}")
        assert shadow(page, posts[12]) != "none"
        assert shadow(page, posts[11]) == "none"
        expect(page.locator("#tools [aria-current]")).to_have_count(0)
        # What is about the blog is there all the same.
        expect(page.locator("#keys li[data-id]")).to_have_count(20)
        expect(page.locator("#standfirst")).to_be_visible()
        expect(page.get_by_role("button", name="Pause live updates")).to_be_visible()


def shadow(page: Page, post: str) -> str:
    """The edge by which a post is told from its neighbours."""
    article = page.locator(f"#post-{post} article")
    return str(article.evaluate("article => getComputedStyle(article).boxShadow"))


def test_newer_updates_do_not_bury_the_post_below_the_window(
    site: Server, browser: Browser, market: Coverage
) -> None:
    posts = stalls(market, 40)
    with watched(browser, site.url, viewport={"width": 360, "height": 200}) as (context, _):
        page = context.new_page()
        page.goto(f"{market.path}/posts/{posts[5]}")
        expect(page.locator("#blog[data-link]")).to_be_attached()
        link = page.get_by_role("link", name="Newer updates")
        expect(page.locator(f"#post-{posts[5]}")).not_to_be_in_viewport()
        stood = top(page, posts[5])
        link.dispatch_event("click")  # a pointer would scroll to it
        expect(titles(page)).to_have_count(36)
        settled(page)
        assert top(page, posts[5]) == pytest.approx(stood, abs=2)


def test_the_address_of_a_jump_leads_to_a_post_that_is_not_loaded_any_more(
    reader: Page, market: Coverage
) -> None:
    opening = market.publish("The gates open", 5, key=True)
    opened(reader, market)
    reader.locator("#keys").get_by_role("link", name="The gates open").click()
    expect(reader.locator(f"#post-{opening}")).to_be_focused()
    assert shadow(reader, opening) != "none"
    assert reader.locator(f"#post-{opening}").evaluate("post => post.matches(':target')")
    address = reader.url
    stalls(market, PAGE)
    reader.goto("about:blank")
    reader.goto(address)
    reader.wait_for_url(f"**/posts/{opening}")
    expect(reader.locator(f"#post-{opening}")).to_be_in_viewport()


def test_what_a_jump_leads_to_begins_a_little_below_the_edge(
    reader: Page, market: Coverage
) -> None:
    posts = stalls(market, 20)
    market.mark("PUT", posts[8], "key")
    opened(reader, market)
    reader.locator("#keys").get_by_role("link", name="Stall 8").click()
    expect(reader.locator(f"#post-{posts[8]}")).to_be_focused()
    assert top(reader, posts[8]) == pytest.approx(17, abs=2)  # 1 rem


def test_a_page_of_older_updates_does_not_say_that_it_is_the_newest(
    reader: Page, market: Coverage
) -> None:
    stalls(market, PAGE + 5)
    market.publish("A train is late", 8, tags=["travel"])
    chosen = reader.locator("#tools [aria-current]")
    opened(reader, market)
    expect(chosen).to_have_text(["Newest first", "All updates"])
    reader.goto(reader.locator("#more").evaluate("link => link.href"))
    expect(chosen).to_have_count(0)
    reader.goto(f"{market.path}?tag=travel&sort=oldest")
    expect(chosen).to_have_text(["Oldest first", "travel"])


def test_a_post_at_its_own_address_keeps_its_head_whatever_happens_to_others(
    reader: Page, market: Coverage
) -> None:
    other = market.publish("Free cheese", 9)
    post = market.publish("The last bus", 18)
    reader.goto(f"{market.path}/posts/{post}")
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    data = reader.locator('script[type="application/ld+json"]')
    market.retract(other)
    expect(reader.locator(f"#post-{other}")).to_have_count(0)
    expect(reader).to_have_title("The last bus – Market day")
    expect(data).to_have_count(1)
    market.describe(title="Market night")
    expect(reader.locator("#title")).to_have_text("Market night")
    expect(reader).to_have_title("The last bus – Market night")
    expect(reader.locator("#gone")).to_be_hidden()


def test_who_reads_a_post_at_its_own_address_is_told_that_it_was_withdrawn(
    reader: Page, market: Coverage
) -> None:
    market.publish("Free cheese", 9)
    post = market.publish("The last bus", 18)
    reader.goto(f"{market.path}/posts/{post}")
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    market.retract(post)
    expect(reader.locator("#posts #gone")).to_have_text("This update has been withdrawn.")
    expect(reader.locator("#gone")).to_be_in_viewport()
    expect(reader.get_by_role("status")).to_have_text("This update has been withdrawn.")
    expect(reader).to_have_title("Market day")


def walk(site: Server, path: str, link: str) -> list[str]:
    """The titles of a page and of those that its links lead to, without a script."""
    told: list[str] = []
    address: str | None = path
    while address:
        page = LexborHTMLParser(httpx.get(site.url + address, timeout=30).raise_for_status().text)
        told += [title.text() for title in page.css("#posts > li[data-id] h2")]
        found = page.css_first(f"{link}[href]:not([hidden])")
        href = found.attributes["href"] if found else None
        address = path.partition("?")[0] + href if href and href[0] == "?" else href
    return told


def test_whoever_follows_the_links_comes_to_every_post(site: Server, market: Coverage) -> None:
    tags = {0: ["travel"], 1: ["music", "a & b"]}
    posts = [market.publish(f"Stall {n}", 6 + n / 10, tags=tags.get(n % 2, [])) for n in range(70)]
    all_titles = [f"Stall {n}" for n in range(70)]
    assert walk(site, market.path, "#more") == all_titles[::-1]
    assert walk(site, f"{market.path}?sort=oldest", "#more") == all_titles
    assert walk(site, f"{market.path}?tag=travel", "#more") == all_titles[::2][::-1]
    tagged = f"{market.path}?tag=a+%26+b&sort=oldest"
    assert walk(site, tagged, "#more") == all_titles[1::2]
    upwards = walk(site, f"{market.path}/posts/{posts[5]}", "#newer")
    assert set(upwards) == set(all_titles)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort=best", "sort"),
        ("after=<>", "after"),
        ("before=x", "before"),
        ("before=0&after=0", "exclude"),
        (f"tag={'x' * 201}", "tag"),
    ],
)
def test_a_query_that_cannot_be_is_told_so(
    site: Server, market: Coverage, query: str, names: str
) -> None:
    answer = httpx.get(f"{site.url}{market.path}?{query}", timeout=30)
    assert answer.status_code == 400
    assert names in answer.text


def test_the_keyboard_keeps_its_place_when_its_post_is_replaced(
    reader: Page, market: Coverage
) -> None:
    post = market.publish("The last bus", 18)
    opened(reader, market)
    reader.locator(f"#post-{post} .permalink").focus()
    market.revise(post, markdown="It is late.")
    expect(reader.locator(f"#post-{post} .body")).to_have_text("It is late.")
    expect(reader.locator(f"#post-{post} .permalink")).to_be_focused()


def test_key_events_lead_to_posts_that_are_not_loaded(reader: Page, market: Coverage) -> None:
    opening = market.publish("The gates open", 5, key=True)
    posts = stalls(market, PAGE)
    market.mark("PUT", posts[-1], "key")
    opened(reader, market)
    reader.locator("#keys").get_by_role("link", name=f"Stall {PAGE - 1}").click()
    expect(reader.locator(f"#post-{posts[-1]}")).to_be_focused()
    reader.locator("#keys").get_by_role("link", name="The gates open").click()
    expect(titles(reader)).to_have_text(["The gates open"])
    expect(reader.locator(f"#post-{opening}")).to_be_in_viewport()


def test_tags_and_order_are_links_and_live_posts_respect_them(
    reader: Page, market: Coverage
) -> None:
    market.publish("A train is late", 8, tags=["travel"])
    market.publish("The brass band", 9, tags=["music"])
    market.publish("A bus is late", 10, tags=["travel"])
    opened(reader, market)
    reader.get_by_role("link", name="travel", exact=True).first.click()
    expect(titles(reader)).to_have_text(["A bus is late", "A train is late"])
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    reader.get_by_role("link", name="Oldest first").click()
    expect(titles(reader)).to_have_text(["A train is late", "A bus is late"])
    expect(reader.locator("#posts")).not_to_have_attribute("reversed", "")
    expect(reader.locator("#blog[data-link]")).to_be_attached()
    market.publish("A choir", 11, tags=["music"])
    market.publish("A tram is late", 12, tags=["travel"])
    expect(titles(reader)).to_have_text(["A train is late", "A bus is late", "A tram is late"])


def test_times_are_true_although_the_readers_clock_is_a_day_wrong(
    site: Server, browser: Browser, market: Coverage
) -> None:
    with watched(browser, site.url, timezone_id="Asia/Tokyo") as (context, _):
        page = context.new_page()
        page.add_init_script("const real = Date.now; Date.now = () => real() - 86_400_000;")
        answer = httpx.get(f"{site.url}/healthz", timeout=30).headers["date"]
        now = page.evaluate("date => new Date(date).toISOString()", answer)
        post = market.publish("Just now", 0, published_at=now)
        page.goto(market.path)
        beside = page.locator(f"#post-{post} .beside")
        expect(beside.first).to_have_text("this minute")
        expect(beside.last).to_contain_text("GMT+9")


def test_sharing_copies_the_address_where_there_is_no_sheet(
    site: Server, context: BrowserContext, reader: Page, market: Coverage
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.add_init_script("delete Navigator.prototype.share")
    post = market.publish("The last bus", 18)
    opened(reader, market)
    reader.get_by_role("button", name="Share").click()
    expect(reader.get_by_role("status")).to_have_text("Link copied")
    copied = reader.evaluate("navigator.clipboard.readText()")
    assert copied == f"{site.url}{market.path}/posts/{post}"


INSECURE = """
delete Navigator.prototype.share;
delete Navigator.prototype.clipboard;
"""


def test_sharing_copies_the_address_without_a_secure_context_too(
    site: Server, context: BrowserContext, reader: Page, market: Coverage
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.add_init_script(f"window.copied = navigator.clipboard; {INSECURE}")
    post = market.publish("The last bus", 18)
    opened(reader, market)
    reader.get_by_role("button", name="Share").click()
    expect(reader.get_by_role("status")).to_have_text("Link copied")
    assert reader.evaluate("copied.readText()") == f"{site.url}{market.path}/posts/{post}"
    expect(reader.locator("input.address")).to_have_count(0)
    expect(reader.locator(f"#post-{post} .share")).to_be_focused()


def test_where_nothing_can_be_copied_the_address_is_in_a_field(
    site: Server, reader: Page, market: Coverage
) -> None:
    reader.add_init_script(f"{INSECURE} Document.prototype.execCommand = () => false;")
    post = market.publish("The last bus", 18)
    opened(reader, market)
    reader.get_by_role("button", name="Share").click()
    field = reader.get_by_role("textbox", name="Copy this link")
    expect(field).to_be_focused()
    expect(field).to_have_value(f"{site.url}{market.path}/posts/{post}")
    expect(reader.get_by_role("status")).to_have_text("Copy this link")
    assert field.evaluate("({ selectionEnd, value }) => selectionEnd === value.length")
    reader.keyboard.press("Tab")
    expect(field).to_have_count(0)


def test_what_is_touched_is_large_enough(reader: Page, market: Coverage) -> None:
    market.publish("The last bus", 18, tags=["travel"], key=True, pinned=True)
    opened(reader, market)
    small = reader.evaluate(
        """[...document.querySelectorAll("main :is(a, button, summary)")]
             .filter((each) => each.checkVisibility() && !each.closest("p.legal, h1"))
             .map((each) => [each.outerHTML.slice(0, 60), each.getBoundingClientRect()])
             .filter(([, { width, height }]) => width < 24 || height < 24)"""
    )
    assert not small, small


def test_on_paper_everything_is_there_and_nothing_to_press(reader: Page, market: Coverage) -> None:
    market.publish("How to get here", 18, pinned=True)
    opened(reader, market)
    reader.locator("#pinned summary").click()
    expect(reader.locator("#pinned li[data-id]")).to_be_hidden()
    reader.emulate_media(media="print")
    expect(reader.locator("#pinned li[data-id]")).to_be_visible()
    expect(reader.locator("main button:visible")).to_have_count(0)
