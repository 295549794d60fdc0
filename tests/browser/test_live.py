"""Live in a real browser: the picture follows the hand, words stay, what is old is not shown."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

LIVE = "section.live"
STREAMLITS_OWN = {"empty-table-header", "scrollable-region-focusable"}
STREAMLITS_PARTS = {"exclude": [["[data-testid=stSidebarNav]"], ["[data-testid=stCode]"]]}
QUESTION = b"How does noise become your picture?"
HTML = '<img src=x onerror="window.hacked=1"> **bold** :red[r]'
NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def page(new_page_to_share: NewPage, server: str) -> Page:
    """A page that all tests here go on with; it is settled."""
    opened = new_page_to_share()
    opened.received = received = []  # type: ignore[attr-defined]  # of the server, for a test below

    def take(told: bytes) -> None:
        received.append(told)

    opened.on("websocket", lambda socket: socket.on("framereceived", take))
    opened.goto(f"{server}/generation?live=on&prompt=a+pear")
    settled(opened)
    return opened


def settled(page: Page) -> None:
    """Wait until the hand rests and the film is there."""
    page.locator(f"{LIVE}:is([data-state=behind], [data-state=settled])").wait_for()
    page.locator("section.film .how", has_text="enlarged smoothly").wait_for()


def shown(page: Page) -> int:
    """The number of the question whose picture is shown."""
    return int(page.locator(LIVE).get_attribute("data-shown") or "0")


def picture(page: Page) -> list[int]:
    """Every 997th byte of the picture."""
    return page.locator(f"{LIVE} .few canvas").evaluate(
        "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width,"
        " canvas.height).data.filter((_, at) => at % 997 === 0))"
    )


def test_the_picture_follows_the_keys_and_the_words_stay(page: Page) -> None:
    box, number, before = page.get_by_label("Your words"), shown(page), picture(page)
    box.click()
    page.keyboard.press("End")
    page.keyboard.type("s on red", delay=30)
    expect(box).to_have_value("a pears on red")
    page.wait_for_function("window.scrollY === 0")
    expect(page.locator(f"{LIVE}[aria-busy='false']")).to_be_visible()
    assert shown(page) > number
    assert picture(page) != before
    settled(page)
    expect(box).to_have_value("a pears on red")
    expect(box).to_be_focused()
    assert "prompt=a+pears+on+red" in page.url
    said = page.locator(f"{LIVE} [aria-live]")
    expect(said).to_have_text("a pears on red: drawn in 4 steps of LCM without guidance")


def test_only_a_part_of_the_page_is_run_for_a_key(page: Page) -> None:
    received: list[bytes] = page.received  # type: ignore[attr-defined]  # by the fixture
    received.clear()
    page.get_by_label("Your words").press_sequentially(" x")
    expect(page.locator(f"{LIVE}[aria-busy='false']")).to_be_visible()
    assert received
    assert not any(QUESTION in message for message in received)  # the page's headline
    settled(page)
    assert not any(QUESTION in message for message in received)
    page.locator(f"{LIVE}[data-state=settled]").wait_for()  # it has rested for longer
    assert any(QUESTION in message for message in received)
    expect(page.locator("[data-testid=stSidebar]")).to_contain_text("a pears on red x")


def test_the_answer_to_older_words_is_not_shown(page: Page) -> None:
    """An answer that comes late is held back here as the network might."""
    late = page.locator(LIVE).evaluate(
        """root => {
          const view = root.view;
          const data = {...view.data, number: view.number, state: "asked"};
          view.number += 1;
          view.asked.set(view.number - 1, {words: '["older",""]', at: 0});
          const before = root.dataset.shown;
          return view.receive({...data, drawn: "stale"}).then(() => {
            view.number -= 1;
            return [root.querySelector(".drawn").textContent, root.dataset.shown === before];
          });
        }"""
    )
    assert "stale" not in late[0]
    assert late[1] is True


def test_one_question_is_on_its_way_at_a_time_and_the_newest_is_next(page: Page) -> None:
    """What is told is held back here, as a busy server would, while keys go on."""
    told = page.locator(LIVE).evaluate(
        """async root => {
          const view = root.view, tell = view.tell, box = view.box("prompt"), told = [];
          view.tell = (event, value) => told.push([event, value.prompt, value.number]);
          const key = (text) => {
            box.value = text;
            box.dispatchEvent(new Event("input", {bubbles: true}));
            return new Promise((after) => setTimeout(after, 200));
          };
          const before = box.value, data = view.data;
          view.slow = false;
          for (const text of ["one", "one t", "one tw", "one two"]) await key(text);
          const asked = [...told], settings = {...data.settings, prompt: "one"};
          await view.receive({...data, number: view.number, state: "asked", settings});
          const said = root.querySelector(".few .drawn").textContent, busy = root.ariaBusy;
          await new Promise((after) => setTimeout(after, 200));
          view.tell = tell;
          view.answered = view.number;
          await key(before);
          return [asked.map(([, prompt]) => prompt), told.map(([, prompt]) => prompt), said, busy];
        }"""
    )
    assert told == [["one"], ["one", "one two"], "so far “one”", "true"]
    settled(page)


def test_a_slider_that_is_moved_by_keys_is_followed(page: Page) -> None:
    page.get_by_label("Other seed").fill("4")
    slider = page.get_by_role("slider", name="Noise turned towards the other")
    slider.focus()
    before = picture(page)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
    expect(slider).to_have_attribute("aria-valuetext", "6 %")
    settled(page)
    assert picture(page) != before
    assert "turn=0.06" in page.url
    assert "other_seed=4" in page.url


def test_a_size_says_its_numbers_and_is_drawn(page: Page) -> None:
    page.get_by_role("slider", name="Size").press("ArrowLeft")
    expect(page.locator(f"{LIVE} .size")).to_contain_text("96 × 96 pixels are 27,648 numbers")
    settled(page)
    assert page.locator(f"{LIVE} .few canvas").evaluate("canvas => canvas.width") == 96


def test_one_press_draws_the_same_noise_with_the_full_model(page: Page) -> None:
    page.get_by_role("button", name="Draw it with the full model").press("Enter")
    full = page.locator(f"{LIVE} .full")
    expect(full.locator(".drawn")).to_contain_text("20 steps of DDIM at guidance 5")
    page.get_by_label("Your words").press_sequentially("y")
    expect(full).to_be_hidden()


def test_markup_stays_text(page: Page) -> None:
    page.get_by_label("Your words").fill(HTML)
    settled(page)
    expect(page.get_by_label("Your words")).to_have_value(HTML)
    assert page.evaluate("window.hacked") is None
    page.go_back()
    expect(page.get_by_label("Your words")).not_to_have_value(HTML)


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_barrier_of_our_own(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of two
    page.reload()
    settled(page)
    found = Axe().run(page, STREAMLITS_PARTS).response["violations"]
    assert [one["id"] for one in found if one["id"] not in STREAMLITS_OWN] == []
