"""The latents page in a real browser: pointing, surgery, and the lab's planes."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Page, expect

HERO = "section.latents"


def open_page(page: Page, address: str, look: str = "") -> list[object]:
    """Open the page, wait for the latents, choose a look; returns the frames sent from then on."""
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(address)
    page.locator(f"{HERO}.ready").wait_for()
    expect(page.locator(HERO)).to_have_count(1)  # a cold server draws a deep link's page twice
    page.get_by_text("The formulas and their code").wait_for()
    if look:
        page.get_by_role("radio", name=look).or_(page.get_by_text(look, exact=True)).first.click()
    page.wait_for_timeout(1000)
    sent.clear()
    return sent


def test_pointing_at_one_place_tells_its_numbers_and_sends_nothing(page: Page, server: str) -> None:
    sent = open_page(page, f"{server}/latents")
    root = page.locator(HERO)
    before = root.get_attribute("data-values")
    box = page.locator(f"{HERO} .before .plate").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    expect(root).not_to_have_attribute("data-values", before or "")
    corner = root.get_attribute("data-values") or ""
    numbers = root.evaluate(
        "root => Array.from({length: root.view.data.channels},"
        " (_, at) => root.view.values[at * root.view.rows * root.view.columns])"
    )
    np.testing.assert_allclose([float(word) for word in corner.split()], numbers, atol=1e-4)
    page.locator(f"{HERO} .after .plate").focus()
    page.keyboard.press("ArrowRight")
    expect(root).not_to_have_attribute("data-values", corner)
    page.get_by_role("button", name="As colours").click()
    page.get_by_role("button", name="Error").click()
    page.wait_for_timeout(500)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_surgery_guesses_at_once_and_decodes_on_release(page: Page, server: str) -> None:
    sent = open_page(page, f"{server}/latents", "Surgery")
    root = page.locator("section.surgery")
    expect(root).to_have_attribute("data-decoded", edits_with(1))
    gain = page.get_by_role("slider", name="Gain of channel 1")
    gain.evaluate("e => { e.value = 0; e.dispatchEvent(new Event('input', {bubbles: true})); }")
    page.wait_for_timeout(300)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run
    gain.evaluate("e => e.dispatchEvent(new Event('change', {bubbles: true}))")
    expect(root).to_have_attribute("data-decoded", edits_with(0))
    page.get_by_role("button", name="Undo all").click()
    expect(root).to_have_attribute("data-decoded", edits_with(1))


def test_surgery_is_pale_only_while_another_picture_is_awaited(page: Page, server: str) -> None:
    open_page(page, f"{server}/latents", "Surgery")
    root = page.locator("section.surgery")
    expect(root).to_have_attribute("data-decoded", edits_with(1))
    gain = page.get_by_role("slider", name="Gain of channel 1")
    for value, pale in ((0, True), (1, False)):  # away, and back by hand
        gain.evaluate(
            "(e, value) => { e.value = value;"
            " e.dispatchEvent(new Event('input', {bubbles: true})); }",
            value,
        )
        assert ("waiting" in (root.get_attribute("class") or "")) == pale
    page.get_by_role("button", name="Undo all").click()
    page.wait_for_timeout(1500)
    expect(root).not_to_have_class(re.compile("waiting"))
    opacity = "canvas => getComputedStyle(canvas).opacity"
    assert root.locator(".after canvas").evaluate(opacity) == "1"


def test_surgery_names_its_channels_and_takes_noise_only_for_a_frame(
    page: Page, server: str
) -> None:
    open_page(page, f"{server}/latents", "Surgery")
    root = page.locator("section.surgery")
    expect(root.locator(".gain > span")).to_have_text([f"Channel {at}" for at in range(1, 5)])
    noise = root.locator(".amount input")
    expect(noise).to_be_disabled()
    expect(root.locator(".amount output")).to_have_text("no frame")
    box = root.locator(".inside .plate").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 90, steps=4)
    page.mouse.up()
    expect(noise).to_be_enabled()
    expect(root.locator(".amount output")).to_have_text("100 %")


def edits_with(first: int) -> re.Pattern[str]:
    """The edits with a certain gain of the first channel."""
    return re.compile(rf'^{{"gains":\[{first}(\.0)?,')


def test_lab_trains_and_its_planes_are_dragged_without_the_server(page: Page, server: str) -> None:
    sent = open_page(page, f"{server}/latents", "Train your own")
    page.get_by_role("button", name="Train both").click()
    plane = page.locator("section.lab .plane").first
    plane.wait_for()
    page.wait_for_timeout(1500)
    sent.clear()
    figure = page.locator("section.lab figure").first
    expect(figure).to_have_attribute("data-filled", "121")
    before = figure.get_attribute("data-place")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 90, steps=6)
    page.mouse.up()
    assert figure.get_attribute("data-place") != before
    plane.focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run
    shades = page.locator("section.lab").evaluate(
        "root => root.view.planes.map((plane) => Array.from(plane.shades(0.3, -1.2)))"
    )
    layers = page.locator("section.lab").evaluate(
        "root => root.view.planes.map((plane) => plane.layers.map((l) =>"
        " ({shape: l.shape, weight: Array.from(l.weight), bias: Array.from(l.bias)})))"
    )
    for found, made in zip(shades, layers, strict=True):
        np.testing.assert_allclose(found, decoded(made, (0.3, -1.2)), atol=1e-4)


def decoded(layers: list[dict], place: tuple[float, float]) -> np.ndarray:
    """What torch's own decoder makes of a place."""
    import torch

    from core.labs.autoencoder import SmallDecoder

    decoder = SmallDecoder()
    numbers = [torch.tensor(layer[name]) for layer in layers for name in ("weight", "bias")]
    with torch.no_grad():
        for own, told in zip(decoder.parameters(), numbers, strict=True):
            own.copy_(told.view(own.shape))
        return decoder(torch.tensor([place])).flatten().numpy()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_row_is_above_the_fold_and_nothing_sticks_out(
    new_page: Callable[..., Page], server: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    open_page(page, f"{server}/latents")
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(f"innerWidth === {width}")
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for part in (".before .plate", ".inside .plate", ".after .plate"):
            box = page.locator(f"{HERO} {part}").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            assert box["y"] + box["height"] <= 800, (part, width)
