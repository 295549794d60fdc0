from playwright.sync_api import Page, expect

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
    page.get_by_role("slider", name="Step", exact=True).focus()
    page.keyboard.press("Home")
    expect(page.locator(f"{MAP} .where")).to_contain_text("Start · only noise")
    for station, was in zip(moving, before, strict=True):
        assert colours(page, station) != was
    assert page.locator(f"{MAP} .dot").get_attribute("style") != dot
    page.wait_for_timeout(500)
    assert sent == []


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
