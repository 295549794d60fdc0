"""Where the browser for the browser tests is; ``--install`` gets one where there is none.

Prints the path of the executable, or ends with one sentence and status 1: tests never skip for
want of a browser.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
NONE = (
    "There is no Chromium for the browser tests: install it (Debian: apt-get install chromium), "
    "or name one in GLASSBOX_BROWSER."
)


def find_browser() -> str:
    """Return the path of a Chromium.

    Raises:
        RuntimeError: there is none.
    """
    named = os.environ.get("GLASSBOX_BROWSER")
    if named:
        found = shutil.which(named)
        if found is None:
            raise RuntimeError(f"GLASSBOX_BROWSER names {named}, which is not a program.")
        return found
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    bundled = _bundled()
    if bundled is not None:
        return bundled
    raise RuntimeError(NONE)


def install_browser() -> str:
    """Return the path of a Chromium, and get one first where there is none.

    Raises:
        RuntimeError: none could be had.
    """
    try:
        return find_browser()
    except RuntimeError:
        if os.environ.get("GLASSBOX_BROWSER"):
            raise
    print("Installing Chromium for the browser tests, once.", file=sys.stderr, flush=True)
    told = ""
    for command in commands():
        told += _run(command)
        try:
            return find_browser()
        except RuntimeError:
            continue
    raise RuntimeError(f"{told}{NONE}")


def _bundled() -> str | None:
    """Return Playwright's own Chromium where it was downloaded."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and Path(path).is_file() else None


def commands() -> list[list[str]]:
    """Return what may bring a Chromium, to be tried one after another."""
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return [playwright]
    return [["apt-get", "update"], ["apt-get", "install", "-y", "chromium"], playwright]


def _run(command: list[str]) -> str:
    """Run a command and return what it said, which matters only where nothing came of it."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=900,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}\n"
    return done.stdout


def main() -> int:
    """Print the path, or say why there is none."""
    try:
        print(install_browser() if "--install" in sys.argv[1:] else find_browser())
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
