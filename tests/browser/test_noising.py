"""The page that adds noise, in a real browser: dragging is free, pixels are the formula's."""

import numpy as np
from playwright.sync_api import Page, expect

from core.ideas.flow import flow_time
from core.ideas.forward import add_noise
from core.ideas.schedule_config import read_alpha_bar
from core.lessons.noising.hero_data import NOISE_SCALE, pixel_noise
from core.models.catalog import builtin_folder
from core.models.folders import read_json
from core.models.gallery import gallery, open_picture
from core.models.uploads import fit

HERO = "section.noising"
DECODED = f"{HERO}[data-decoded]:not([data-decoded='0'])"
ALPHA_BAR = read_alpha_bar(read_json(builtin_folder() / "scheduler" / "scheduler_config.json"))


def slide(page: Page, t: int) -> None:
    page.locator(f"{HERO} input").evaluate(
        "(range, t) => { range.value = t; range.dispatchEvent(new Event('input')); }", t
    )


def test_dragging_sends_nothing_and_shows_the_formulas_pixels(page: Page, server: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/noising?steps=5")
    page.locator(DECODED).wait_for(state="attached")
    page.locator(f"{HERO}[data-visits='5']").wait_for(state="attached")
    page.wait_for_timeout(1500)
    sent.clear()
    picture = np.asarray(fit(open_picture(gallery()[0].name), 128, 128))
    x0, eps = picture / 127.5 - 1, pixel_noise(128, 128, 0) / NOISE_SCALE
    for t in (0, 250, 999):
        slide(page, t)
        shown = page.locator(f"{HERO} .pixel canvas").evaluate(
            "canvas => Array.from(canvas.getContext('2d')"
            ".getImageData(0, 0, canvas.width, canvas.height).data)"
        )
        wanted = (np.clip(add_noise(x0, eps, float(ALPHA_BAR[t])), -1, 1) + 1) * 127.5
        found = np.array(shown).reshape(128, 128, 4)[..., :3]
        assert np.abs(found - wanted).max() <= 0.51 + 1e-3
        weight = page.locator(f"{HERO} .numbers .signal b").inner_text()
        assert weight == f"{ALPHA_BAR[t] ** 0.5:.3f}"
        share = page.locator(f"{HERO} .numbers .flow b").inner_text()
        assert share == f"{flow_time(float(ALPHA_BAR[t])):.3f}"
    page.wait_for_timeout(300)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_a_link_marks_its_look_on_a_server_that_nobody_has_talked_to(
    cold_server: str, page: Page
) -> None:
    page.goto(f"{cold_server}/noising?steps=3&look=What%20is%20left")
    chips = page.get_by_test_id("stButtonGroup").filter(has_text="What is left")
    expect(chips.locator("[aria-checked=true]")).to_have_text("What is left")
