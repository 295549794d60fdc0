"""Nothing is wrong on any page, as far as the browser's console can tell.

Of a page's own address Streamlit's script cannot tell which part is the app's: it asks below the
page first, where the server has to answer "not found", then below the app. No setting changes that.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import ConsoleMessage, Page

from core.ui.navigation import existing

ASKED_FIRST = ("_stcore/health", "_stcore/host-config")


@pytest.mark.parametrize("url", ["", *(entry.url for entry in existing())])
def test_console_has_no_errors_on_a_page_opened_by_its_link(
    new_page: Callable[..., Page], server: str, url: str
) -> None:
    page = new_page()
    told: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        source = message.location.get("url", "").removeprefix(f"{server}/")
        if message.type == "error" and source not in {f"{url}/{name}" for name in ASKED_FIRST}:
            told.append(f"{message.text} ({source})")

    page.on("console", hear)
    page.goto(f"{server}/{url}?steps=3")
    page.locator("h1").wait_for()
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    assert told == []
