"""Take the README's picture again: the generation page with a finished run, as a visitor sees it.

    python assets/take_screenshots.py [--prompt "a red apple"] [--seed 0] [--steps 20] [--at 11]

Needs what the browser tests need (requirements-dev.txt and a Chromium). Writes generation.png
beside this file, and says how large it is.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

from find_browser import find_browser
from PIL import Image
from playwright.sync_api import sync_playwright
from serving import serve

SIZE = (1280, 800)
MOST_BYTES = 300_000
WAIT_MS = 300_000


def take(address: str, settings: dict[str, str], at: int) -> bytes:
    """Open the page, wait for the decoded film, put it at a step; returns a PNG.

    Args:
        address: of a running app.
        settings: of the run, as a link has them.
        at: the step to show.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": SIZE[0], "height": SIZE[1]}, reduced_motion="reduce"
        )
        page.set_default_timeout(WAIT_MS)
        page.goto(address)  # as most visitors come
        page.locator("h1").wait_for()
        page.goto(f"{address}/generation?{urlencode(settings)}")
        page.locator("section.film .how", has_text="enlarged smoothly").wait_for()
        page.get_by_role("button", name="PNG with settings").wait_for()
        handle = page.get_by_role("slider", name="Step", exact=True)
        handle.fill(str(at))
        handle.blur()
        page.get_by_test_id("stSkeleton").first.wait_for(state="detached")
        page.wait_for_timeout(1000)  # for the last fade
        taken = page.screenshot()
        browser.close()
    return taken


def small_enough(png: bytes) -> bytes:
    """Return the picture with colours rounded as far as the file's size asks for.

    Args:
        png: a picture.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for coarseness in (1, 2, 3, 4, 6, 8, 12, 16):
        rounded = [min(255, round(value / coarseness) * coarseness) for value in range(255)]
        written = io.BytesIO()
        picture.point([*rounded, 255] * 3).save(written, "PNG", optimize=True)  # white stays white
        if written.tell() <= MOST_BYTES:
            break
    return written.getvalue()


def main() -> None:
    """Take the picture and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prompt", default="a red apple")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--steps", default="20")
    parser.add_argument("--at", type=int, default=11, help="the step to show")
    options = parser.parse_args()

    settings = {"prompt": options.prompt, "seed": options.seed, "steps": options.steps}
    with tempfile.TemporaryDirectory() as cache, serve(Path(cache)) as address:
        taken = small_enough(take(address, settings, options.at))
    file = Path(__file__).with_name("generation.png")
    file.write_bytes(taken)
    print(f"{file}: {len(taken) // 1000} kB")


if __name__ == "__main__":
    main()
