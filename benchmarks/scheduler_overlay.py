"""How soon the overlay of all schedulers is there: planned in Python, drawn in a real browser.

    python -m benchmarks.scheduler_overlay [--turns 9] [--short]

Python plans every scheduler's run from the checkpoint's config and turns the plans into what the
browser is sent. The browser, with that data, draws all curves at once: the clock runs from the
click on "All" to the second frame after it. Also measured: the first chart of a page that nobody
has opened before, from the start of the navigation. Prints one JSON object, milliseconds.
"""

import json
import os
import statistics
import time
from collections.abc import Sequence

from benchmarks._measuring import ROOTS, WAIT_MS, Arguments, a_browser, serve_ours
from core.lessons.schedulers.overlay_data import overlay_data, overlay_paths
from core.models.catalog import builtin_folder
from core.models.config_files import read_json

LIMIT_MS = 500
DRAW = """async (root) => {
    const frame = () => new Promise(requestAnimationFrame);
    root.querySelector('.mine').click();
    await frame();
    await frame();
    const started = performance.now();
    root.querySelector('.all').click();
    const drawn = performance.now();
    await frame();
    await frame();
    const curves = Number(root.dataset.drawn);
    return {work: drawn - started, seen: performance.now() - started, curves};
}"""
FIRST = """() => {
    %s
    const look = () => {
        const drawn = '.schedulers[data-drawn]';
        const found = roots.map((root) => root.querySelector(drawn)).find(Boolean);
        if (found) window.charted = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}""".replace("%s", ROOTS)


def plan_ms(steps: int, turns: int) -> list[float]:
    """Plan every scheduler and make the browser's data, several times over."""
    config = read_json(builtin_folder() / "scheduler" / "scheduler_config.json")
    took = []
    for _ in range(turns):
        started = time.perf_counter()
        json.dumps(overlay_data(config, overlay_paths(config, steps, "ddim"), "ddim", steps))
        took.append(1000 * (time.perf_counter() - started))
    return took


def summary(times: list[float]) -> dict[str, float]:
    """Middle and worst of some times."""
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1)}


def main(argv: Sequence[str] | None = None) -> None:
    """Plan, open the page, draw all curves again and again, print the times."""
    parser = Arguments(__doc__)
    parser.add_count("turns", 9, 1)
    parser.add_address()
    options = parser.read(argv)
    with serve_ours(options.ours) as address, a_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(WAIT_MS)
        page.add_init_script(f"({FIRST})()")
        page.goto(f"{address}/schedulers?steps=20")
        page.wait_for_function("window.charted")
        first = page.evaluate("window.charted")
        page.wait_for_timeout(3000)
        root = page.locator("section.schedulers")
        drawn = [root.evaluate(DRAW) for _ in range(options.turns)]
        version = browser.version
    seen = summary([turn["seen"] for turn in drawn])
    result = {
        "curves": drawn[0]["curves"],
        "plan_20_steps_ms": summary(plan_ms(20, options.turns)),
        "plan_150_steps_ms": summary(plan_ms(150, options.turns)),
        "draw_all_work_ms": summary([turn["work"] for turn in drawn]),
        "draw_all_seen_ms": seen,
        "first_chart_ms": round(first, 1),
        "within_limit": seen["worst"] < LIMIT_MS,
        "browser": version,
        "load": os.getloadavg()[0],
    }
    print(json.dumps(result, indent=2), flush=True)


if __name__ == "__main__":
    main()
