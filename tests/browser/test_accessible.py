"""For everybody: contrast and names, light and dark, windows wide and narrow."""

import importlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

WINGS = Path(__file__).resolve().parents[2] / "core" / "lessons"
STREAMLITS_OWN = {"empty-table-header", "scrollable-region-focusable"}
STREAMLITS_PARTS = {
    "exclude": [
        ["[data-testid=stSidebarNav]"],  # its lists hold bare divisions
        ["[data-testid=stCode]"],  # no theme can set the colours of its syntax
        [".katex"],  # of a hat that lies outside the page axe gives up on all colours
    ]
}
BELOW = {**STREAMLITS_PARTS, "include": [["[data-testid=stMain]"]]}
FOLD = 800  # CSS pixels
EVERY = os.environ.get("GLASSBOX_EVERY") == "1"  # every look light and dark: make check-looks
AT_REST = """() => new Promise(done => {
  let since = performance.now();
  const look = () => {
    if (!document.querySelector("[data-test-script-state=notRunning]")) since = performance.now();
    if (performance.now() - since > 300) done();
    else setTimeout(look, 50);
  };
  look();
})"""


@dataclass(frozen=True)
class Looked:
    """A page as it is looked at.

    Attributes:
        ready: what is there when all is drawn.
        hero: what the visitor must see first, all of it.
        toggles: what to open before looking.
    """

    ready: str
    hero: tuple[str, ...]
    toggles: tuple[str, ...] = ("The formula and its code",)


PAGES = {
    "/?steps=3": Looked(
        "section.pipeline:not(.waiting) .station",
        ("section.pipeline .picture .look", "section.pipeline .walk input"),
        (),
    ),
    "/tokens": Looked(
        "section.pieces .word", ("section.pieces .line", "section.pieces .budget"),
        ("The formulas and their code",),
    ),
    "/latents": Looked(
        "section.latents.ready",
        (
            "section.latents .before .plate",
            "section.latents .inside .plate",
            "section.latents .after .plate",
        ),
        ("The formulas and their code",),
    ),
    "/schedulers?steps=3": Looked(
        "section.schedulers .list button",
        ("section.schedulers .chart canvas",),
        ("The formulas and their code",),
    ),
    "/attention?steps=3": Looked(
        "section.attention[data-run='3']",
        ("section.attention .over canvas",),
        ("The formulas and their code",),
    ),
    "/unet?steps=3": Looked("[data-testid=stImage] img", ("section.unet .board",), ()),
    "/training": Looked(
        "section.training[data-shown]",
        ("section.training .stages", "section.training .chart canvas"),
        (),
    ),
    "/timesteps?steps=3": Looked(
        "section.timesteps .map svg[data-count='3']",
        ("section.timesteps .map canvas", "section.timesteps .bars canvas"),
        ("The formulas and their code",),
    ),
    "/noising?steps=3": Looked(
        "section.noising[data-visits='3']",
        ("section.noising .pixel canvas", "section.noising .latent canvas"),
        ("The formulas and their code",),
    ),
    "/generation?steps=3": Looked(
        "section.film .how:has-text('enlarged smoothly')",
        (
            "section.film .given canvas",
            "section.film .guess canvas",
            "section.film .strip",
            "section.film .play",
        ),
    ),
    "/noising?steps=3&walk=on&foot=cards": Looked(
        ".st-key-predict_first button", (".st-key-predict_first",), ()
    ),
    "/check": Looked("[data-testid=stMarkdown] table", ("[data-testid=stAlert]",), ()),
}  # fmt: skip

LEVEL = {  # pictures that stand side by side begin at one height
    "/noising?steps=3": ("section.noising figure canvas",),
    "/generation?steps=3": ("section.film .given canvas, section.film .guess canvas",),
}


@pytest.fixture(scope="module", params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    """What the visitor's system prefers."""
    return request.param


@pytest.fixture(scope="module", params=PAGES)
def path(request: pytest.FixtureRequest) -> str:
    """A page with a short run."""
    return request.param


@pytest.fixture(scope="module")
def opened(new_page_to_share: Callable[..., Page], server: str, path: str, scheme: str) -> Page:
    """The page with its run finished, formula and code open where it has them."""
    looked = PAGES[path]
    page = new_page_to_share(color_scheme=scheme)
    page.goto(server + path)
    page.locator(looked.ready).first.wait_for(state="attached")
    page.wait_for_timeout(1000)  # a rerun that brought what is ready may go on below it
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
    for toggle in looked.toggles:
        page.get_by_text(toggle, exact=True).click()
        page.locator(".katex").first.wait_for()
    return page


def test_page_has_no_barrier_of_our_own(opened: Page) -> None:
    found = Axe().run(opened, context=STREAMLITS_PARTS).response
    looked_at = {rule["id"] for rule in found["passes"]}
    assert looked_at >= {"button-name", "label", "color-contrast", "page-has-heading-one"}
    assert not barriers(found)


def barriers(found: dict[str, Any]) -> list[tuple[str, str, str]]:  # Any: what axe says
    """What stands in the way and is not Streamlit's own: rule, place, and why."""
    return [
        (violation["id"], node["target"], node.get("failureSummary"))
        for violation in found["violations"]
        if violation["id"] not in STREAMLITS_OWN
        for node in violation["nodes"]
    ]


def test_no_closer_look_has_a_barrier_of_our_own(opened: Page, path: str, scheme: str) -> None:
    """Each look once, one light and the next dark; both where every one is asked for."""
    page = path.strip("/").partition("?")[0]
    if not (WINGS / page / "looks.py").is_file() or "walk=on" in path:
        return
    looks = importlib.import_module(f"core.lessons.{page}.looks").LOOKS.looks
    mine = looks if EVERY else looks[scheme == "dark" :: 2]
    opened.set_viewport_size({"width": 1280, "height": FOLD})
    found: list[str] = []
    for look in mine:
        box = opened.get_by_role("radiogroup", name="Look closer")
        box.get_by_role("radio", name=look.title, exact=True).click()
        expect(box.get_by_role("radio", name=look.title, exact=True)).to_be_checked()
        opened.evaluate(AT_REST)
        said = barriers(Axe().run(opened, context=BELOW).response)
        found += [f"{look.title}: {barrier}" for barrier in said]
    assert not found, "\n".join(found)


def test_page_is_light_or_dark_as_the_visitor_likes(opened: Page, scheme: str) -> None:
    ground = opened.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    lightness = sum(int(part) for part in re.findall(r"\d+", ground)[:3]) / 3
    assert (lightness < 60) == (scheme == "dark")


def luminance(colour: str) -> float:
    """How bright a colour is, as WCAG 2 counts it: 0 is black, 1 is white."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_first_button_of_a_look_can_be_read(
    new_page: Callable[..., Page], server: str, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(f"{server}/schedulers?steps=3&look=Your+own+noise+levels")
    button = page.get_by_test_id("stBaseButton-primary")
    expect(button).to_be_enabled()
    # Axe passes no judgement on it.
    ground = button.evaluate("button => getComputedStyle(button).backgroundColor")
    letters = button.get_by_text("Run these").evaluate("text => getComputedStyle(text).color")
    brighter, darker = sorted((luminance(ground), luminance(letters)), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5, (ground, letters)


@pytest.mark.parametrize("width", [1280, 390])
def test_picture_is_above_the_fold_and_nothing_sticks_out(
    opened: Page, path: str, width: int
) -> None:
    opened.set_viewport_size({"width": width, "height": FOLD})
    opened.wait_for_function(f"innerWidth === {width}")
    opened.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    for part in PAGES[path].hero:
        box = opened.locator(part).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width, part
        assert box["y"] + box["height"] <= FOLD, part


@pytest.mark.parametrize("address", PAGES)
def test_hero_is_whole_on_an_old_projector(page: Page, server: str, address: str) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.goto(server + address)
    page.locator(PAGES[address].ready).first.wait_for(state="attached")
    for part in PAGES[address].hero:
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1024, part
        assert box["y"] + box["height"] <= 768, part
    for row in LEVEL.get(address, ()):
        boxes = [one.bounding_box() for one in page.locator(row).all()]
        tops = [box["y"] for box in boxes if box]
        assert len(tops) >= 2
        assert max(tops) - min(tops) < 1, row


def test_words_grow_with_the_window_and_focus_in_the_menu_is_seen(page: Page, server: str) -> None:
    size = "parseFloat(getComputedStyle(document.documentElement).fontSize)"
    page.goto(f"{server}/schedulers?steps=3")
    link = page.get_by_test_id("stSidebarNavLink").nth(2)
    link.wait_for()
    page.wait_for_function(f"{size} === 16")
    page.keyboard.press("Tab")
    link.focus()  # after a key, as a keyboard gives it
    assert float(link.evaluate("a => parseFloat(getComputedStyle(a).outlineWidth)")) >= 3
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_function(f"{size} > 18")


def test_columns_one_below_the_other_are_as_close_as_all_else(page: Page, server: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/schedulers?steps=3")
    columns = page.locator("[data-testid=stHorizontalBlock] > [data-testid=stColumn]")
    columns.nth(1).wait_for()
    first, second = (columns.nth(at).bounding_box() for at in (0, 1))
    assert first is not None
    assert second is not None
    assert 0 <= second["y"] - first["y"] - first["height"] <= 16
