"""Nothing sticks out, is cut or lies over something else: telephones, an old projector, 200 %.

In German, whose words are longer; where every look is asked for (make check-looks), all of them,
and in English as well.
"""

import importlib
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import Page

from core.ui.navigation import WALK

FAULTS = Path(__file__).with_name("layout.js").read_text("utf-8")
WINGS = Path(__file__).resolve().parents[2] / "core" / "lessons"
EVERY = os.environ.get("GLASSBOX_EVERY") == "1"
SIZES = ((1024, 768), (640, 384), (390, 844), (360, 740))  # 640 x 384 is 1280 x 768 at 200 %
TRIES = 5
PAGES = ["", *(entry.url for entry in WALK)]
AT_REST = """() => new Promise(done => {
  let since = performance.now();
  const look = () => {
    const busy = !document.querySelector("[data-test-script-state=notRunning]")
      || document.querySelector("[data-testid=stSkeleton]");
    if (busy) since = performance.now();
    if (performance.now() - since > 400) done();
    else setTimeout(look, 50);
  };
  look();
})"""


def views_of(page: str) -> list[str]:
    """The addresses of a page and, where every one is asked for, of its closer looks."""
    if not EVERY or not (WINGS / page / "looks.py").is_file():
        return [f"{page}?steps=3"]
    looks = importlib.import_module(f"core.lessons.{page}.looks").LOOKS.looks
    return [f"{page}?steps=3&look={quote(look.title)}" for look in looks]


@pytest.mark.parametrize("language", ["de", "en"] if EVERY else ["de"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_sticks_out_is_cut_or_lies_over_something_else(
    new_page: Callable[..., Page], server: str, page: str, language: str
) -> None:
    window = new_page()
    found: list[str] = []
    for view in views_of(page):
        window.set_viewport_size({"width": 1280, "height": 800})
        window.goto(f"{server}/{view}&lang={language}")
        window.locator("h1").first.wait_for()
        window.evaluate(AT_REST)
        for width, height in SIZES:
            window.set_viewport_size({"width": width, "height": height})
            window.wait_for_function(f"innerWidth === {width}")
            for _ in range(TRIES):  # charts follow the window a moment later
                window.evaluate(AT_REST)
                faults = window.evaluate(FAULTS)
                if not faults:
                    break
            found += [f"{view} at {width}: {fault}" for fault in faults]
    assert not found, "\n".join(found)


def test_a_chart_follows_a_window_that_is_narrower_by_all_that_stands_beside_its_plot(
    page: Page, server: str
) -> None:
    page.set_viewport_size({"width": 1100, "height": 800})
    page.goto(f"{server}/timesteps?steps=3&look={quote('All the clocks')}")
    drawn = page.locator("[data-testid=stVegaLiteChart] svg")
    plot = drawn.locator("path.background").first
    plot.wait_for(state="attached")
    page.evaluate(AT_REST)
    plotted = plot.evaluate("plot => plot.getBBox().width")
    beside = round(drawn.evaluate("drawn => drawn.getBoundingClientRect().width") - plotted)
    page.set_viewport_size({"width": 1100 - beside, "height": 800})
    page.wait_for_function(
        """plotted => {
          const chart = document.querySelector("[data-testid=stVegaLiteChart]");
          const width = chart.getBoundingClientRect().width;
          const drawn = chart.querySelector("svg").getBoundingClientRect().width;
          return Math.abs(width - plotted) < 1 && Math.abs(drawn - width) < 1;
        }""",
        arg=plotted,
    )


def test_an_old_projector_shows_what_is_dragged_and_what_comes_of_it(
    new_page: Callable[..., Page], server: str
) -> None:
    window = new_page()
    window.set_viewport_size({"width": 1024, "height": 768})
    window.goto(f"{server}/?present=on&steps=3")
    window.get_by_role("button", name="Play").wait_for()
    window.evaluate(AT_REST)
    dragged = window.get_by_label("Place in the run").bounding_box()
    assert dragged is not None
    assert dragged["y"] + dragged["height"] < 768
    window.goto(f"{server}/schedulers?present=on&steps=3")
    window.locator(".card canvas").first.wait_for()
    window.evaluate(AT_REST)
    picture = window.locator(".card canvas").first.bounding_box()
    assert picture is not None
    assert min(picture["width"], picture["height"]) > 80


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sliders_track_and_a_charts_words_are_of_the_pages_own_theme(
    new_page: Callable[..., Page], server: str, scheme: str
) -> None:
    window = new_page(color_scheme=scheme)
    window.goto(f"{server}/latents?steps=3&look=Your run")
    track = window.get_by_label("Place in the run")
    track.wait_for()
    window.evaluate(AT_REST)
    picture = Image.open(io.BytesIO(track.screenshot())).convert("L")
    middle = picture.getpixel((picture.width * 3 // 4, picture.height // 2))
    assert isinstance(middle, int)
    assert middle > 200 if scheme == "light" else middle < 90
    window.goto(f"{server}/tokens?look=Meaning")
    word = window.locator(".role-mark text", has_text="strawberry")
    word.wait_for()
    fill = word.evaluate("text => getComputedStyle(text).fill")
    dark = sum(map(int, re.findall(r"\d+", fill)[:3])) < 3 * 128
    assert dark == (scheme == "light")
