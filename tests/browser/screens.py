"""Photograph every page with every closer look, and compare two such rounds.

    python tests/browser/screens.py take FOLDER [--home Home.py] [--scheme dark] [--width 390]
        [--only generation latents] [--say "present=on"]
    python tests/browser/screens.py compare BEFORE AFTER
    python tests/browser/screens.py docs

``--home`` may name another checkout's Home.py, so that one round shows the app as it was. What two
rounds of the same app do not share, such as measured seconds, differs in a comparison too. ``docs``
takes the pictures of docs/pages: each page as it opens.
"""

import argparse
import importlib.util
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
DOCS = HERE.parents[1] / "docs" / "pages"
HEIGHT = 2400  # CSS pixels: all of most pages at once
IDLE = "[data-test-script-state=notRunning]"
QUIET_MS, TRIES, WAIT_MS = 700, 60, 300_000
NEAR = 8  # of 255: what a browser may round in another way from one time to the next


def main() -> None:
    """Take a round, or compare two."""
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    taking = tasks.add_parser("take")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--home", type=Path, default=HERE.parents[1] / "Home.py")
    taking.add_argument("--scheme", choices=("light", "dark"), default="light")
    taking.add_argument("--width", type=int, default=1280)
    taking.add_argument("--height", type=int, default=HEIGHT)
    taking.add_argument("--heroes", action="store_true", help="each page as it opens, alone")
    taking.add_argument("--say", default="", metavar="QUERY", help="what every address says")
    taking.add_argument("--only", nargs="+", metavar="PAGE", help="these pages' names alone")
    comparing = tasks.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    tasks.add_parser("docs")
    options = parser.parse_args()
    if options.task == "compare":
        sys.exit(compare(options.before, options.after))
    if options.task == "docs":
        take_for_docs(taking.parse_args([str(DOCS), "--heroes", "--height", "860"]))
    else:
        take(options)


def take(options: argparse.Namespace) -> None:
    """Write one PNG a page and look into the folder."""
    options.folder.mkdir(parents=True, exist_ok=True)
    serve, find = _beside("serving").serve, _beside("find_browser").find_browser
    with (
        tempfile.TemporaryDirectory() as cache,
        serve(Path(cache), options.home.resolve()) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        context = browser.new_context(
            color_scheme=options.scheme,
            reduced_motion="reduce",
            viewport={"width": options.width, "height": options.height},
        )
        context.add_init_script("localStorage.setItem('glassbox_map_is_known', '1')")
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        for name, link in _links(page, address, options.heroes, options.only):
            page.goto(f"{address}/{link}{'&' if '?' in link else '?'}{options.say}")
            _settle(page).save(options.folder / f"{name}.png")
            print(name, flush=True)
        browser.close()


def take_for_docs(options: argparse.Namespace) -> None:
    """Write one small WebP a page."""
    with tempfile.TemporaryDirectory() as folder:
        take(argparse.Namespace(**{**vars(options), "folder": Path(folder)}))
        for file in Path(folder).glob("*.png"):
            Image.open(file).save(options.folder / f"{file.stem}.webp", quality=80, method=6)


def _links(
    page: Page, address: str, heroes: bool, only: list[str] | None
) -> Iterator[tuple[str, str]]:
    page.goto(address)
    _settle(page)
    menu = page.get_by_test_id("stSidebarNav").get_by_role("link").all()
    for url in [link.get_attribute("href") or "" for link in menu]:
        where = url.rstrip("/").removeprefix(address).strip("/").partition("?")[0]
        if only and (where or "home") not in only:
            continue
        yield where or "home", where
        looks = page.get_by_role("radiogroup", name="Look closer").first.get_by_role("radio")
        for look in () if heroes else [one.inner_text() for one in looks.all()]:
            name = re.sub(r"\W+", "-", look.lower()).strip("-")
            yield f"{where}--{name}", f"{where}?look={look}"


def _settle(page: Page) -> Image.Image:
    """Wait until nothing moves any more; gives the picture."""
    page.locator("h1").first.wait_for()
    before = b""
    for _ in range(TRIES):
        page.locator(IDLE).first.wait_for(state="attached")
        now = page.screenshot()
        if now == before:
            break
        before = now
        page.wait_for_timeout(QUIET_MS)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        Path(file.name).write_bytes(before)
        return Image.open(file.name).convert("RGB")


def compare(before: Path, after: Path) -> int:
    """Print what differs between two rounds; gives the number of pictures that do."""
    names = sorted({file.name for folder in (before, after) for file in folder.glob("*.png")})
    differing = 0
    for name in names:
        files = before / name, after / name
        if missing := [file for file in files if not file.exists()]:
            said = f"not in {missing[0].parent}"
        else:
            first, second = (np.asarray(Image.open(file), np.int16) for file in files)
            said = _difference(first, second)
        differing += bool(said)
        print(f"{name}: {said or 'equal'}")
    print(f"{differing} of {len(names)} differ")
    return differing


def _difference(first: np.ndarray, second: np.ndarray) -> str:
    if first.shape != second.shape:
        return f"{first.shape[1]} x {first.shape[0]} and {second.shape[1]} x {second.shape[0]}"
    apart = np.abs(first - second).max(axis=-1) > NEAR
    if not apart.any():
        return ""
    rows, columns = np.flatnonzero(apart.any(axis=1)), np.flatnonzero(apart.any(axis=0))
    box = f"x {columns[0]} to {columns[-1]}, y {rows[0]} to {rows[-1]}"
    return f"{apart.sum()} pixels, {box}"


def _beside(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
