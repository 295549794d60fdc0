"""How soon a picture follows the hand in live mode, beside a bare component's way there and back.

    python -m benchmarks.live [--keys 40] [--seconds 4] [--short]

Two servers run side by side: a page whose component echoes a number, in a part of the page that is
run alone, and our Generation page with Live on. The clock starts at the browser's input event and
stops in the frame in which the page shows the answer. Prints one JSON object: seconds from a key to
what it asked for, the bare page's and ours, and pictures a second while a slider is dragged.
"""

import json
import random
import statistics
import time
from collections.abc import Sequence

from playwright.sync_api import Page

from benchmarks._measuring import WAIT_MS, Arguments, a_browser, serve_beside

BOUNDS = {"typed_p50_s": 0.35, "typed_p95_s": 0.6, "dragged_pictures_a_second": 4.0}
BARE = """
import streamlit as st
from streamlit.components import v2

SCRIPT = '''export default ({parentElement, data, setTriggerValue}) => {
    const root = parentElement.querySelector("section");
    root.dataset.shown = data;
    root.querySelector("input").oninput = (event) =>
        setTriggerValue("asked", Number(root.dataset.shown) + 1);
};'''
HTML = "<section class='live'><label>Your words <input /></label></section>"
echo = v2.component("echo", html=HTML, js=SCRIPT)

@st.fragment
def part():
    told = st.session_state.get("echo")
    number = (told.get("asked") if told else None) or 0
    echo(key="echo", data=number, on_asked_change=lambda: None)

part()
"""
# In milliseconds from each input event to the frame in which what it asked for is shown.
CLOCK = """root => {
    window.took = [];
    let began = null;
    root.addEventListener("input", () => (began ??= performance.now()), true);
    new MutationObserver(() => requestAnimationFrame(() => {
        if (began !== null) took.push(performance.now() - began);
        began = null;
    })).observe(root, {attributes: true, attributeFilter: ["data-shown"]});
}"""


def opened(page: Page, address: str, ready: str) -> None:
    """Open a page, and start its clock."""
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.locator(ready).wait_for()
    page.wait_for_timeout(2000)
    page.locator("section.live").evaluate(CLOCK)


def typed(page: Page, count: int, chance: random.Random) -> list[float]:
    """Type key by key, each once the last was answered; returns seconds from key to frame."""
    box = page.get_by_label("Your words")
    box.click()
    page.keyboard.press("End")
    for number in range(1, count + 1):
        page.keyboard.type(chance.choice("abcdefg "))
        page.wait_for_function(f"took.length >= {number}")
        page.wait_for_timeout(chance.uniform(50, 250))
    return [taken / 1000 for taken in page.evaluate("took")]


def dragged(page: Page, seconds: float) -> float:
    """Drag a slider to and fro; returns pictures a second."""
    page.get_by_label("Other seed").fill("7")
    page.wait_for_timeout(1500)
    slider = page.get_by_role("slider", name="Noise turned towards the other")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, middle)
    page.mouse.down()
    page.locator("section.live").evaluate(CLOCK)  # the section may be a new one since
    began, at = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        at = (at + 1) % 200
        share = abs(100 - at) / 100
        page.mouse.move(box["x"] + 8 + (box["width"] - 16) * (1 - share), middle)
        page.wait_for_timeout(16)
    pictures = page.evaluate("took.length")
    page.mouse.up()
    return pictures / (time.perf_counter() - began)


def spread(taken: list[float]) -> dict[str, float]:
    """Return the median, and what 95 of a hundred stay below."""
    late = sorted(taken)[min(len(taken) - 1, int(0.95 * len(taken)))]
    return {"p50_s": round(statistics.median(taken), 3), "p95_s": round(late, 3)}


def main(argv: Sequence[str] | None = None) -> None:
    """Type into both pages, drag on ours, and print the figures beside their bounds."""
    parser = Arguments(__doc__)
    parser.add_count("keys", 40, 3)
    parser.add_count("seconds", 4, 1, "of dragging")
    parser.add_address()
    options = parser.read(argv)
    chance = random.Random(0)
    with serve_beside(options.ours, BARE) as addresses, a_browser() as browser:
        bare = browser.new_page()
        opened(bare, addresses["bare"], "section.live[data-shown]")
        echoed = typed(bare, options.keys, chance)
        bare.close()
        ours = browser.new_page(viewport={"width": 1280, "height": 900})
        ready = "section.live[data-state=settled]"
        opened(ours, f"{addresses['ours']}/generation?live=on&prompt=a+red+apple", ready)
        found = {
            "typed": spread(typed(ours, options.keys, chance)),
            "bare": spread(echoed),
            "dragged_pictures_a_second": round(dragged(ours, options.seconds), 2),
            "bounds": BOUNDS,
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
