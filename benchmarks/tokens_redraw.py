"""How soon the tokens page shows new pieces after a keystroke, beside a bare text box's echo.

    python -m benchmarks.tokens_redraw [--strokes 20] [--short]

Two servers run side by side: a page that shows what is typed into a live text box and nothing
else, and our tokens page. The clock starts when the browser sends what was typed (after the text
box's own pause) and stops in the frame in which the page shows it. Prints one JSON object: medians
in milliseconds, and ours to the bare page's.
"""

import json
import statistics
from collections.abc import Sequence

from playwright.sync_api import Page

from benchmarks._measuring import WAIT_MS, Arguments, a_browser, serve_beside

BARE = "import streamlit as st; words = st.text_input('Your words', live='120ms'); st.text(words)\n"
# Remembers when the page last sent something, and when a number of pieces was first on screen.
CLOCK = """() => {
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...sent) {
        window.sentAt ??= performance.now();
        return send.apply(this, sent);
    };
    window.roots = [document];
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (options) {
        const root = attach.call(this, options);
        window.roots.push(root);
        return root;
    };
}"""
SHOWN = """(selector) => new Promise((done) => {
    const look = () => {
        const there = window.roots.some((root) => root.querySelector(selector));
        if (there) done(performance.now() - window.sentAt); else requestAnimationFrame(look);
    };
    look();
})"""


def strokes(page: Page, address: str, ours: bool, count: int) -> list[float]:
    """Type word after word; returns the milliseconds from each sending to its showing."""
    page.add_init_script(f"({CLOCK})()")
    page.set_default_timeout(WAIT_MS)
    page.goto(address)
    field = page.get_by_label("Your words")
    field.wait_for()
    page.wait_for_timeout(3000)
    took = []
    for number in range(1, count + 1):
        page.evaluate("window.sentAt = null")
        field.fill("cat " * number + f"x{number}" * (not ours))
        if ours:
            took.append(page.evaluate(SHOWN, f".pieces[data-count='{number}']"))
        else:
            wanted = f"x{number}"
            page.wait_for_function(
                "(word) => document.querySelector('[data-testid=stText]')?.textContent"
                ".endsWith(word)",
                arg=wanted,
            )
            took.append(page.evaluate("performance.now() - window.sentAt"))
        page.wait_for_timeout(300)
    return took


def main(argv: Sequence[str] | None = None) -> None:
    """Type into both pages and print the medians."""
    parser = Arguments(__doc__)
    parser.add_count("strokes", 20, 2)
    parser.add_address()
    options = parser.read(argv)
    with serve_beside(options.ours, BARE) as addresses, a_browser() as browser:
        bare, ours = browser.new_page(), browser.new_page()
        found = {
            "bare": strokes(bare, addresses["bare"], False, options.strokes),
            "tokens": strokes(ours, f"{addresses['ours']}/tokens", True, options.strokes),
        }
    middle = {name: round(statistics.median(took), 1) for name, took in found.items()}
    ratio = round(middle["tokens"] / middle["bare"], 2)
    print(json.dumps({"milliseconds": middle, "ratio": ratio}, indent=2))


if __name__ == "__main__":
    main()
