import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

MAP = "section.pipeline"


def wait_for_map(page: Page) -> None:
    """Wait until every station is filled, from the decoded film, and nothing plays."""
    page.locator(f"{MAP}:not(.waiting)").wait_for()
    page.get_by_text("Decoding frame").wait_for(state="hidden")
    page.get_by_role("button", name="Play").wait_for()


def colours(page: Page, station: str) -> list[int]:
    """What the canvas of a station shows, thinned out."""
    return page.locator(f"{MAP} .{station} canvas").evaluate(
        "canvas => { const {width, height} = canvas;"
        " const all = canvas.getContext('2d').getImageData(0, 0, width, height).data;"
        " return Array.from(all.filter((_, at) => at % 97 === 0)); }"
    )


def test_map_is_painted_first_and_filled_by_itself(page: Page, server: str) -> None:
    page.goto(f"{server}/?steps=3")
    page.locator(f"{MAP} .station").nth(8).wait_for()
    wait_for_map(page)
    for station in ("noise", "unet", "latents", "picture"):
        assert len(set(colours(page, station))) > 10, station
    assert page.locator(f"{MAP} .chip").count() == 3


def test_one_handle_moves_every_station_without_the_server(page: Page, server: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/?steps=3")
    wait_for_map(page)
    page.wait_for_timeout(1000)
    sent.clear()
    moving = ("latents", "picture")
    before = [colours(page, station) for station in moving]
    dot = page.locator(f"{MAP} .dot").get_attribute("style")
    page.get_by_role("slider", name="Place in the run").focus()
    page.keyboard.press("Home")
    expect(page.locator(f"{MAP} .where")).to_contain_text("Start · only noise")
    for station, was in zip(moving, before, strict=True):
        assert colours(page, station) != was
    assert page.locator(f"{MAP} .dot").get_attribute("style") != dot
    page.wait_for_timeout(500)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_names_follow_the_step_and_nothing_is_read_out_by_itself(page: Page, server: str) -> None:
    page.goto(f"{server}/?steps=3")
    wait_for_map(page)
    names = ".latents canvas", ".picture canvas", ".unet canvas", ".schedule svg"
    page.get_by_role("slider", name="Place in the run").focus()
    page.keyboard.press("Home")
    for name in names:
        expect(page.locator(f"{MAP} {name}")).to_have_attribute("role", "img")
        expect(page.locator(f"{MAP} {name}")).to_have_attribute("aria-label", re.compile("Start,"))
    page.keyboard.press("ArrowRight")
    for name in names:
        label = page.locator(f"{MAP} {name}").get_attribute("aria-label") or ""
        assert "After 1 of 3 steps, timestep 334," in label
    assert "After" not in (page.locator(f"{MAP} .noise canvas").get_attribute("aria-label") or "")
    live = f"{MAP} output, {MAP} [role=status], {MAP} [aria-live]:not([aria-live=off])"
    assert page.locator(live).count() == 0


def test_small_projector_shows_the_map_whole(new_page: Callable[..., Page], server: str) -> None:
    page = new_page(width=1024, height=768)
    page.goto(f"{server}/?steps=3")
    wait_for_map(page)
    assert page.locator("[data-testid=stSidebar]").bounding_box() is not None
    places = {}
    for name in ("text", "tokens", "hidden", "vae", "noise", "unet", "latents", "picture"):
        box = page.locator(f"{MAP} .{name} .look").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 768, name
        assert box["x"] + box["width"] <= 1024, name
        places[name] = box
    assert places["text"]["x"] < places["tokens"]["x"] < places["vae"]["x"] < places["picture"]["x"]
    assert places["picture"]["width"] > 1.8 * places["text"]["width"]
    walk = page.locator(f"{MAP} .walk").bounding_box()
    assert walk is not None
    assert walk["y"] + walk["height"] <= 768


def test_player_leaves_the_map_to_be_seen_in_a_magnified_window(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page(width=640, height=400)  # 1280 x 800 at 200 %
    page.goto(f"{server}/?steps=3")
    wait_for_map(page)
    walk = page.locator(f"{MAP} .walk")
    assert walk.evaluate("part => getComputedStyle(part).position") != "sticky"
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function("innerWidth === 390")
    assert walk.evaluate("part => getComputedStyle(part).position") == "sticky"


def test_a_suggestion_is_drawn(page: Page, server: str) -> None:
    page.goto(f"{server}/?steps=3")
    wait_for_map(page)
    offered = page.locator(".st-key-prompt_to_try button").first
    prompt = offered.inner_text()
    offered.click()
    expect(page.locator(f"{MAP} .words")).to_have_text(prompt)
    expect(page).to_have_url(re.compile("prompt=a"))


def test_station_leads_to_its_page_and_takes_the_run_along(page: Page, server: str) -> None:
    page.goto(f"{server}/?steps=3&seed=2")
    wait_for_map(page)
    page.locator(MAP).get_by_role("link", name="Picture").click()
    page.locator("section.film").wait_for()
    assert page.url.endswith("/generation?seed=2&steps=3")
    page.go_back()
    page.locator(f"{MAP}:not(.waiting)").wait_for()


def test_unknown_address_leads_home(page: Page, server: str) -> None:
    page.goto(f"{server}/no-such-page")
    page.locator(MAP).wait_for()


def test_box_link_and_run_say_the_same(page: Page, server: str) -> None:
    page.goto(f"{server}/?steps=3&guidance=7.3&prompt=a%20cat%0Aon%20a%20mat")
    box = page.get_by_label("Your words")
    expect(box).to_have_value("a cat on a mat")
    expect(page).to_have_url(re.compile(r"prompt=a(\+|%20)cat(\+|%20)on"))
    box.press("End")
    box.press_sequentially(" now")
    box.press("Enter")
    expect(page).to_have_url(re.compile(r"on(\+|%20)a(\+|%20)mat(\+|%20)now"))
    expect(box).to_have_value("a cat on a mat now")


def test_the_map_introduces_itself_once_to_who_comes_without_a_link(
    browser: Browser, server: str
) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(120_000)
    tour = page.locator(f"{MAP} .tour")
    page.goto(f"{server}/noising?steps=3")
    page.get_by_role("link", name="Start", exact=True).click()
    wait_for_map(page)
    expect(tour).to_be_hidden()
    page.goto(server)
    expect(tour).to_contain_text("Drag the handle")
    expect(page.locator(f"{MAP} .walk input.tried")).to_have_count(1)
    assert tour.evaluate("card => getComputedStyle(card).animationName") == "none"
    page.get_by_role("slider", name="Place in the run").press("ArrowLeft")
    expect(tour).to_contain_text("underlined name")
    tour.get_by_role("button", name="Next, 2 of 3").press("Enter")
    expect(tour).to_contain_text("other words")
    expect(page.locator(f"{MAP} .text .look.tried")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    expect(page.get_by_role("slider", name="Place in the run")).to_be_focused()
    page.goto(server)
    wait_for_map(page)
    expect(tour).to_be_hidden()
    context.close()
