"""The timesteps page in a real browser: what is dragged there stays there."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from diffusers.models.embeddings import get_timestep_embedding
from playwright.sync_api import Page, expect

MAP = "section.timesteps"
MARKED = f"{MAP} .map svg[data-count]:not([data-count='0'])"
SLIDE = """async (root) => {
    const range = root.querySelector('input');
    const seen = new Set();
    for (let t = 0; t < 1000; t++) {
        range.value = t;
        range.dispatchEvent(new Event('input', {bubbles: true}));
        if (t % 10 !== 9) continue; // a busy machine draws few frames a second
        await new Promise(requestAnimationFrame);
        seen.add(root.dataset.t);
    }
    return seen.size;
}"""


def open_page(page: Page, address: str) -> list[object]:
    """Open the page and wait until the run is marked; returns the frames sent from then on."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(address)
    page.locator(MARKED).wait_for(state="attached")
    page.wait_for_timeout(2000)
    sent.clear()
    return sent


def test_a_thousand_timesteps_send_nothing_to_the_server(page: Page, server: str) -> None:
    sent = open_page(page, f"{server}/timesteps?dim=320&steps=3")
    assert page.locator(MAP).evaluate(SLIDE) == 100
    page.wait_for_timeout(500)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_rows_in_the_browser_are_the_librarys(page: Page, server: str) -> None:
    open_page(page, f"{server}/timesteps?dim=320&steps=3")
    times = [0, 1, 37, 250.5, 500, 999]
    rows = page.locator(MAP).evaluate(f"root => {times}.map((t) => root.view.row(t))")
    theirs = get_timestep_embedding(
        torch.tensor(times), 320, flip_sin_to_cos=True, downscale_freq_shift=0
    )
    np.testing.assert_allclose(rows, theirs, atol=1e-4)


def test_dot_is_dragged_pushed_and_played(page: Page, server: str) -> None:
    open_page(page, f"{server}/timesteps?steps=3")
    root, slider = page.locator(MAP), page.get_by_role("slider", name="Timestep t")
    expect(root).to_have_attribute("data-t", "500")
    slider.focus()
    page.keyboard.press("ArrowUp")
    expect(root).to_have_attribute("data-t", "501")
    page.keyboard.press("Home")
    expect(root).to_have_attribute("data-t", "0")
    box = page.locator(f"{MAP} .map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 50, box["y"] + box["height"] - 1)
    page.mouse.down()
    page.mouse.move(box["x"] + 50, box["y"] + 1, steps=5)
    page.mouse.up()
    assert int(root.get_attribute("data-t") or 0) > 985
    page.get_by_role("button", name="Play").click()
    expect(root).to_have_attribute("data-t", "1")  # leading spacing of three steps ends there
    expect(page.get_by_role("button", name="Play")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_map_and_dot_are_above_the_fold(
    new_page: Callable[..., Page], server: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(f"{server}/timesteps?steps=3")
    page.locator(f"{MAP} .map canvas").first.wait_for()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(f"innerWidth === {width}")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for part in (".map canvas", ".field input", ".play"):
            box = page.locator(f"{MAP} {part}").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= 800, part


def test_every_canvas_has_a_name_and_nothing_is_read_out_by_itself(page: Page, server: str) -> None:
    open_page(page, f"{server}/timesteps?steps=3")
    canvases = page.locator(f"{MAP} canvas")
    assert canvases.count() == 9  # the map, two of the row, and six clocks
    for at in range(canvases.count()):
        expect(canvases.nth(at)).to_have_attribute("role", "img")
        assert canvases.nth(at).get_attribute("aria-label")
    live = f"{MAP} output, {MAP} [role=status], {MAP} [aria-live]:not([aria-live=off])"
    assert page.locator(live).count() == 0
