"""The attention page in a real browser: choosing and scrubbing are free, shares add up.

Maps are shown alone, as squares; the picture's outline is a line of its own.
"""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.lessons.attention.maps_data import attention_data
from core.models.attention_seen import AttentionSeen, LayerMaps
from core.models.catalog import builtin_folder
from core.models.tokens import load_tokenizer, read_pad_id, tokenize
from core.ui.component import LESSONS, script_of
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
    expect(said).to_contain_text("the mean over 4 calls, 7 layers and 4 heads")
    gets = page.locator(f"{HERO} .gets")
    page.locator(TILE).nth(3).click()
    expect(page.locator(f"{HERO} .word")).to_have_text("apple")
    expect(gets).to_have_text(re.compile("^[0-9.]+ % of all attention, in all 7 layers$"))
    page.locator(TILE).last.hover()  # padding: the same number as in the budget below
    padding = gets.inner_text().split(" of ")[0]
    expect(page.get_by_text(f"{padding} to the padding")).to_be_visible()
    page.locator(f"{HERO} .where select").select_option("8×8")
    expect(said).to_contain_text("the mean over 4 calls, 3 layers and 4 heads")
    expect(gets).to_contain_text("in the 3 layers of 8×8 places")
    page.locator(f"{HERO} .where select").select_option("all")
    assert abs(sum(shares(page)) - 100) < 1
    for place in (0, 3):
        slide(page, place)
        expect(page.locator(f"{HERO} .when")).to_contain_text(f"Call {place + 1} of 4")
        assert abs(sum(shares(page)) - 100) < 1
    page.locator(f"{HERO} .where select").select_option("layer 1")
    page.locator(f"{HERO} .head-of select").select_option("2")
    expect(said).to_contain_text("nothing is averaged")
    expect(gets).to_contain_text("in one layer: 8×8, way down, head 3")
    assert abs(sum(shares(page)) - 100) < 1
    page.wait_for_timeout(300)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


SHOW = """([data, html]) => {
    document.body.innerHTML = html;
    mountAttention({ parentElement: document.body, data: [data, 1] });
}"""


def shown_alone(page: Page, seen: AttentionSeen) -> None:
    """Put the component on an empty page, with maps made up here."""
    folder = builtin_folder() / "tokenizer"
    tokenizer = load_tokenizer(folder)
    tokens = tokenize(tokenizer, "a cat", read_pad_id(folder, tokenizer))
    page.route("**/*", lambda route: route.fulfill(body="<p>empty</p>", content_type="text/html"))
    page.goto("http://127.0.0.1/")
    page.add_script_tag(
        content=script_of("attention/maps").replace("export default ", "mountAttention = ")
    )
    html = (LESSONS / "attention" / "maps.html").read_text("utf-8")
    page.evaluate(SHOW, [attention_data(seen, tokens, (64, 64)), html])
    page.locator(f"{HERO}[data-run]").wait_for(state="attached")


def made_up(name: str, side: int, heads: int) -> LayerMaps:
    maps = np.full((1, heads, 77, side, side), 1 / 77, np.float16)
    return LayerMaps(f"{name}.attentions.0", (side, side), heads, maps)


def test_heads_offered_are_those_of_the_layer_that_is_chosen(page: Page) -> None:
    layers = tuple(
        made_up(*layer)
        for layer in (
            ("down_blocks.0", 8, 2), ("down_blocks.1", 4, 5), ("mid_block", 2, 1),
            ("up_blocks.2", 8, 2),
        )
    )  # fmt: skip
    picture = np.zeros((64, 64, 3), np.uint8)
    shown_alone(page, AttentionSeen(np.array([9], np.float32), layers, picture, ()))
    where, head = (page.locator(f"{HERO} .{name} select") for name in ("where", "head-of"))
    said = page.locator(f"{HERO} .said")
    where.select_option("8×8")
    expect(head.locator("option")).to_have_text(["all 2, averaged"])
    expect(said).to_contain_text("the mean over 2 layers and 2 heads.")
    where.select_option("all")
    expect(head.locator("option")).to_have_text(["all 1, 2 or 5, averaged"])
    expect(said).to_contain_text("the mean over 4 layers and the 1, 2 or 5 heads of each layer.")
    expect(said).to_contain_text("Maps of 8×8, 4×4 and 2×2 places; every layer counts the same.")
    where.select_option("layer 1")
    expect(head.locator("option")).to_have_count(1 + 5)
    head.select_option("4")
    expect(said).to_contain_text("nothing is averaged")
    where.select_option("layer 0")
    expect(head.locator("option")).to_have_text(["all 2, averaged", "head 1", "head 2"])
    expect(said).to_contain_text("the mean over 2 heads. There is no head 5 here.")
    where.select_option("layer 2")
    expect(head.locator("option")).to_have_text(["the only one"])
    where.select_option("layer 1")
    expect(head).to_have_value("4")  # the wish is not forgotten


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


PIXELS = """canvas => ({
    width: canvas.width, height: canvas.height, smooth: getComputedStyle(canvas).imageRendering,
    data: Array.from(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data),
})"""


def test_map_is_shown_alone_as_squares_under_a_line_that_can_be_switched_off(
    page: Page, server: str
) -> None:
    opened(page, server)
    large = page.locator(f"{HERO} .map canvas")
    page.locator(TILE).nth(3).click()
    alone = page.locator(TILE).nth(3).locator("canvas").evaluate(PIXELS)
    shown = large.evaluate(PIXELS)
    assert shown == alone  # a pixel a place, and nothing of the picture
    assert (shown["width"], shown["height"], shown["smooth"]) == (16, 16, "pixelated")
    line = page.locator(f"{HERO} .line")
    switch = page.get_by_label("Outline: the picture; the map has 16×16 places")
    expect(line).to_be_visible()
    switch.uncheck()
    expect(line).to_be_hidden()
    page.locator(f"{HERO} .where select").select_option("8×8")
    expect(page.get_by_text("Outline: the picture; the map has 8×8 places")).to_be_visible()
    expect(line).to_be_hidden()
    expect(page.locator(f"{HERO} .limit")).to_contain_text("of a place’s attention")


COUNT = """() => {
    const pen = CanvasRenderingContext2D.prototype, put = pen.putImageData;
    window.drawn = 0;
    pen.putImageData = function (...given) { window.drawn += 1; return put.apply(this, given); };
}"""


def test_every_map_is_drawn_once_a_move_and_one_where_the_pointer_is(
    page: Page, server: str
) -> None:
    opened(page, server)
    page.evaluate(COUNT)
    tiles = page.locator(TILE)
    slide(page, 1)
    assert page.evaluate("window.drawn") == tiles.count() + 1
    page.evaluate("window.drawn = 0")
    tiles.nth(2).hover()
    assert page.evaluate("window.drawn") <= 2  # the pointer left what it was on
    expect(page.locator(HERO)).to_have_attribute("data-entry", "2")


LONG = "%20".join(["a parrot on a blue background near the old red house"] * 6)


@pytest.mark.parametrize("prompt", ["", f"&prompt={LONG}"], ids=["short", "long"])
def test_tiles_are_whole_at_every_width_and_nothing_scrolls_within(
    page: Page, server: str, prompt: str
) -> None:
    opened(page, server, prompt)
    for width, height in ((1280, 800), (1024, 768), (1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
        page.wait_for_timeout(200)
        hero = page.locator(HERO).bounding_box()
        assert hero is not None
        for tile in page.locator(f"{HERO} .tiles > *").all():
            box = tile.bounding_box()
            assert box is not None
            assert box["x"] >= hero["x"] - 1
            assert box["x"] + box["width"] <= hero["x"] + hero["width"] + 1
            assert box["y"] + box["height"] <= hero["y"] + hero["height"] + 1
        scrolls = page.locator(f"{HERO} .tiles").evaluate(
            "box => box.scrollHeight > box.clientHeight + 1"
        )
        assert not scrolls


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1280, 800), (1920, 1080)])
def test_hero_is_whole_in_the_window_and_grows_with_it(
    new_page: Callable[..., Page], server: str, width: int, height: int
) -> None:
    page = new_page(width, height)
    opened(page, server)
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    for part in (".map", ".walk", ".tiles > :last-child"):
        box = page.locator(f"{HERO} {part}").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height, part
    box = page.locator(f"{HERO} .map").bounding_box()
    assert box is not None
    assert box["width"] > 0.36 * height


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
    box = page.locator(f"{HERO} .map canvas").bounding_box()
    assert box is not None
    assert abs(box["width"] / box["height"] - 2) < 0.05
    assert page.locator(f"{HERO} .tiles img").count() == 1  # the picture itself
    expect(page.locator(TILE).nth(1)).to_contain_text("<")
    assert not [url for url in asked if "x.y" in url.split("?")[0]]
