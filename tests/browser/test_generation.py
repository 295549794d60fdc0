import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from core.engine.alone import run_alone
from core.engine.request import Request
from core.lessons.generation.inpaint_data import write_signs
from core.lessons.generation.recipe_data import read_recipe
from core.models.loading import load_checkpoint
from core.views.exports import open_picture
from core.views.run import run_id, run_of

FILM = "section.film"
HTML = '<img src=x onerror="window.hacked=1"> **bold** ![i](http://example.org/t.png) :red[r]'
WATCH_FOR_PAUSE = """
    window.played = false;
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function (options) {
        const root = attach.call(this, options);
        new MutationObserver(() => {
            window.played ||= root.querySelector('.play')?.textContent.includes('Pause') ?? false;
        }).observe(root, {childList: true, characterData: true, subtree: true});
        return root;
    };
"""
NewPage = Callable[..., Page]


def wait_for_film(page: Page, request: Request) -> None:
    """Wait until the film of this very run is there, decoded, and has stopped playing."""
    page.locator(f"{FILM}[data-run='{run_id(request)}']").wait_for()
    page.locator(f"{FILM} .how", has_text="enlarged smoothly").wait_for()
    page.get_by_role("button", name="Play").wait_for()


def colours(page: Page, canvas: str) -> list[int]:
    """Every 997th byte of what a canvas shows."""
    return page.locator(f"{FILM} {canvas}").evaluate(
        "canvas => { const {width, height} = canvas;"
        " const all = canvas.getContext('2d').getImageData(0, 0, width, height).data;"
        " return Array.from(all.filter((_, at) => at % 997 === 0)); }"
    )


def type_prompt(page: Page, words: str) -> None:
    box = page.get_by_label("Your words")
    box.fill(words)
    box.press("Enter")


def beyond_window(page: Page) -> int:
    """How many pixels the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_typed_words_become_a_picture(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=4&prompt=two+dogs")
    wait_for_film(page, Request(prompt="two dogs", steps=4))
    before = colours(page, ".guess canvas")
    type_prompt(page, "a red apple")
    wait_for_film(page, Request(prompt="a red apple", steps=4))
    expect(page.locator(f"{FILM} .where b")).to_have_text("After 4 of 4 steps")
    expect(page.locator(f"{FILM} .where span")).to_have_text("finished")
    after = colours(page, ".guess canvas")
    assert len(set(after)) > 20
    assert after != before
    assert re.search(r"/generation\?steps=4$", page.url)  # a red apple is where everybody starts


def test_scrubbing_costs_the_server_nothing(page: Page, server: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/generation?steps=4")
    wait_for_film(page, Request(prompt="a red apple", steps=4))
    page.wait_for_timeout(500)
    sent.clear()
    slider = page.get_by_role("slider", name="Place in the run")
    expect(slider).to_have_attribute("aria-valuetext", "After 4 of 4 steps, finished")
    seen = [colours(page, ".given canvas")]
    slider.focus()
    for _ in range(2):
        page.keyboard.press("ArrowLeft")
        seen.append(colours(page, ".given canvas"))
    expect(slider).to_have_attribute(
        "aria-valuetext", re.compile(r"^After 2 of 4 steps, timestep \d+")
    )
    page.keyboard.press("Home")
    seen.append(colours(page, ".given canvas"))
    expect(page.locator(f"{FILM} .where b")).to_have_text("Start")
    expect(page.locator(f"{FILM} .where span")).to_have_text(
        re.compile(r"^only noise · the network is told t = \d+$")
    )
    box = page.locator(f"{FILM} .strip").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 10)
    expect(page.locator(f"{FILM} .where b")).to_have_text("After 1 of 4 steps")
    seen.append(colours(page, ".given canvas"))
    assert len({tuple(picture) for picture in seen}) == len(seen)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").wait_for()
    page.wait_for_timeout(500)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_keys_and_the_curve_lead_through_the_steps(page: Page, server: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/generation?steps=4")
    wait_for_film(page, Request(prompt="a red apple", steps=4))
    where = page.locator(f"{FILM} .where b")
    expect(where).to_have_text("After 4 of 4 steps")
    expect(page.locator(f"{FILM} .given .title")).to_have_text("The latents at the end")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    sent.clear()
    page.locator(f"{FILM} .noise canvas").click()  # a click into the film takes the keys there
    page.keyboard.press("ArrowLeft")
    expect(where).to_have_text("After 3 of 4 steps")
    expect(page.locator(f"{FILM} .given .title")).to_have_text("What the network is given")
    pictures = colours(page, ".noise canvas"), colours(page, ".change canvas")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Pause").wait_for()
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("ArrowLeft")  # stops the film and goes one back
    page.get_by_role("button", name="Play").wait_for()
    curve = page.locator(f"{FILM} .curve").bounding_box()
    assert curve is not None
    page.mouse.click(curve["x"] + curve["width"] * 0.3, curve["y"] + curve["height"] / 2)
    expect(where).to_have_text("After 1 of 4 steps")
    change = page.locator(f"{FILM} .values b").all_text_contents()
    assert all(float(value) > 0 for value in change)
    for kind, before in zip((".noise", ".change"), pictures, strict=True):
        assert colours(page, f"{kind} canvas") != before
    page.get_by_role("radio", name="SNR").check()
    expect(page.locator(f"{FILM} .values .title")).to_have_text("signal to noise, dB")
    before = colours(page, ".guess canvas")
    page.get_by_role("radio", name="Latents").check()
    expect(page.locator(f"{FILM} .how")).to_contain_text("channels of the latents: blue below 0")
    assert colours(page, ".guess canvas") != before
    page.wait_for_timeout(500)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_one_step_is_guided_anew_in_the_browser(page: Page, server: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.goto(f"{server}/generation?steps=4&look=Guidance")
    wait_for_film(page, Request(prompt="a red apple", steps=4))
    look = page.locator("section.guidance")
    look.locator(".guess canvas").wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.wait_for_timeout(500)
    sent.clear()
    weight = page.get_by_role("slider", name="Weight w of this call")
    expect(look.get_by_role("button", name="As in the run")).to_be_disabled()
    spreads = []
    for w in ("0", "5", "12"):
        weight.fill(w)
        expect(look.locator(".filled")).to_contain_text(f" + {w} × (")
        guided, uncond, used, cond = map(float, str(look.get_attribute("data-filled")).split())
        assert guided == pytest.approx(uncond + used * (cond - uncond))
        spreads.append(float(str(look.get_attribute("data-spread"))))
    assert spreads[0] < spreads[2]
    weight.fill("5")  # the run's own: the trace's estimate at this call
    run = run_of(run_alone(load_checkpoint("emoji128"), Request(prompt="a red apple", steps=4)))
    assert spreads[1] == pytest.approx(float(run.x0[1].std()), rel=0.01)
    before = look.locator(".filled").text_content()
    page.get_by_role("slider", name="Guidance rescale phi").fill("0.7")
    expect(look.locator(".filled")).to_contain_text("then ×")
    look.get_by_role("button", name="As in the run").click()
    expect(look.locator(".filled")).to_have_text(str(before))
    box = look.locator(".along svg").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 2, box["y"] + 20)
    expect(look.locator(".at output")).to_contain_text("After 3 of 4 steps")
    page.wait_for_timeout(500)
    assert all('"event":"places"' in str(frame) for frame in sent)  # no page was run


def test_strip_over_the_weight_can_be_stopped(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=150&look=Guidance")  # long enough to be stopped
    wait_for_film(page, Request(prompt="a red apple", steps=150))
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.get_by_role("button", name="Draw six pictures").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_role("button", name="Draw six pictures")).to_be_enabled()
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_film_plays_once_by_itself_unless_motion_is_unwanted(
    new_page: NewPage, server: str, wish: str
) -> None:
    page = new_page(reduced_motion=wish)
    page.add_init_script(WATCH_FOR_PAUSE)
    page.goto(f"{server}/generation?steps=4")
    wait_for_film(page, Request(prompt="a red apple", steps=4))
    assert page.evaluate("window.played") == (wish == "no-preference")


def test_deep_link_to_a_cold_server_opens_the_page_within_the_app(
    page: Page, cold_server: str
) -> None:
    page.goto(f"{cold_server}/generation?prompt=two+dogs&steps=2&seed=3")
    wait_for_film(page, Request(prompt="two dogs", steps=2, seed=3))
    assert page.get_by_text("Page not found").count() == 0
    menu = page.get_by_test_id("stSidebarNav")
    expect(menu.get_by_text("Walkthrough")).to_be_visible()
    expect(page.get_by_label("Your words")).to_have_value("two dogs")
    assert "prompt=two+dogs" in page.url
    menu.get_by_role("link", name="Start").click()
    page.locator("section.pipeline").wait_for()
    expect(page.get_by_label("Your words")).to_have_value("two dogs")


def test_html_and_markdown_in_the_prompt_stay_text(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=2")
    wait_for_film(page, Request(prompt="a red apple", steps=2))
    type_prompt(page, HTML)
    wait_for_film(page, Request(prompt=HTML, steps=2))
    expect(page.get_by_test_id("stSidebar").get_by_text(HTML, exact=True)).to_be_visible()
    page.get_by_role("link", name="Start").click()
    expect(page.locator("section.pipeline .words")).to_have_text(HTML)
    page.locator("section.pipeline .chip").first.wait_for()
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src='x'], img[src*='example.org']").count() == 0


def test_no_words_run_and_are_called_unconditional(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=2&prompt=")
    wait_for_film(page, Request(prompt="", steps=2))
    expect(page.get_by_text("This is called unconditional.")).to_be_visible()
    expect(page.get_by_label("Your words")).to_have_value("")


def test_awkward_words_are_drawn_like_any_others(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=2&prompt=nul+%00+byte")
    wait_for_film(page, Request(prompt="nul   byte", steps=2))  # as a box can show it
    for words in ("👩‍👩‍👧‍👦 🍎" * 30, "a\u202eb ‏تفاحة"):
        type_prompt(page, words)
        wait_for_film(page, Request(prompt=words, steps=2))
        expect(page.get_by_label("Your words")).to_have_value(words)
        assert beyond_window(page) <= 0


def test_link_that_asks_too_much_is_refused_in_plain_sentences(page: Page, server: str) -> None:
    page.goto(
        f"{server}/generation?steps=2&seed=-1&guidance=nan&scheduler=__class__&prompt=two+dogs"
    )
    wait_for_film(page, Request(prompt="two dogs", steps=2))
    refused = page.get_by_text("Until then it is")
    expect(refused).to_have_count(3)
    for sentence in refused.all_text_contents():
        assert re.fullmatch(r"[A-Z][^<>]* Until then it is [\w.]+\.", sentence), sentence
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_text("Traceback").count() == 0
    said = re.compile(r"/generation\?(?=.*prompt=two\+dogs)(?=.*steps=2)[^&]*&[^&]*$")
    expect(page).to_have_url(said)


def test_ten_thousand_characters_are_read_as_far_as_they_fit(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=2")
    wait_for_film(page, Request(prompt="a red apple", steps=2))
    words = ("apple " * 1667)[:10_000]
    type_prompt(page, words)
    wait_for_film(page, Request(prompt=words, steps=2))
    expect(page.get_by_text("The model reads 75 tokens")).to_be_visible()
    assert beyond_window(page) <= 0


def test_settings_survive_a_reload_and_the_way_back(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=2")
    wait_for_film(page, Request(prompt="a red apple", steps=2))
    type_prompt(page, "two dogs")
    wait_for_film(page, Request(prompt="two dogs", steps=2))
    page.reload()
    wait_for_film(page, Request(prompt="two dogs", steps=2))
    type_prompt(page, "a blue car")
    wait_for_film(page, Request(prompt="a blue car", steps=2))
    page.go_back()
    wait_for_film(page, Request(prompt="two dogs", steps=2))
    expect(page.get_by_label("Your words")).to_have_value("two dogs")


def test_stop_ends_the_run_and_go_on_takes_it_up(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=150&seed=9")
    page.get_by_text(re.compile(r"Call [1-9]\d+ of 150")).wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text(re.compile(r"Stopped.* after \d+ of 150 calls")).wait_for()
    slider = page.locator(f"{FILM} input[type=range]")  # what was drawn stays, as a film
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^After \d+ of 150 steps, time"))
    assert int(slider.get_attribute("max") or 0) >= 8
    page.get_by_role("button", name="Go on").click()
    page.get_by_text(re.compile(r"Call \d+ of 150")).wait_for()
    type_prompt(page, "two dogs")
    page.get_by_role("button", name="Stop").wait_for()  # another run is another matter


def test_saved_picture_brings_its_settings_back(page: Page, server: str, tmp_path: Path) -> None:
    wanted = Request(prompt="two dogs", steps=2, seed=5, scheduler="euler")
    page.goto(f"{server}/generation?prompt=two+dogs&steps=2&seed=5&scheduler=euler")
    wait_for_film(page, wanted)
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG with settings").click()
    file = tmp_path / "saved.png"
    download.value.save_as(file)
    assert open_picture(file.read_bytes()).request == wanted
    type_prompt(page, "a cat")
    wait_for_film(page, replace(wanted, prompt="a cat"))  # what was typed is done with
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.get_by_role("button", name="Open a saved run").click()
    page.locator("input[type=file]").set_input_files(file)
    wait_for_film(page, wanted)
    expect(page.get_by_label("Your words")).to_have_value("two dogs")


def test_report_opens_alone_and_asks_for_nothing(
    page: Page, new_page: NewPage, server: str, tmp_path: Path
) -> None:
    words = "<script>window.hacked=1</script><img src=http://example.com/x>"
    page.goto(f"{server}/generation?steps=2&prompt={quote(words)}")
    wait_for_film(page, Request(prompt=words, steps=2))
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Report (HTML, one file)").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    reader = new_page()
    asked: list[str] = []
    reader.on("request", lambda request: asked.append(request.url))
    reader.goto(file.as_uri())
    expect(reader.locator(".prompt")).to_have_text(words)
    expect(reader.locator("h1")).to_be_visible()
    assert reader.locator("svg").count() == 4
    broken = "[...document.images].filter((image) => !image.naturalWidth).length"
    assert reader.evaluate(broken) == 0
    assert reader.evaluate("document.images.length") == 1 + 2 * 3
    assert reader.evaluate("window.hacked") is None
    ends = """Math.max(...[...document.querySelectorAll("main :not(svg *)")].map(
        (at) => at.scrollWidth + at.getBoundingClientRect().left))"""
    for medium, width in (("screen", 360), ("screen", 960), ("print", 718)):  # A4 with its margins
        reader.emulate_media(media=medium)
        reader.set_viewport_size({"width": width, "height": 740})
        assert beyond_window(reader) <= 0
        assert reader.evaluate(ends) < width + 1
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}


def test_recipe_brings_run_and_look_back(page: Page, server: str, tmp_path: Path) -> None:
    wanted = Request(prompt="two dogs", steps=2, seed=5)
    page.goto(f"{server}/generation?prompt=two+dogs&steps=2&seed=5&look=Every+step+in+numbers")
    wait_for_film(page, wanted)
    page.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Recipe (JSON)").click()
    file = tmp_path / "saved.json"
    download.value.save_as(file)
    assert read_recipe(file.read_bytes()).request == wanted
    page.goto(f"{server}/generation?steps=2&look=Every+step+in+numbers")
    wait_for_film(page, Request(prompt="a red apple", steps=2))
    page.get_by_role("button", name="Open a saved run").click()
    page.locator("input[type=file]").first.set_input_files(file)
    wait_for_film(page, wanted)
    assert "look=Every+step+in+numbers" in page.url
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_a_mask_is_painted_by_hand_and_by_keys_and_back_undoes_it(page: Page, server: str) -> None:
    page.goto(f"{server}/generation?steps=2&look=Inpainting")
    root = page.locator("section.inpaint")
    first = ("0" * 8 + "1" * 8) * 16
    expect(root).to_have_attribute("data-drawn", re.compile(f" {write_signs(first)}$"))
    plate = root.locator(".paint .plate")
    plate.focus()  # the keys begin in the middle: row 9, column 9
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(root.locator(".told")).to_have_text("row 9, column 8: new")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowLeft")
    signs = [*first]
    for column in (5, 6, 7):
        signs[8 * 16 + column] = "1"
    keyed = write_signs("".join(signs))
    expect(root).to_have_attribute("data-drawn", re.compile(f" {keyed}$"))
    expect(page).to_have_url(re.compile(f"mask={keyed}"))
    box = plate.bounding_box()
    assert box is not None
    cell = box["width"] / 16
    page.mouse.move(box["x"] + 1.5 * cell, box["y"] + 0.5 * cell)
    page.mouse.down()
    page.mouse.move(box["x"] + 1.5 * cell, box["y"] + 3.5 * cell)
    expect(root).to_have_class(re.compile("waiting"))
    page.mouse.up()
    for row in range(4):
        signs[row * 16 + 1] = "1"
    painted = write_signs("".join(signs))
    expect(root).to_have_attribute("data-drawn", re.compile(f" {painted}$"))
    expect(root).not_to_have_class(re.compile("waiting"))
    page.go_back()
    expect(root).to_have_attribute("data-drawn", re.compile(f" {keyed}$"))
    expect(root).not_to_have_class(re.compile("waiting"))
