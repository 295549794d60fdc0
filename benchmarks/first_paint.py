"""How soon our front page is painted beside an empty Streamlit page, both in one run.

    python -m benchmarks.first_paint [--fresh 3] [--warm 7] [--short]

Two servers run side by side, one with a page of one line, one with our Home. A browser loads each
by turns, every time as a visitor who was never here: nothing is cached. The clock is the browser's
own, from the start of the navigation to the frame in which the headline is there, and on Home also
to the frame in which the map of the pipeline is there. Fresh is the first page that a server ever
shows; warm is every later one. Prints one JSON object: medians in milliseconds, and ours to the
empty page's (1 is equal, above 1 ours is later).
"""

import json
import statistics
from collections.abc import Sequence

from playwright.sync_api import Browser

from benchmarks._measuring import ROOTS, WAIT_MS, Arguments, a_browser, serve_beside

SEEN = {"bare": {"headline": "h1"}, "ours": {"headline": "h1", "map": "section.pipeline .station"}}
WATCH = """(wanted) => {
    %s
    window.painted = {};
    const look = () => {
        for (const [name, selector] of Object.entries(wanted)) {
            const found = roots.map((root) => root.querySelector(selector)).find(Boolean);
            if (found?.getClientRects().length) window.painted[name] ??= performance.now();
        }
        if (Object.keys(window.painted).length < Object.keys(wanted).length) {
            requestAnimationFrame(look);
        }
    };
    requestAnimationFrame(look);
}""".replace("%s", ROOTS)


def load(browser: Browser, address: str, page: str) -> dict[str, float]:
    """Open a page as a new visitor; returns when each of its parts was there, milliseconds."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    opened = context.new_page()
    opened.add_init_script(f"({WATCH})({json.dumps(SEEN[page])})")
    opened.set_default_timeout(WAIT_MS)
    opened.goto(address)
    opened.wait_for_function(
        f"Object.keys(window.painted).length === {len(SEEN[page])}", timeout=WAIT_MS
    )
    painted = opened.evaluate("window.painted")
    context.close()
    return painted


def settle(browser: Browser, address: str) -> None:
    """Wait until Home has nothing more to compute, so that it does not slow later loads down."""
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.locator("section.pipeline .how").get_by_text("Colours").wait_for(timeout=WAIT_MS)
    page.get_by_text("Decoding frame").wait_for(state="hidden", timeout=WAIT_MS)
    context.close()


def medians(found: dict[str, list[dict[str, float]]]) -> dict[str, float | dict[str, float]]:
    """Put the loads of both pages together."""
    middle = {
        f"{page} {part}": round(statistics.median(load[part] for load in loads), 1)
        for page, loads in found.items()
        for part in SEEN[page]
    }
    empty = middle["bare headline"]
    return {
        "milliseconds": middle,
        "ratio": round(middle["ours headline"] / empty, 3),
        "ratio_to_map": round(middle["ours map"] / empty, 3),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Load both pages by turns and print the medians."""
    parser = Arguments(__doc__)
    parser.add_count("fresh", 3, 1, "servers started")
    parser.add_count("warm", 7, 1, "further loads from the last of them")
    parser.add_address()
    options = parser.read(argv)

    fresh: dict[str, list[dict[str, float]]] = {page: [] for page in SEEN}
    warm: dict[str, list[dict[str, float]]] = {page: [] for page in SEEN}
    with a_browser() as browser:
        for turn in range(options.fresh):
            with serve_beside(options.ours) as addresses:
                for page in by_turns(turn):
                    fresh[page].append(load(browser, addresses[page], page))
                if turn < options.fresh - 1:
                    continue
                settle(browser, addresses["ours"])
                for again in range(options.warm):
                    for page in by_turns(again):
                        warm[page].append(load(browser, addresses[page], page))
    print(json.dumps({"fresh": medians(fresh), "warm": medians(warm)}, indent=2))


def by_turns(turn: int) -> list[str]:
    """The pages, so that neither always goes first."""
    return sorted(SEEN, reverse=bool(turn % 2))


if __name__ == "__main__":
    main()
