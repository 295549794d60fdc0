"""How soon the U-Net page can be used: on a server just started, and on one whose engine is awake.

    python -m benchmarks.unet_page [--fresh 2] [--warm 5] [--short]

A browser opens the page every time as a visitor who was never here. Three marks, in milliseconds
from the start of the navigation, by the browser's own clock: the map (every box with its shape
and weights is there and can be clicked), the times (the run has been looked into, so every box has
its milliseconds), and the feature maps of one box. Cold is the first page a server ever shows, so
torch and the model are imported and loaded in it. Warm asks for a new seed each time, so the run
itself is computed; again asks for a run that has been drawn before. Then the median time from a
click on a box to its feature maps, and from a step to its own. Beside each visit stands the empty
page's: the time to the headline of a Streamlit page of one line, loaded in turn with ours. And the
processor time that browser, driver and server took for the visit together, in milliseconds: on a
machine that has other work, what the page needs of one core (Linux only). Prints one JSON object.
"""

import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks._measuring import ROOTS, WAIT_MS, Arguments, a_browser, serve_beside

WATCH = """() => {
    %s
    window.marks = {};
    const find = (selector) =>
        roots.map((root) => root.querySelector(selector)).find((found) => found?.isConnected);
    const look = () => {
        const box = find('section.unet .boxes button:last-child');
        if (box?.getClientRects().length) window.marks.map ??= performance.now();
        if (/\\sms/.test(box?.textContent)) window.marks.times ??= performance.now();
        const images = document.querySelectorAll('[data-testid=stImage] img');
        if (images.length && [...images].every((image) => image.complete)) {
            window.marks.features ??= performance.now();
        }
        if (Object.keys(window.marks).length < 3) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}""".replace("%s", ROOTS)
SHOWS = """(title) => document.querySelector('.stMain')?.innerText.includes(title)"""


def processor_ms() -> float:
    """Processor time so far of everything that this process has started, milliseconds."""
    parents, ticks = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        pid = int(file.parent.name)
        parents[pid], ticks[pid] = int(fields[1]), int(fields[11]) + int(fields[12])

    def is_ours(pid: int) -> bool:
        while pid > 1:
            pid = parents.get(pid, 0)
            if pid == os.getpid():
                return True
        return False

    return 1000 * sum(ticks[pid] for pid in parents if is_ours(pid)) / os.sysconf("SC_CLK_TCK")


def load_empty(browser: Browser, address: str) -> float:
    """Open the empty page as a new visitor; returns when its headline was there, milliseconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    page.wait_for_function("document.querySelector('h1')?.getClientRects().length")
    took = page.evaluate("performance.now()")
    context.close()
    return took


def load(browser: Browser, address: str) -> tuple[Page, dict[str, float]]:
    """Open the page as a new visitor; returns it with its marks."""
    before = processor_ms()
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.add_init_script(f"({WATCH})()")
    page.goto(address)
    page.wait_for_function("Object.keys(window.marks).length === 3")
    return page, page.evaluate("window.marks") | {"processor": processor_ms() - before}


def clicked(page: Page, clicks: int) -> float:
    """Time clicks on boxes until each is shown, milliseconds, median."""
    took = []
    for at in range(clicks):
        kind = ("down_blocks.0.resnets.0", "up_blocks.0.resnets.0")[at % 2]
        started = page.evaluate("performance.now()")
        page.locator(f"section.unet [data-name='{kind}']").click()
        page.wait_for_function(SHOWS, arg=kind)
        took.append(page.evaluate("performance.now()") - started)
    return round(statistics.median(took), 1)


def stepped(page: Page, clicks: int) -> float:
    """Time steps of the slider until the map tells the new timestep, milliseconds, median."""
    took = []
    slider = page.get_by_role("slider", name="U-Net call")
    slider.focus()
    for _ in range(clicks):
        told = page.locator("section.unet .given span")
        before = told.inner_text()
        started = page.evaluate("performance.now()")
        page.keyboard.press("ArrowLeft")
        while told.inner_text() == before:
            page.wait_for_timeout(5)
        took.append(page.evaluate("performance.now()") - started)
    return round(statistics.median(took), 1)


def medians(marks: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(mark[name] for mark in marks)) for name in marks[0]}


def main(argv: Sequence[str] | None = None) -> None:
    """Open the page again and again, and print the medians."""
    parser = Arguments(__doc__)
    parser.add_count("fresh", 2, 1, "servers started")
    parser.add_count("warm", 5, 1, "further visits of the last of them")
    parser.add_count("clicks", 6, 1, "clicks on boxes, and steps of the slider")
    parser.add_address()
    options = parser.read(argv)
    cold, warm, again = [], [], []
    with a_browser() as browser:
        for turn in range(options.fresh):
            with serve_beside(options.ours) as addresses:
                bare, address = addresses["bare"], addresses["ours"]
                empty = load_empty(browser, bare)
                page, marks = load(browser, f"{address}/unet")
                cold.append(marks | {"empty page": empty})
                page.context.close()
                if turn < options.fresh - 1:
                    continue
                for seed in range(1, options.warm + 1):
                    for found in (warm, again):
                        empty = load_empty(browser, bare)
                        page, marks = load(browser, f"{address}/unet?seed={seed}")
                        found.append(marks | {"empty page": empty})
                        if found is warm or seed < options.warm:
                            page.context.close()
                clicks = {
                    "click_ms": clicked(page, options.clicks),
                    "step_ms": stepped(page, options.clicks),
                }
                page.context.close()
    told = {"cold": medians(cold), "warm": medians(warm), "again": medians(again), **clicks}
    print(json.dumps({**told, "load_average": round(os.getloadavg()[0], 1)}, indent=2))


if __name__ == "__main__":
    main()
