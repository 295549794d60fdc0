"""How fast the timestep slider redraws in a real browser, and what it costs the server.

    python -m benchmarks.timestep_slider [--dim 320] [--values 1000] [--short]

Starts the app, moves the slider through the values one a frame, and prints one JSON object, in
milliseconds: "work" is our own code, "redraw" is from the input event until the browser has
painted the frame, "frame" is from one animation frame to the next; "frames_sent" counts what went
to the server meanwhile.
"""

import json
import os
import statistics
from collections.abc import Sequence

from benchmarks._measuring import WAIT_MS, Arguments, a_browser, serve_ours

MEASURE = """async (root, values) => {
    const range = root.querySelector('input');
    const work = [], redraw = [], frame = [];
    const channel = new MessageChannel();
    const painted = () => new Promise((done) => requestAnimationFrame((now) => {
        channel.port1.onmessage = () => done(now); // runs after the frame is painted
        channel.port2.postMessage(0);
    }));
    let before = null;
    for (let at = 0; at < values; at++) {
        const start = performance.now();
        range.value = Math.round(at * Number(range.max) / (values - 1));
        range.dispatchEvent(new Event('input', {bubbles: true}));
        const now = await painted();
        redraw.push(performance.now() - start);
        if (before !== null) frame.push(now - before);
        before = now;
    }
    for (let at = 0; at < 200; at++) {
        const start = performance.now();
        root.view.draw();
        work.push(performance.now() - start);
    }
    return {work, redraw, frame};
}"""


def summary(times: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = Arguments(__doc__)
    parser.add_argument("--dim", type=int, default=320)
    parser.add_count("values", 1000, 10)
    parser.add_address()
    options = parser.read(argv)
    sent: list[object] = []
    with serve_ours(options.ours) as address, a_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(WAIT_MS)
        page.on("websocket", lambda ws: ws.on("framesent", lambda frame: sent.append(frame)))
        page.goto(f"{address}/timesteps?dim={options.dim}&steps=20")
        root = page.locator("section.timesteps")
        root.locator(".map svg[data-count='20']").wait_for(state="attached")
        page.wait_for_timeout(3000)
        sent.clear()
        found = root.evaluate(MEASURE, options.values)
        page.wait_for_timeout(500)
        result = {
            "dim": options.dim,
            "values": options.values,
            "frames_sent": len(sent),
            **{f"{name}_ms": summary(times) for name, times in found.items()},
            "browser": browser.version,
            "load": os.getloadavg()[0],
        }
        print(json.dumps(result, indent=2), flush=True)


if __name__ == "__main__":
    main()
