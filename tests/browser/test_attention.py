"""The attention page in a real browser: choosing and scrubbing are free, shares add up."""

import re

import numpy as np
from playwright.sync_api import Page, expect

from core.models.attention_seen import AttentionSeen, LayerMaps
from core.models.catalog import builtin_folder
from core.models.tokens import load_tokenizer, read_pad_id, tokenize
from core.ui.component import BEFORE, FOLDER
from core.views.attention import attention_data
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


SHOW = """([data, html]) => {
    document.body.innerHTML = html;
    mountAttention({ parentElement: document.body, data: [data, 1] });
}"""


def shown_alone(page: Page, seen: AttentionSeen) -> None:
    """Put the component on an empty page, with maps made up here."""
    folder = builtin_folder() / "tokenizer"
    tokenizer = load_tokenizer(folder)
    tokens = tokenize(tokenizer, "a cat", read_pad_id(folder, tokenizer))
    script = "".join((FOLDER / name).read_text("utf-8") for name in (*BEFORE, "attention.js"))
    page.route("**/*", lambda route: route.fulfill(body="<p>empty</p>", content_type="text/html"))
    page.goto("http://127.0.0.1/")
    page.add_script_tag(
        content=script.replace("export default function", "mountAttention = function")
    )
    html = (FOLDER / "attention.html").read_text("utf-8")
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
    where, head = (page.locator(f"{HERO} .{name} select") for name in ("where", "head"))
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
