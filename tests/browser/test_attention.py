"""The attention page in a real browser: choosing and scrubbing are free, shares add up."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from core.views.colormaps import text_colours

HERO = "section.attention"
TILE = f"{HERO} .tiles button"


def opened(page: Page, server: str, query: str = "") -> None:
    page.goto(f"{server}/attention?steps=4{query}")
    page.locator(f"{HERO}[data-run='4']").wait_for(state="attached")
    page.wait_for_timeout(1500)
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")


def slide(page: Page, place: int) -> None:
    page.locator(f"{HERO} .steps").evaluate(
        "(range, at) => { range.value = at; range.dispatchEvent(new Event('input')); }", place
    )


def shares(page: Page) -> list[float]:
    texts = page.locator(f"{TILE} u").all_inner_texts()
    return [float(text.removesuffix(" %")) for text in texts]


def test_choosing_and_scrubbing_send_nothing_and_say_what_is_averaged(
    page: Page, server: str
) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    opened(page, server)
    sent.clear()
    said = page.locator(f"{HERO} .said")
    expect(said).to_contain_text("the mean over 4 calls, 3 layers and 4 heads")
    page.locator(TILE).nth(3).click()
    expect(page.locator(f"{HERO} .over .word")).to_have_text("apple")
    page.locator(f"{HERO} .where select").select_option("all")
    expect(said).to_contain_text("the mean over 4 calls, 7 layers and 4 heads")
    assert abs(sum(shares(page)) - 100) < 1
    for place in (0, 3):
        slide(page, place)
        expect(page.locator(f"{HERO} .when")).to_contain_text(f"Call {place + 1} of 4")
        assert abs(sum(shares(page)) - 100) < 1
    page.locator(f"{HERO} .where select").select_option("layer 1")
    page.locator(f"{HERO} .head select").select_option("2")
    expect(said).to_contain_text("nothing is averaged")
    assert abs(sum(shares(page)) - 100) < 1
    page.wait_for_timeout(300)
    assert sent == []


def test_one_colour_scale_for_all_tokens(page: Page, server: str) -> None:
    opened(page, server)
    page.locator(f"{HERO} .where select").select_option("all")
    limit = float(page.locator(HERO).get_attribute("data-limit") or 0)
    table = text_colours(np.linspace(0, 1, 256)).astype(int)
    for tile, share in zip(page.locator(TILE).all(), shares(page), strict=True):
        colours = tile.locator("canvas").evaluate(
            "canvas => Array.from(canvas.getContext('2d')"
            ".getImageData(0, 0, canvas.width, canvas.height).data)"
        )
        pixels = np.array(colours).reshape(-1, 4)[:, :3]
        far = np.abs(pixels[:, None] - table[None]).sum(axis=-1)
        assert far.min(axis=1).max() == 0  # colours of the table alone
        mean = far.argmin(axis=1).mean() / 255 * limit
        if 100 * limit > 1.5 * share:  # not beyond the scale's end
            assert abs(100 * mean - share) < 1


def test_keyboard_reaches_tokens_and_calls(page: Page, server: str) -> None:
    opened(page, server)
    page.locator(TILE).nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(TILE).nth(1)).to_have_attribute("aria-pressed", "true")
    page.locator(f"{HERO} .steps").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(HERO)).to_have_attribute("data-place", "3")
    expect(page.locator(f"{HERO} .steps")).to_have_attribute("aria-valuetext", re.compile("Call 4"))


def test_hostile_prompt_is_shown_as_text_over_a_picture_that_is_not_square(
    page: Page, server: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, server, "&height=64&width=128&prompt=%3Cimg%20src%3Dhttp%3A%2F%2Fx.y%2Fz%3E%20cat")
    box = page.locator(f"{HERO} .over canvas").bounding_box()
    assert box is not None
    assert abs(box["width"] / box["height"] - 2) < 0.05
    assert page.locator(f"{HERO} .tiles img").count() == 1  # the picture itself
    expect(page.locator(TILE).nth(1)).to_contain_text("<")
    assert not [url for url in asked if "x.y" in url.split("?")[0]]
