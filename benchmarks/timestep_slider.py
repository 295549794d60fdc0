"""How fast the timestep slider redraws in a real browser, and what it costs the server.

    python benchmarks/timestep_slider.py [--dim 320] [--values 1000]

Starts the app, moves the slider through the values one a frame, and prints one JSON object, in
milliseconds: "work" is our own code, "redraw" is from the input event until the browser has
painted the frame, "frame" is from one animation frame to the next; "frames_sent" counts what went
to the server meanwhile.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

from find_browser import find_browser

ROOT = Path(__file__).resolve().parents[1]
WAIT_MS = 300_000
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


@contextmanager
def serve() -> Iterator[str]:
    """Run the app on a free port until the block is left; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "Home.py", "--server.port", str(port)],
            cwd=ROOT,
            env={**os.environ, "GLASSBOX_CACHE": cache},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                try:
                    urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def summary(times: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dim", type=int, default=320)
    parser.add_argument("--values", type=int, default=1000)
    options = parser.parse_args()
    sent: list[object] = []
    with serve() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
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
        browser.close()


if __name__ == "__main__":
    main()
