"""What is scrubbed in the browser stands in the address: a link shows it, Back undoes it."""

import pytest
from playwright.sync_api import Page, expect

IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
# Per page: what is scrubbed, what says that it is there, and its name in the address.
SCRUBBED = {
    "": (".pipeline input[type=range]", ".pipeline:not(.waiting)", "at"),
    "timesteps": (".timesteps input[type=range]", ".timesteps[data-t]", "t"),
    "noising": (".noising input[type=range]", ".noising:not([data-decoded='0'])", "t"),
    "generation": (".film input[type=range]", ".film[data-run]", "at"),
    "attention": (".attention input[type=range]", ".attention[data-run]", "at"),
    "training": (".training .cursor", ".training[data-step]", "at"),
    "schedulers": (".schedulers .cursor", ".schedulers[data-pictures='3']", "at"),
}

MOVE_THRICE = """range => [1, 2, 3].forEach(() => {
  range.stepDown();
  range.dispatchEvent(new Event("input", { bubbles: true }));
})"""


def address(page: Page, name: str) -> str | None:
    """What the address says under a name."""
    return page.evaluate("name => new URLSearchParams(location.search).get(name)", name)


def open_at_rest(page: Page, url: str, there: str) -> None:
    """Open a page, and wait until all of it is there and nothing moves any more."""
    page.goto(url)
    page.locator(there).wait_for(state="attached", timeout=90_000)
    page.wait_for_timeout(2_500)
    page.locator(IDLE).wait_for(state="attached", timeout=60_000)


@pytest.mark.parametrize("path", SCRUBBED)
def test_a_place_is_kept_by_the_link_and_back_undoes_it(page: Page, server: str, path: str) -> None:
    control, there, name = SCRUBBED[path]
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_at_rest(page, f"{server}/{path}?steps=4", there)
    assert address(page, name) is None
    slider = page.locator(control).first
    first = slider.input_value()
    sent.clear()
    slider.evaluate(MOVE_THRICE)
    chosen = slider.input_value()
    assert chosen != first
    page.wait_for_function(f"new URLSearchParams(location.search).has('{name}')")
    page.wait_for_timeout(1_000)
    assert len(sent) == 1  # for three moves, and for one small part of the page alone
    said = address(page, name)
    again = page.context.new_page()
    open_at_rest(again, page.url, there)
    expect(again.locator(control).first).to_have_value(chosen)
    assert address(again, name) == said
    again.close()
    page.go_back()
    expect(slider).to_have_value(first)
    assert address(page, name) is None


def test_what_is_chosen_beside_a_place_leaves_it_alone(page: Page, server: str) -> None:
    open_at_rest(page, f"{server}/schedulers?steps=4", ".schedulers[data-pictures='3']")
    page.locator(".schedulers [data-axis=y]").get_by_label("log σ").check(force=True)
    page.wait_for_function("new URLSearchParams(location.search).has('y')")
    page.get_by_text("One step", exact=True).click()
    page.wait_for_function("new URLSearchParams(location.search).has('look')")
    assert address(page, "y") == "log"
    page.wait_for_timeout(1_000)
    assert address(page, "y") == "log"


def test_a_link_to_the_page_itself_moves_what_is_scrubbed(page: Page, server: str) -> None:
    control, there, name = SCRUBBED["noising"]
    open_at_rest(page, f"{server}/noising?steps=2&foot=cards", there)
    slider = page.locator(control).first
    first = slider.input_value()
    page.get_by_role("link", name="Try it").click()
    expect(slider).to_have_value("0", timeout=60_000)
    expect(slider).to_be_in_viewport()
    assert address(page, name) == "0"
    page.go_back()
    expect(slider).to_have_value(first)
    assert address(page, name) is None


@pytest.mark.parametrize("text", ["nan", "1e309", "../../x", "-1", "9" * 900, "%00"])
def test_a_place_that_is_none_is_where_it_begins(page: Page, server: str, text: str) -> None:
    control, there, name = SCRUBBED["noising"]
    open_at_rest(page, f"{server}/noising?steps=2", there)
    first = page.locator(control).first.input_value()
    open_at_rest(page, f"{server}/noising?steps=2&{name}={text}", there)
    expect(page.locator(control).first).to_have_value(first)
