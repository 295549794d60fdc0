"""The U-Net page in a real browser: its map is above the fold, and a click looks inside."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

UNET = "section.unet"
ADDRESS = "unet?steps=3"
IDLE = "[data-test-script-state=notRunning]"


def open_page(page: Page, server: str) -> None:
    """Open the page and wait until the run has been looked into."""
    page.goto(f"{server}/{ADDRESS}")
    page.get_by_text("of the variance").first.wait_for()
    expect(page.locator(f"{UNET} .boxes button").nth(3)).to_contain_text("ms")


def test_click_on_a_box_shows_what_it_puts_out(page: Page, server: str) -> None:
    open_page(page, server)
    box = page.locator(f"{UNET} [data-name='down_blocks.0.resnets.0']")
    box.click()
    expect(box).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Residual block on the way down")).to_be_visible()
    for name, title in (
        ("mid_block.resnets.0", "Residual block in the middle"),
        ("up_blocks.0.upsamplers.0", "Twice the size on the way up"),
        ("time_embedding", "Time embedding"),
    ):  # from the second click on as well, and after the server has answered
        page.locator(f"{UNET} [data-name='{name}']").focus()
        page.keyboard.press("Enter")
        expect(page.locator("strong").get_by_text(title)).to_be_visible()
        page.locator(IDLE).wait_for(state="attached")
        page.wait_for_timeout(300)
        pressed = page.locator(f"{UNET} .boxes [aria-pressed=true]")
        expect(pressed).to_have_count(1)
        expect(pressed).to_have_attribute("data-name", name)
    expect(page.get_by_text("numbers, row by row")).to_be_visible()
    assert "box=time_embedding" in page.url


def test_bar_of_a_box_is_explained_and_shapes_are_shown_where_there_is_room(
    new_page: Callable[..., Page], server: str
) -> None:
    page = new_page(1024, 768)
    open_page(page, server)
    expect(page.locator(f"{UNET} .key .bar")).to_have_text("time it took, beside the slowest box")
    expect(page.locator("span.total", has_text="million weights")).to_be_visible()
    box = page.locator(f"{UNET} [data-name='down_blocks.0.resnets.0']")
    expect(box.locator("i").first).to_be_visible()
    expect(box.locator("i").first).to_have_text("64×16×16")
    ends = page.locator(f"{UNET} .boxes button").evaluate_all(
        "all => all.map((one) => one.scrollWidth - one.clientWidth)"
    )
    assert max(ends) <= 0  # nothing sticks out of its box


def test_map_grows_with_the_window(new_page: Callable[..., Page], server: str) -> None:
    sizes = []
    for width, height in ((1280, 800), (1920, 1080)):
        page = new_page(width, height)
        open_page(page, server)
        sizes.append(
            page.locator(f"{UNET} .boxes b").first.evaluate("b => getComputedStyle(b).fontSize")
        )
        last = page.locator(f"{UNET} .board").bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= height
    small, large = (float(size.removesuffix("px")) for size in sizes)
    assert small >= 11.5
    assert large >= 15


def test_click_on_a_skip_switches_it_off(page: Page, server: str) -> None:
    open_page(page, server)
    page.get_by_role("button", name="Skip connection 2,").click()
    expect(page.get_by_text("From the same first noise")).to_be_visible()
    expect(page.locator(f"{UNET} .ways .off")).to_have_count(1)


def test_click_on_the_picture_asks_where_that_position_looks(page: Page, server: str) -> None:
    open_page(page, server)
    page.get_by_text("Who looks where").click()
    looking = page.locator("section.looking")
    expect(looking).to_have_attribute("data-position", "8,8")
    canvas = looking.locator(".chosen canvas")
    canvas.click(position={"x": 4, "y": 4})
    expect(looking).to_have_attribute("data-position", "0,0")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(looking).to_have_attribute("data-position", "0,1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_map_is_above_the_fold_and_nothing_sticks_out(
    new_page: Callable[..., Page], server: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    open_page(page, server)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function(f"innerWidth === {width}")
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
        boxes = page.locator(f"{UNET} .boxes button")
        for at in range(boxes.count()):
            found = boxes.nth(at).bounding_box()
            assert found is not None
            assert found["x"] >= 0
            assert found["x"] + found["width"] <= width
            assert found["height"] >= 18
            if width == 1280:
                assert found["y"] + found["height"] <= 800, at
