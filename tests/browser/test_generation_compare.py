"""Grids, two runs and branches in a real browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

IDLE = "[data-test-script-state=notRunning]"
STREAMLITS_OWN = {"empty-table-header", "scrollable-region-focusable"}
STREAMLITS_PARTS = {"exclude": [["[data-testid=stSidebarNav]"], ["[data-testid=stCode]"]]}
GRID = "section.compare"
PAIR = "section.two-runs"
SMALL = "of_steps=1,+2&of_scheduler=[%22ddim%22,%22euler%22]"
LONG = "of_steps=149,+150&down=seed&of_seed=5,+6,+7,+8"


def idle(page: Page) -> None:
    page.locator(IDLE).wait_for(state="attached")


def colours(page: Page, canvas: str) -> list[int]:
    """Every 97th byte of what a canvas shows."""
    return page.locator(canvas).evaluate(
        "canvas => { const {width, height} = canvas;"
        " const all = canvas.getContext('2d').getImageData(0, 0, width, height).data;"
        " return Array.from(all.filter((_, at) => at % 97 === 0)); }"
    )


def test_a_grid_fills_can_be_stopped_and_a_click_makes_a_cell_the_run(
    page: Page, server: str
) -> None:
    page.goto(f"{server}/generation?steps=2&look=Compare+a+grid&{LONG}")
    page.locator(f"{GRID}[data-there='0']").wait_for()
    idle(page)
    page.get_by_role("button", name="Draw the 8 pictures").click()
    page.locator(f"{GRID}[data-coming='8']").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.locator(f"{GRID}[data-coming='0']").wait_for()
    expect(
        page.get_by_role("button", name=re.compile(r"Draw the (other )?\d pictures"))
    ).to_be_visible()
    page.goto(f"{server}/generation?steps=2&look=Compare+a+grid&{SMALL}")
    idle(page)
    page.get_by_role("button", name=re.compile(r"Draw the .*pictures")).click()
    page.locator(f"{GRID}[data-there='4']").wait_for()
    idle(page)
    shown = colours(page, f"{GRID} [data-cell='2'] canvas")
    assert len(set(shown)) > 20
    page.get_by_role(
        "button", name=re.compile(r"^Euler, 1 step: 1 call, .* Make this your run$")
    ).click()
    page.locator(f"{GRID} .own [data-cell='2'], {GRID} [data-cell='2'].own").wait_for()
    expect(page).to_have_url(re.compile(r"scheduler=euler.*steps=1|steps=1.*scheduler=euler"))
    assert page.get_by_test_id("stException").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_branch_shows_two_futures_that_are_scrubbed_at_no_cost(
    scheme: str, new_page: object, server: str
) -> None:
    page: Page = new_page(color_scheme=scheme)  # type: ignore[operator]  # a fixture's function
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/generation?steps=4&look=Branch")
    page.locator(f"{PAIR}[data-place='4']").wait_for()
    page.get_by_role("button", name="PNG with settings").wait_for()
    idle(page)
    ends = [colours(page, f"{PAIR} .{run} .guess") for run in ("first", "second")]
    assert ends[0] != ends[1]
    page.wait_for_timeout(1000)
    sent.clear()
    slider = page.get_by_role("slider", name="Place in both runs")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(f"{PAIR}[data-place='0']")).to_be_visible()
    given = [colours(page, f"{PAIR} .{run} .given") for run in ("first", "second")]
    assert given[0] == given[1]
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^Start, .* 0\.000 apart$"))
    page.keyboard.press("End")
    expect(page.locator(f"{PAIR} .where span")).to_have_text("finished")
    page.wait_for_timeout(300)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run
    found = Axe().run(page, STREAMLITS_PARTS).response["violations"]
    assert [one["id"] for one in found if one["id"] not in STREAMLITS_OWN] == []


def test_nothing_is_wider_than_a_narrow_window(new_page: object, server: str) -> None:
    page: Page = new_page(width=420)  # type: ignore[operator]  # as above
    for look, ready in (("Two+prompts", PAIR), ("From+a+picture", "text=3. The run goes on")):
        page.goto(f"{server}/generation?steps=2&look={look}")
        page.locator(ready).first.wait_for()
        idle(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_on_a_telephone_pictures_and_a_grid_of_three_stand_side_by_side(
    new_page: object, server: str
) -> None:
    page: Page = new_page(width=390, height=844)  # type: ignore[operator]  # as above
    page.goto(f"{server}/generation?steps=2&look=From+a+picture")
    page.get_by_text("3. The run goes on").wait_for()
    idle(page)
    pictures = page.get_by_test_id("stImage")
    pictures.nth(2).wait_for()
    first, second = (one.bounding_box() for one in pictures.all()[:2])
    assert first
    assert second
    assert first["y"] == second["y"]
    assert first["x"] + first["width"] < second["x"]
    page.goto(f"{server}/generation?steps=2&look=Compare+a+grid&of_steps=1,+2,+3")
    page.locator(f"{GRID}[data-there='0']").wait_for()
    idle(page)
    room = page.locator(f"{GRID} .scroll")
    assert room.evaluate("one => one.scrollWidth - one.clientWidth") <= 0
